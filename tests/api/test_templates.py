"""Templates, as Resend's own client and plain HTTP requests in both families' shapes use them."""

from typing import Any

import pytest
import resend

from tests.api.conftest import Api

HTML = "<p>Hi {{NAME}}, {{{RAW}}} {{COUNT}}</p>"
VARIABLES = [
    {"key": "NAME", "type": "string", "fallback_value": "friend"},
    {"key": "RAW", "type": "string", "fallback_value": ""},
    {"key": "COUNT", "type": "number", "fallback_value": None},
]


@pytest.fixture
def sdk(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resend, "api_url", api.gateway.url)
    monkeypatch.setattr(resend, "api_key", api.resend)


def create(api: Api, key: str | None = None, **fields: Any) -> Any:
    """A published template."""
    body = {"name": "T", "subject": "For {{NAME}}", "html": HTML, "variables": VARIABLES, "status": "published"}
    response = api.post({**body, **fields}, key, "/templates")
    assert response.status_code == 201, response.text
    return response.json()


def refusal(api: Api, body: Any, path: str = "/templates", status: int = 422, key: str | None = None) -> str:
    response = api.post(body, key, path)
    assert response.status_code == status, response.text
    assert response.json()["statusCode"] == status
    message: str = response.json()["message"]
    return message


def use(api: Api, template: str, variables: Any, **fields: Any) -> Any:
    template_use = {"id": template, "variables": variables}
    return api.post({"from": "a@sender.test", "to": "joe@example.test", "template": template_use, **fields})


def test_resends_own_client_from_draft_to_removal(api: Api, sdk: None) -> None:
    made = resend.Templates.create(
        {
            "name": "Welcome",
            "alias": "welcome",
            "from": "Ann <ann@sender.test>",
            "reply_to": "help@sender.test",
            "subject": "Hello {{NAME}}",
            "html": HTML,
            "variables": VARIABLES,  # type: ignore[typeddict-item]
        }
    )
    id = made["id"]
    assert made["object"] == "template"
    found = resend.Templates.get("welcome")
    assert found["id"] == id
    assert found["status"] == "draft"
    assert found["html"] == HTML
    assert found["variables"] == VARIABLES
    with pytest.raises(resend.exceptions.ResendError, match="draft"):
        resend.Emails.send({"to": "joe@example.test", "template": {"id": "welcome"}})
    assert resend.Templates.publish(id)["id"] == id
    resend.Templates.update({"id": id, "subject": "Bye {{NAME}}"})
    assert resend.Templates.get(id)["subject"] == "Bye {{NAME}}"
    assert resend.Templates.get(id)["status"] == "published"
    copy = resend.Templates.duplicate("welcome")
    assert copy["id"] != id
    names = [item["name"] for item in resend.Templates.list({"limit": 2})["data"]]
    assert names == ["Welcome (Copy)", "Welcome"]
    sent = resend.Emails.send({"to": "joe@example.test", "template": {"id": "welcome", "variables": {"COUNT": 3}}})
    shown = resend.Emails.get(sent["id"])
    assert shown["subject"] == "Hello friend"  # the published version, not the draft
    assert shown["html"] == "<p>Hi friend,  3</p>"
    assert shown["from"] == "Ann <ann@sender.test>"
    assert shown["reply_to"] == ["help@sender.test"]
    assert resend.Templates.remove(id)["deleted"] is True
    with pytest.raises(resend.exceptions.ResendError) as caught:
        resend.Templates.get(id)
    assert caught.value.code == 404
    assert resend.Emails.get(sent["id"])["html"] == "<p>Hi friend,  3</p>"


def test_sendkits_shape(api: Api) -> None:
    body = {
        "name": "Welcome",
        "sender_id": "11111111-1111-1111-1111-111111111111",
        "subject": "Hello {{FIRST_NAME}}",
        "html_content": "<b>{{FIRST_NAME}}</b>",
        "text_content": "{{FIRST_NAME}}",
        "status": "published",
        "variables": [{"key": "FIRST_NAME", "type": "string", "fallback_value": "you"}],
    }
    template = api.post(body, api.sendkit, "/templates").json()
    assert template["status"] == "published"
    assert template["html_content"] == template["html"] == "<b>{{FIRST_NAME}}</b>"
    assert template["created_at"].count(":") == 2
    response = use(api, template["id"], {"FIRST_NAME": "<Ann>"})
    shown = api.get(f"/emails/{response.json()['id']}", api.sendkit).json()
    assert (shown["subject"], shown["html"], shown["text"]) == ("Hello <Ann>", "<b>&lt;Ann&gt;</b>", "<Ann>")
    page = api.get("/templates?page=1&per_page=1", api.sendkit).json()
    assert [item["id"] for item in page["data"]] == [template["id"]]
    assert page["meta"]["per_page"] == 1
    assert page["meta"]["total"] >= 1


def test_what_arrives_is_what_was_filled_in(api: Api) -> None:
    template = create(api)
    to = "filled@example.test"
    use(api, template["id"], {"NAME": "Ann & Bo", "RAW": "<i>raw</i>", "COUNT": 2.5}, to=to)
    data = api.delivered(to).data.decode()
    assert "Subject: For Ann & Bo" in data
    assert "<p>Hi Ann &amp; Bo, <i>raw</i> 2.5</p>" in data


def test_the_requests_own_fields_take_the_templates_place(api: Api) -> None:
    template = create(api)
    id = use(api, template["id"], {"COUNT": 1, "NAME": "Ann"}, subject="Own {{NAME}}", text="own").json()["id"]
    shown = api.get(f"/emails/{id}").json()
    assert (shown["subject"], shown["text"]) == ("Own Ann", "own")
    assert shown["html"] == "<p>Hi Ann,  1</p>"


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({}, "`COUNT`"),
        (None, "`COUNT`"),
        ({"COUNT": None}, "`COUNT`"),
        ({"COUNT": "3"}, "`COUNT`"),
        ({"COUNT": True}, "`COUNT`"),
        ({"COUNT": 1, "NAME": ["x"]}, "`NAME`"),
        ({"COUNT": 1, "NAME": "Ann\r\nBcc: eve@x.test"}, "`NAME`"),
        ({"COUNT": 1, "NAME": "a\0b"}, "`NAME`"),
    ],
)
def test_wrong_variables_are_refused_by_name(api: Api, variables: Any, named: str) -> None:
    template = create(api)
    queued = api.queued()
    response = use(api, template["id"], variables)
    assert response.status_code == 422
    assert named in response.json()["message"]
    assert api.queued() == queued


def test_placeholders_that_nobody_declared_are_required(api: Api) -> None:
    template = create(api, html="{{A}}{{#B}}{{C}}{{/B}}{{D|d}}", subject="s", variables=[])
    assert "`A`" in use(api, template["id"], {}).json()["message"]
    assert use(api, template["id"], {"A": "a"}).status_code in (200, 202)


def test_a_template_that_is_not_there(api: Api) -> None:
    assert use(api, "nowhere", {}).status_code == 404
    body = {"from": "a@sender.test", "to": "joe@example.test", "template": {"id": "nowhere"}}
    assert "nowhere" in refusal(api, body, "/emails", 422, api.sendkit)
    assert "template" in refusal(api, {**body, "template": {}}, "/emails")
    assert "template" in refusal(api, {**body, "template": "welcome"}, "/emails")


def test_versions_are_kept_and_never_change(api: Api) -> None:
    template = create(api, alias="versioned")
    api.client.put("/templates/versioned", json={"subject": "Two"}, headers=bearer(api))
    assert api.get("/templates/versioned").json()["has_unpublished_versions"] is True
    assert api.post(b"", path="/templates/versioned/publish").json()["version"] == 2
    versions = api.get("/templates/versioned/versions").json()["data"]
    assert [(version["version"], version["subject"]) for version in versions] == [(2, "Two"), (1, "For {{NAME}}")]
    assert api.get(f"/templates/{template['id']}").json()["has_unpublished_versions"] is False


def test_preview_says_what_the_draft_would_say(api: Api) -> None:
    template = create(api, text="{{NAME}}")
    path = f"/templates/{template['id']}/preview"
    shown = api.post({"variables": {"COUNT": 1, "NAME": "<Ann>"}}, path=path).json()
    assert shown["subject"] == "For <Ann>"
    assert shown["html"] == "<p>Hi &lt;Ann&gt;,  1</p>"
    assert shown["text"] == "<Ann>"
    assert "`COUNT`" in refusal(api, b"", path)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 256}, "255"),
        ({"alias": "has blank"}, "alias"),
        ({"alias": "11111111-1111-1111-1111-111111111111"}, "alias"),
        ({"from": "nobody"}, "from"),
        ({"subject": "a\nb"}, "subject"),
        ({"subject": "{{A"}, "subject"),
        ({"html": "{{=<% %>=}}"}, "html"),
        ({"html": "{{> other}}"}, "html"),
        ({"html": "{{#A}}"}, "A"),
        ({"html": "x" * 1_000_001}, "1000000"),
        ({"variables": [{"key": "this"}]}, "reserved"),
        ({"variables": [{"key": "a b"}]}, "a b"),
        ({"variables": [{"key": "A"}, {"key": "A"}]}, "twice"),
        ({"variables": [{"key": "A", "type": "date"}]}, "type"),
        ({"variables": [{"key": "A", "type": "number", "fallback_value": "1"}]}, "`A`"),
        ({"status": "live"}, "status"),
        ({"status": "published", "html": None}, "html"),
    ],
)
def test_templates_that_nothing_could_be_sent_from_are_refused(api: Api, fields: dict[str, Any], said: str) -> None:
    assert said in refusal(api, {"name": "T", "html": "x", **fields})


def test_an_alias_has_one_template(api: Api) -> None:
    create(api, alias="taken")
    other = create(api)
    assert "taken" in refusal(api, {"name": "T", "alias": "taken"})
    response = api.client.patch(f"/templates/{other['id']}", json={"alias": "taken"}, headers=bearer(api))
    assert response.status_code == 422
    assert "taken" in response.json()["message"]


def test_paths_and_methods_that_are_not_there(api: Api) -> None:
    assert refusal(api, {}, "/templates/nowhere/publish", 404) == "Template not found"
    assert api.client.delete("/templates/nowhere", headers=bearer(api)).status_code == 404
    assert api.get("/templates?limit=0").status_code == 422
    assert api.get("/templates?limit=1&page=1").status_code == 422
    assert api.post(b"[]", path="/templates").status_code == 422
    assert api.post(b"{", path="/templates").status_code == 400


def test_cursors_lead_through_the_list(api: Api) -> None:
    for _ in range(3):
        create(api)
    everything = [item["id"] for item in api.get("/templates?limit=100").json()["data"]]
    first = api.get("/templates?limit=2").json()
    assert [item["id"] for item in first["data"]] == everything[:2]
    assert first["has_more"] is True
    second = api.get(f"/templates?limit=1&after={everything[1]}").json()
    assert [item["id"] for item in second["data"]] == everything[2:3]
    back = api.get(f"/templates?limit=1&before={everything[2]}").json()
    assert [item["id"] for item in back["data"]] == everything[1:2]


def bearer(api: Api) -> dict[str, str]:
    return {"authorization": f"Bearer {api.resend}"}
