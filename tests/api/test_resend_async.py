"""The unmodified PyPI package `resend`, its asynchronous half: every method that it has for what is here."""

import asyncio
import inspect
from typing import Any

import pytest

from tests.api.directory_world import World, resend, world  # noqa: F401  (fixtures)

MAIL = {"from": "a@sender.test", "to": "joe@there.test", "subject": "Hello", "text": "Hello.\n"}
NOBODY = "0191c2b0-0000-7000-8000-000000000000"


class Caller:
    """Calls `name` of a class of the SDK and notes it."""

    def __init__(self, sdk: Any) -> None:
        self._sdk = sdk
        self._called: set[str] = set()

    def _place(self, path: str) -> Any:
        place = self._sdk
        for name in path.split("."):
            place = getattr(place, name)
        return place

    async def call(self, path: str, *args: Any) -> Any:
        self._called.add(path)
        return await self._place(f"{path}_async")(*args)

    async def refusal(self, path: str, *args: Any) -> Any:
        with pytest.raises(self._sdk.exceptions.ResendError) as caught:
            await self.call(path, *args)
        return caught.value

    def left_out(self, *resources: str) -> set[str]:
        names = {
            f"{resource}.{name.removesuffix('_async')}"
            for resource in resources
            for name, method in inspect.getmembers(self._place(resource))
            if name.endswith("_async")
        }
        assert names
        return names - self._called


async def use_emails(sdk: Caller) -> None:
    sent = await sdk.call("Emails.send", {**MAIL, "attachments": [{"filename": "a", "content": list(b"hello")}]})
    assert (await sdk.call("Emails.get", sent["id"]))["id"] == sent["id"]
    [attachment] = (await sdk.call("Emails.Attachments.list", sent["id"]))["data"]
    assert attachment["size"] == 5
    one = await sdk.call("Emails.Attachments.get", sent["id"], attachment["id"])
    assert one["id"] == attachment["id"]
    later = (await sdk.call("Emails.send", {**MAIL, "scheduled_at": "in 1 hour"}))["id"]
    assert (await sdk.call("Emails.list"))["data"][0]["id"] == later
    assert (await sdk.call("Emails.update", {"id": later, "scheduled_at": "in 2 hours"}))["id"] == later
    assert (await sdk.call("Emails.cancel", later))["id"] == later
    assert (await sdk.call("Emails.share", later, {"expires_in": "1h 30m"}))["url"].startswith("http")
    assert (await sdk.call("Emails.metrics"))["totals"]["sent"] >= 2
    assert len((await sdk.call("Batch.send", [MAIL, MAIL], {"idempotency_key": "async"}))["data"]) == 2
    assert (await sdk.refusal("Emails.get", NOBODY)).code == 404
    assert (await sdk.refusal("Emails.send", {**MAIL, "to": "nobody"})).error_type == "validation_error"
    assert (await sdk.refusal("Batch.send", [MAIL, {**MAIL, "to": "nobody"}])).code == 422


async def use_domains_and_keys(sdk: Caller) -> None:
    domain = await sdk.call("Domains.create", {"name": "async.test"})
    assert (await sdk.call("Domains.get", domain["id"]))["records"]
    assert domain["id"] in [one["id"] for one in (await sdk.call("Domains.list"))["data"]]
    await sdk.call("Domains.update", {"id": domain["id"], "click_tracking": True})
    await sdk.call("Domains.verify", domain["id"])
    await sdk.call("Domains.remove", domain["id"])
    assert (await sdk.refusal("Domains.get", domain["id"])).code == 404
    key = await sdk.call("ApiKeys.create", {"name": "async"})
    assert key["id"] in [one["id"] for one in (await sdk.call("ApiKeys.list"))["data"]]
    await sdk.call("ApiKeys.update", {"id": key["id"], "name": "renamed"})
    await sdk.call("ApiKeys.remove", key["id"])
    assert (await sdk.refusal("ApiKeys.remove", key["id"])).code == 404


async def use_templates_and_suppressions(sdk: Caller) -> None:
    template = await sdk.call("Templates.create", {"name": "async", "html": "<p>{{NAME}}</p>"})
    await sdk.call("Templates.update", {"id": template["id"], "subject": "Hello"})
    await sdk.call("Templates.publish", template["id"])
    copy = await sdk.call("Templates.duplicate", template["id"])
    assert (await sdk.call("Templates.get", copy["id"]))["subject"] == "Hello"
    assert copy["id"] in [one["id"] for one in (await sdk.call("Templates.list"))["data"]]
    await sdk.call("Templates.remove", copy["id"])
    assert (await sdk.refusal("Templates.get", copy["id"])).code == 404
    entry = await sdk.call("Suppressions.add", {"email": "async@there.test"})
    assert (await sdk.call("Suppressions.get", "async@there.test"))["id"] == entry["id"]
    assert entry["id"] in [one["id"] for one in (await sdk.call("Suppressions.list"))["data"]]
    await sdk.call("Suppressions.remove", entry["id"])
    emails = {"emails": ["a1@there.test", "a2@there.test"]}
    assert len((await sdk.call("Suppressions.Batch.add", emails))["data"]) == 2
    assert len((await sdk.call("Suppressions.Batch.remove", emails))["data"]) == 2
    assert (await sdk.refusal("Suppressions.get", entry["id"])).code == 404


async def use_webhooks(sdk: Caller, event: str) -> None:
    made = await sdk.call("Webhooks.create", {"endpoint": "https://hooks.there.test/", "events": ["email.sent"]})
    assert (await sdk.call("Webhooks.get", made["id"]))["signing_secret"] == made["signing_secret"]
    assert made["id"] in [one["id"] for one in (await sdk.call("Webhooks.list"))["data"]]
    await sdk.call("Webhooks.update", {"webhook_id": made["id"], "events": ["*"]})
    rotated = await sdk.call("Webhooks.rotate_signing_secret", made["id"])
    assert rotated["signing_secret"] != made["signing_secret"]
    assert (await sdk.call("Webhooks.replay_event", made["id"], event))["id"] == event
    assert event in [one["id"] for one in (await sdk.call("Webhooks.list_events", made["id"]))["data"]]
    assert (await sdk.call("Webhooks.get_event", made["id"], event))["payload"]["type"] == "domain.created"
    assert (await sdk.call("Webhooks.list_event_attempts", made["id"], event))["object"] == "list"
    await sdk.call("Webhooks.remove", made["id"])
    assert (await sdk.refusal("Webhooks.get", made["id"])).code == 404
    assert (await sdk.refusal("Webhooks.create", {"endpoint": "ftp://x.test", "events": ["*"]})).code == 422


def test_every_asynchronous_method(resend: Any, world: World) -> None:  # noqa: F811
    sdk = Caller(resend)
    event = world.call("GET", "/events?type=domain.created").json()["data"][0]["id"]

    async def use() -> None:
        await use_emails(sdk)
        await use_domains_and_keys(sdk)
        await use_templates_and_suppressions(sdk)
        await use_webhooks(sdk, event)

    asyncio.run(use())
    resources = ("Emails", "Emails.Attachments", "Batch", "Domains", "ApiKeys", "Templates", "Suppressions", "Webhooks")
    assert sdk.left_out(*resources, "Suppressions.Batch") == set()


def test_share(resend: Any, world: World) -> None:  # noqa: F811
    id = resend.Emails.send(MAIL)["id"]
    shared = resend.Emails.share(id, {"expires_in": "10m"})
    assert shared["id"] == id
    assert "Hello" in world.client.get(shared["url"]).text
