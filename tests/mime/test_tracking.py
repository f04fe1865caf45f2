"""What a letter says to its recipient: the link to unsubscribe by wherever editors put it, and never a broken one."""

import msgspec
import pytest

from emailgw.core.tracking import WHOLE_DOMAIN, Tracking
from emailgw.mime.tokens import Tokens
from emailgw.mime.tracking import Letter, Links, track
from tests.harness.mail import make_mail

BASE = "https://links.sender.test"


def letter(**wanted: object) -> tuple[Letter, str]:
    """And its link to unsubscribe by."""
    mail = make_mail()
    tracking = Tracking(clicks=True, text=True, **wanted)  # type: ignore[arg-type]
    message = msgspec.structs.replace(mail.message, tracking=tracking)
    made = Letter(message, mail.recipients[0], Links(Tokens({1: b"k" * 32}, 1), BASE), "<mailto:u@x>")
    return made, made.unsubscribe_url or ""


@pytest.mark.parametrize(
    ("source", "made"),
    [
        ("{{{UNSUBSCRIBE_URL}}}", "URL"),
        ("http://{{{UNSUBSCRIBE_URL}}}", "URL"),  # as editors that want a scheme make it
        ("https://{{ RESEND_UNSUBSCRIBE_URL }}", "URL"),
        ("https://shop.test/bye?to={{{UNSUBSCRIBE_URL}}}", "https://shop.test/bye?to=URL"),
        ("https://shop.test/{{{UNSUBSCRIBE_URL}}}/x", "https://shop.test/URL/x"),
    ],
)
def test_a_link_with_the_placeholder_is_not_tracked(source: str, made: str) -> None:
    tracked, url = letter(unsubscribe=WHOLE_DOMAIN)
    content = make_mail(html=f'<a href="{source}">leave</a>', text=f"Leave: {source} now").content
    found = track(content, tracked)
    assert found.html == f'<a href="{made}">leave</a>'.replace("URL", url)
    assert found.text == f"Leave: {made} now".replace("URL", url)


def test_other_braces_are_part_of_a_link() -> None:
    tracked, _ = letter()
    content = make_mail(html='<a href="https://shop.test/{{id}}">x</a>', text="x").content
    html = track(content, tracked).html
    assert html is not None
    assert html.startswith(f'<a href="{BASE}/t/')
