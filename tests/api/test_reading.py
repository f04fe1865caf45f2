"""Lists, messages and attachments, as Resend's own client and plain HTTP requests in both families' manners ask."""

import base64
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import resend

from tests.api.conftest import Api
from tests.harness.waiting import eventually

PICTURE = b"\x89PNG\r\n\0 picture"


@pytest.fixture
def sdk(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resend, "api_url", api.gateway.url)
    monkeypatch.setattr(resend, "api_key", api.resend)


def listed(api: Api, key: str | None = None, **query: Any) -> Any:
    response = api.get(f"/emails?{urlencode(query)}", key)
    assert response.status_code == 200, response.text
    return response.json()


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer["data"]]


def test_resends_own_client_lists_and_gets(api: Api, sdk: None) -> None:
    first, _ = api.send(subject="one")
    second, to = api.send(subject="two")
    api.delivered(to)
    eventually(lambda: resend.Emails.get(second)["last_event"] == "delivered", "it is delivered")
    answer = resend.Emails.list({"limit": 2})
    assert [item["id"] for item in answer["data"]] == [second, first]
    assert answer["has_more"] in (True, False)
    line = answer["data"][0]
    assert line["to"] == [to]
    assert line["from"] == "Ann <a@sender.test>"
    assert line["subject"] == "two"
    assert line["last_event"] == "delivered"
    assert [item["id"] for item in resend.Emails.list({"limit": 1, "after": second})["data"]] == [first]
    assert [item["id"] for item in resend.Emails.list({"limit": 1, "before": first})["data"]] == [second]


def test_resends_own_client_reads_attachments(api: Api, sdk: None) -> None:
    picture = {"filename": "p.png", "content": base64.b64encode(PICTURE).decode(), "content_id": "pic"}
    file = {"filename": "a.html", "content": base64.b64encode(b"<b>x").decode(), "content_type": "text/html"}
    id, _ = api.send(html="<img src=cid:pic>", attachments=[picture, file])
    answer = resend.Emails.Attachments.list(id)
    inline, plain = answer["data"]
    assert (inline["filename"], inline["content_disposition"], inline["content_id"]) == ("p.png", "inline", "pic")
    assert (plain["content_type"], plain["content_disposition"], plain["size"]) == ("text/html", "attachment", 4)
    found = resend.Emails.Attachments.get(id, inline["id"])
    assert found["id"] == inline["id"]
    download = httpx.get(found["download_url"])
    assert download.content == PICTURE
    assert download.headers["content-disposition"] == "attachment"
    assert resend.Emails.Attachments.list(id, {"limit": 1, "after": inline["id"]})["data"][0]["id"] == plain["id"]
    with pytest.raises(resend.exceptions.ResendError):
        resend.Emails.Attachments.get(id, "nothing")


def test_a_link_opens_what_was_signed_and_nothing_else(api: Api) -> None:
    content = [{"filename": name, "content": base64.b64encode(name.encode()).decode()} for name in ("a", "b")]
    id, _ = api.send(attachments=content)
    first, second = api.get(f"/emails/{id}/attachments").json()["data"]
    url: str = first["download_url"]
    assert httpx.get(url).content == b"a"
    assert httpx.get(url.replace(first["id"], second["id"])).status_code == 404
    assert httpx.get(url.replace("expires=", "expires=9")).status_code == 404
    assert httpx.get(url.partition("?")[0]).status_code == 404
    assert httpx.get(url + "0").status_code == 404


def test_pages_as_laravel_has_them(api: Api) -> None:
    sent = [api.send(tags=[{"name": "laravel"}])[0] for _ in range(3)][::-1]
    first = listed(api, api.sendkit, per_page=2, tag="laravel")
    assert ids(first) == sent[:2]
    assert first["meta"] | {"path": ""} == {
        "current_page": 1, "per_page": 2, "path": "", "total": 3, "total_is_exact": True, "last_page": 2, "from": 1,
        "to": 2,
    }  # fmt: skip
    second = api.client.get(first["links"]["next"], headers={"authorization": f"Bearer {api.sendkit}"}).json()
    assert ids(second) == sent[2:]
    assert second["links"]["next"] is None
    assert isinstance(first["data"][0]["to"], str)
    assert len(first["data"][0]["created_at"]) == len("2026-03-03 10:00:00")


def test_filters_alone_and_together(api: Api) -> None:
    one, to = api.send(tags=[{"name": "campaign", "value": "a"}])
    two, other = api.send(tags=[{"name": "campaign", "value": "b"}], cc=[to])
    api.gateway.wait_for_state(one, "delivered")
    api.gateway.wait_for_state(two, "delivered")
    assert ids(listed(api, recipient=to)) == [two, one]
    assert ids(listed(api, to=other)) == [two]
    assert ids(listed(api, tag="campaign")) == [two, one]
    assert ids(listed(api, tag="campaign:a")) == [one]
    assert ids(listed(api, tag="campaign:b", recipient=to, status="delivered", domain="sender.test")) == [two]
    assert ids(listed(api, tag="campaign", status="bounced")) == []
    assert ids(listed(api, tag="campaign", domain="other.test")) == []
    assert ids(listed(api, tag="campaign", domain_id="11111111-1111-1111-1111-111111111111")) == []
    assert ids(listed(api, tag="campaign", start_date="2020-01-01", end_date="2020-12-31")) == []
    assert ids(listed(api, tag="campaign", start_date="2020-01-01")) == [two, one]
    assert ids(listed(api, tag="campaign", limit=1, after=two)) == [one]
    assert ids(listed(api, tag="campaign", limit=1, before=one)) == [two]


def test_scheduled_mail_is_found_as_such(api: Api) -> None:
    later = api.post(
        {
            "from": "a@sender.test",
            "to": "later@example.test",
            "subject": "s",
            "text": "t",
            "scheduled_at": "in 1 hour",
            "tags": [{"name": "later"}],
        }
    ).json()["id"]
    line = listed(api, status="scheduled", tag="later")["data"][0]
    assert line["id"] == later
    assert line["last_event"] == "scheduled"
    api.post({}, path=f"/emails/{later}/cancel")
    assert ids(listed(api, status="scheduled", tag="later")) == []
    assert listed(api, status="canceled", tag="later")["data"][0]["last_event"] == "canceled"


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "page=0", "status=nonsense", "start_date=soon", "limit=1&page=1",
              "after=a&before=b", "recipient=nobody", "page=501"]
)  # fmt: skip
def test_parameters_that_mean_nothing_are_refused(api: Api, query: str) -> None:
    response = api.get(f"/emails?{query}")
    assert response.status_code == 422, response.text
    assert response.json()["name"] == "invalid_parameter"


def test_a_restricted_key_sees_its_own_domains_mail_only(api: Api) -> None:
    api.gateway.add_domain("second.test")
    made = api.post({"name": "second", "permission": "full_access", "domain": "second.test"}, path="/api-keys")
    key = made.json()["token"]
    foreign, _ = api.send()
    assert listed(api, key)["data"] == []
    assert listed(api, key, domain="sender.test")["data"] == []
    assert api.get(f"/emails/{foreign}", key).status_code == 404
    assert api.get(f"/emails/{foreign}/attachments", key).status_code == 404


def test_metrics_count_recipients_by_what_became_of_them(api: Api, sdk: None) -> None:
    id, _ = api.send()
    api.gateway.wait_for_state(id, "delivered")
    totals = resend.Emails.metrics()["totals"]
    assert 1 <= totals["delivered"] <= totals["sent"]
    answer = api.get("/emails/metrics?granularity=day&domain=sender.test").json()
    assert answer["object"] == "metrics"
    assert sum(line["delivered"] for line in answer["data"]) == answer["totals"]["delivered"] >= 1
    own = api.get(f"/emails/metrics?email_id={id}").json()["totals"]
    assert (own["sent"], own["delivered"], own["bounced"]) == (1, 1, 0)
    assert api.get("/emails/metrics?email_id=mine").json()["name"] == "invalid_parameter"
    assert api.get("/emails/metrics?domain=other.test").json()["totals"]["sent"] == 0
    assert api.get("/emails/metrics?start_date=2020-01-01&granularity=day").status_code == 422
    assert api.get("/emails/metrics?timezone=Mars/Olympus").status_code == 422
    assert api.get("/emails/metrics?metrics=sent,nonsense").status_code == 422
    assert api.get("/emails/metrics?start_date=2020-01-02&end_date=2020-01-01").status_code == 422
