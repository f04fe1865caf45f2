"""Domains against a real DNS server whose records change: the SDK, verification, rotation, removal."""

from pathlib import Path
from typing import Any

import pytest

from tests.api.directory_world import World, resend, world  # noqa: F401  (fixtures)
from tests.harness.dns import Fault
from tests.harness.gateway import publish
from tests.harness.waiting import eventually

MAIL = {"to": "joe@there.test", "subject": "Hello", "text": "Hello.\n"}


def publish_all(world: World, domain: dict[str, Any], but: str = "") -> None:  # noqa: F811
    for record in domain["dns_records"]:
        if record["type"] == "CNAME":
            world.dns.add(record["name"], "CNAME", f"{record['value']}.")
        elif but != record["record_type"]:
            publish(world.dns, record)


def record_of(domain: dict[str, Any], purpose: str, type: str = "TXT") -> dict[str, Any]:
    found: dict[str, Any] = next(r for r in domain["dns_records"] if (r["record_type"], r["type"]) == (purpose, type))
    return found


def added(world: World, name: str, **fields: Any) -> dict[str, Any]:  # noqa: F811
    answer = world.call("POST", "/domains", {"name": name, **fields})
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def verified(world: World, domain: dict[str, Any]) -> dict[str, Any]:  # noqa: F811
    answer = world.call("POST", f"/domains/{domain['id']}/verify")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


def test_every_method_of_the_sdk(world: World, resend: Any) -> None:  # noqa: F811
    made = resend.Domains.create({"name": "Sdk.Test", "custom_return_path": "outbound", "open_tracking": True})
    assert (made["name"], made["status"]) == ("sdk.test", "not_started")
    assert {record["record"] for record in made["records"]} == {"DKIM", "SPF", "Tracking"}
    assert "DMARC" in {record["record_type"] for record in made["dns_records"]}
    assert {r["name"] for r in made["records"] if r["record"] == "SPF"} == {"outbound"}
    assert resend.Domains.get(made["id"])["records"] == made["records"]
    assert made["id"] in [domain["id"] for domain in resend.Domains.list({"limit": 100})["data"]]
    updated = resend.Domains.update({"id": made["id"], "click_tracking": True, "tls": "enforced"})
    assert (updated["id"], updated["object"]) == (made["id"], "domain")
    assert resend.Domains.get(made["id"])["tls"] == "enforced"
    assert resend.Domains.verify(made["id"])["id"] == made["id"]
    assert resend.Domains.get(made["id"])["status"] == "pending"
    assert resend.Domains.remove(made["id"])["deleted"] is True
    with pytest.raises(resend.exceptions.ResendError, match="not found"):
        resend.Domains.get(made["id"])


def test_it_sends_only_once_dns_shows_its_records(world: World) -> None:  # noqa: F811
    domain = added(world, "new.test")
    mail = {**MAIL, "from": "a@new.test"}
    assert world.call("POST", "/emails", mail).status_code == 422
    assert verified(world, domain)["status"] == "pending"
    publish_all(world, domain)
    shown = verified(world, domain)
    assert shown["status"] == "verified"
    assert {record["status"] for record in shown["records"]} == {"verified"}
    id = world.call("POST", "/emails", mail).json()["id"]
    world.gateway.wait_for_state(id, "delivered")
    data = world.sink.messages[-1].data
    assert data.count(b"DKIM-Signature:") == 2


WRONG = {
    "other DKIM key": ("DKIM", "TXT", ['"v=DKIM1; k=rsa; p=AAAA"'], "failed", "there is 'v=DKIM1; k=rsa; p=AAAA'"),
    "revoked key": ("DKIM", "TXT", ['"v=DKIM1; p="'], "failed", "revoked"),
    "two SPF records": ("SPF", "TXT", ['"v=spf1 a:gw.test -all"', '"v=spf1 -all"'], "failed", "2 SPF records"),
    "not in SPF": ("SPF", "TXT", ['"v=spf1 ip4:192.0.2.1 -all"'], "failed", "add a:gw.test"),
    "too many lookups": (
        "SPF", "TXT", ['"v=spf1 ' + " ".join(f"a:h{n}.test" for n in range(11)) + ' -all"'], "failed", "more than 10",
    ),
    "other SPF that names us": ("SPF", "TXT", ['"v=spf1 include:inc.test a:gw.test ~all"'], "verified", None),
    "a stranger beside SPF": ("SPF", "TXT", ['"site-verification=x"', '"V=SPF1 A:GW.test -all"'], "verified", None),
    "endless includes": ("SPF", "TXT", ['"v=spf1 include:loop.test -all"'], "failed", "more than 10"),
}  # fmt: skip


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said(world: World, what: str) -> None:  # noqa: F811
    purpose, type, values, status, words = WRONG[what]
    world.dns.add("loop.test", "TXT", '"v=spf1 include:loop.test -all"')
    world.dns.add("inc.test", "TXT", '"v=spf1 ip4:192.0.2.0/24 -all"')
    name = what.lower().replace(" ", "-") + ".test"
    domain = added(world, name)
    publish_all(world, domain)
    world.dns.add(record_of(domain, purpose)["name"], type, *values)
    record = record_of(verified(world, domain), purpose)
    assert record["status"] == status, record
    if words is None:
        assert record["message"] is None
    else:
        assert words in record["message"]
    world.call("DELETE", f"/domains/{domain['id']}")


def test_cname_mx_and_trouble(world: World) -> None:  # noqa: F811
    domain = added(world, "more.test")
    host = record_of(domain, "SPF", "MX")["name"]
    world.dns.add(host, "CNAME", "elsewhere.test.")
    assert "CNAME" in record_of(verified(world, domain), "SPF", "MX")["message"]
    world.dns.remove(host)
    world.dns.mx(host, (5, "other.test"), (10, "gw.test"))
    assert "other.test comes before ours" in record_of(verified(world, domain), "SPF", "MX")["message"]
    publish_all(world, domain)
    assert verified(world, domain)["status"] == "verified"
    world.dns.fault(host, Fault.SERVFAIL)
    shown = verified(world, domain)
    assert shown["status"] == "verified"
    assert record_of(shown, "SPF", "MX")["status"] == "temporary_failure"
    world.dns.fault(host, None)
    world.dns.remove(host)
    assert verified(world, domain)["status"] == "verified"  # once may be a slip
    assert verified(world, domain)["status"] == "partially_failed"
    assert world.call("POST", "/emails", {**MAIL, "from": "a@more.test"}).status_code in (200, 202)
    assert "more.test: its DNS records are broken" in world.gateway.log()
    publish_all(world, domain)
    assert verified(world, domain)["status"] == "verified"


def test_rotation(world: World) -> None:  # noqa: F811
    domain = added(world, "turn.test")
    publish_all(world, domain)
    verified(world, domain)
    old = {r["name"] for r in domain["dns_records"] if r["record_type"] == "DKIM"}
    rotated = world.call("POST", f"/domains/{domain['id']}/rotate").json()
    keys = {r["name"]: r for r in rotated["dns_records"] if r["record_type"] == "DKIM"}
    assert len(keys) == 4
    assert world.call("POST", f"/domains/{domain['id']}/rotate").status_code == 422
    mail = {**MAIL, "from": "a@turn.test"}
    world.gateway.wait_for_state(world.call("POST", "/emails", mail).json()["id"], "delivered")
    assert b"s=rsa" in world.sink.messages[-1].data
    assert b"-2;" not in world.sink.messages[-1].data
    publish_all(world, rotated)
    assert verified(world, domain)["status"] == "verified"
    world.gateway.wait_for_state(world.call("POST", "/emails", mail).json()["id"], "delivered")
    assert world.sink.messages[-1].data.count(b"-2;") == 2
    shown = world.call("GET", f"/domains/{domain['id']}").json()
    assert {r["name"] for r in shown["dns_records"] if r["message"] and "Signs no more" in r["message"]} == old


def test_a_domain_with_queued_mail_stays(world: World) -> None:  # noqa: F811
    world.gateway.add_domain("busy.test", world.dns)
    world.dns.fault("nowhere.test", Fault.SERVFAIL)
    id = world.call("POST", "/emails", {**MAIL, "from": "a@busy.test", "to": "x@nowhere.test"}).json()["id"]
    refused = world.call("DELETE", "/domains/busy.test")
    assert refused.status_code == 422
    assert "still queued" in refused.json()["message"]
    world.gateway.run("queue", "cancel", id)
    assert world.call("DELETE", "/domains/busy.test").json()["deleted"] is True


def test_the_background_verifies(tmp_path: Path) -> None:
    with World(tmp_path, domains={"check_every": "200ms", "retire_after": "300ms"}) as world:  # noqa: F811
        domain = added(world, "later.test")
        publish_all(world, domain)
        eventually(lambda: world.call("GET", "/domains/later.test").json()["status"] == "verified")
        rotated = world.call("POST", f"/domains/{domain['id']}/rotate").json()
        publish_all(world, rotated)
        eventually(lambda: len(world.call("GET", "/domains/later.test").json()["dns_records"]) == 6)


@pytest.mark.parametrize("body", [{}, {"name": "x"}, {"name": "a b.test"}, {"name": 1}, {"name": "a.test", "tls": "x"}])
def test_bad_domains_are_refused(world: World, body: Any) -> None:  # noqa: F811
    assert world.call("POST", "/domains", body).status_code == 422
    assert world.call("POST", "/domains", {"name": "sender.test"}).status_code == 422


def test_the_commands(world: World) -> None:  # noqa: F811
    gateway = world.gateway
    assert gateway.ask("domain", "add", "cli.test", "--unverified")["status"] == "pending"
    assert "publish it" in gateway.run("domain", "verify", "cli.test").stdout
    gateway.run("domain", "delete", "cli.test")
    made = gateway.ask("key", "create", "narrow", "--permission", "sending", "--domain", "sender.test")
    assert (made["permission"], made["domains"]) == ("sending", ["sender.test"])
    assert gateway.ask("key", "rotate", made["id"])["key"] != made["key"]
    gateway.run("suppression", "add", "X@cli.test", "y@cli.test")
    assert "x@cli.test,manual" in gateway.run("suppression", "export").stdout
    assert gateway.ask("suppression", "remove", "x@cli.test", "z@cli.test")["skipped"] == ["z@cli.test is not listed"]
    assert [e["address"] for e in gateway.ask("suppression", "list")["suppressions"]] == ["y@cli.test"]
