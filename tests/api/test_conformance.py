"""Requests made from the description, good and bad, against the real process: no 5xx, and every answer as described."""

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings, strategies
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.core.result import Ok

from tests.api.directory_world import World

EXAMPLES = 12  # for each operation
NUMBERS = itertools.count()
MAIL = {"from": "a@sender.test", "to": "joe@there.test", "subject": "Hello", "text": "Hello.\n"}
load_all_checks()
# What schemathesis would also have: requests that break the schema are refused. Ours ignores what it does not know.
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "unsupported_method",
    ]
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("gateway")) as world:
        domain = world.call("POST", "/domains", {"name": "receiving.test", "capabilities": {"receiving": "enabled"}})
        assert domain.status_code in (200, 201), domain.text
        yield world
        assert world.client.get("/healthz").json() == {"status": "ok"}
        assert "Traceback" not in world.gateway.log()
        assert " fault " not in world.gateway.log()


def good_bodies() -> dict[str, Any]:
    """By chapter, what makes one more thing of it."""
    number = next(NUMBERS)
    return {
        "emails": {**MAIL, "attachments": [{"filename": "a.txt", "content": "aGVsbG8="}], "scheduled_at": "in 1 hour"},
        "emails/batch": [MAIL, MAIL],
        "domains": {"name": f"d{number}.test"},
        "api-keys": {"name": f"k{number}"},
        "templates": {"name": f"t{number}", "html": "<p>Hello {{NAME|you}}</p>", "status": "published"},
        "suppressions": {"email": f"s{number}@there.test"},
        "receiving/rules": {"address": f"r{number}@receiving.test"},
        "webhooks": {"endpoint": f"https://hooks{number}.test/", "events": ["email.delivered"]},
    }


def make(world: World, path: str) -> dict[str, str]:
    """What fills a path's parameters: the ids of things made for it."""
    chapter = path.split("/")[1]
    bodies = good_bodies()
    if chapter == "events":
        return {"id": world.call("GET", "/events?limit=1").json()["data"][0]["id"]}
    if path.startswith("/receiving/rules/"):
        chapter = "receiving/rules"
    if chapter not in bodies or path.startswith("/emails/receiving/"):
        return {}  # tokens and received mail are not made by a request
    id = world.call("POST", f"/{chapter}", bodies[chapter]).json()["id"]
    made = {"id": id, "name": id}
    if "{attachment}" in path:
        made["attachment"] = world.call("GET", f"/emails/{id}/attachments").json()["data"][0]["id"]
    wanted = re.findall(r"\{(\w+)\}", path)
    return {name: made[name] for name in wanted} if made.keys() >= set(wanted) else {}


def exercise(operation: Any, key: str, known: dict[str, str]) -> Counter[int]:
    """The statuses of its answers. Raises AssertionError or a group of whatever an answer to it is not."""
    statuses: Counter[int] = Counter()

    @given(case=operation.as_strategy(), real=strategies.integers(0, 3))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def test(case: Any, real: int) -> None:
        if known and real:
            case.path_parameters = known
        # Chance alone makes no address at a domain of ours.
        if real and operation.method.upper() == "POST" and (good := good_bodies().get(operation.path[1:])):
            case.body = good
        answer = case.call_and_validate(headers={"authorization": f"Bearer {key}"}, checks=CHECKED)
        statuses[answer.status_code] += 1

    test()
    return statuses


@pytest.mark.parametrize("dialect", ["resend", "sendkit"])
def test_answers_are_as_described(world: World, dialect: str) -> None:
    key = world.resend_key if dialect == "resend" else world.gateway.key
    schema = schemathesis.openapi.from_url(f"{world.gateway.url}/openapi.json")
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 40
    failures = []
    never: list[str] = []
    for operation in operations:
        if operation.path == "/events/stream":  # its answer has no end
            continue
        known = make(world, operation.path) if "{" in operation.path else {}
        try:
            statuses = exercise(operation, key, known)
        except (AssertionError, BaseExceptionGroup) as error:
            failures.append(f"{operation.label}: {error} {getattr(error, 'exceptions', '')}")
        else:
            never += [operation.label] if min(statuses) >= 400 else []
    assert not failures, "\n\n".join(failures)
    # Those need more than that: a link's signature, mail that came in.
    assert len(never) < len(operations) / 3, never
