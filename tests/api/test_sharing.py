"""Links that show an email without a key: for as long as they say, and nothing that its HTML says is carried out."""

import re

import pytest

from emailgw.wire.sharing import LONGEST_SHARE, read_share
from tests.api.conftest import Api

HOSTILE = (
    '<script>alert(1)</script><img src="https://tracker.test/x.gif"><a href="javascript:alert(2)">go</a>"></iframe>'
)


def test_whoever_has_the_link_sees_the_email(api: Api) -> None:
    id, to = api.send(subject="Seen <b>by</b> link", html=HOSTILE)
    shared = api.post({"expires_in": "10m"}, path=f"/emails/{id}/share").json()
    assert (shared["object"], shared["id"]) == ("email", id)
    page = api.client.get(shared["url"])
    assert page.status_code == 200
    assert to in page.text
    assert "Seen &lt;b&gt;by&lt;/b&gt; link" in page.text
    assert re.findall(r"<(script|img|a)\b", page.text) == []
    assert page.text.count("</iframe>") == 1
    assert 'sandbox=""' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_link_cannot_be_made_up(api: Api) -> None:
    id, _ = api.send()
    other, _ = api.send()
    url = api.post({}, path=f"/emails/{id}/share").json()["url"]
    for wrong in (url.replace(id, other), url[:-1] + ("0" if url[-1] != "0" else "1"), url.partition("?")[0]):
        assert api.client.get(wrong).status_code == 404
    later = re.sub(r"expires=(\d+)", lambda found: f"expires={int(found[1]) + 1}", url)
    assert api.client.get(later).status_code == 404


def test_nothing_to_share(api: Api) -> None:
    assert api.post(b"", path="/emails/0191c2b0-0000-7000-8000-000000000000/share").status_code == 404
    id, _ = api.send()
    refused = api.post({"expires_in": "soon"}, path=f"/emails/{id}/share")
    assert (refused.status_code, refused.json()["name"]) == (422, "invalid_parameter")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("10m", 600_000), ("2 hours", 7_200_000), ("1h 30m", 5_400_000), ("1 day", 86_400_000), ("9 days", LONGEST_SHARE)],
)
def test_times(said: str, meant: int) -> None:
    assert read_share(b'{"expires_in": "%s"}' % said.encode()) == meant
