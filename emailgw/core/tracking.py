"""What is tracked of a message, and how its recipients may unsubscribe: what was asked for, and what that comes to.

Decided once, when a message is accepted, and stored with it: what a domain's owner changes later changes no try of it.
"""

import re

import msgspec

from emailgw.core.directory import Domain

# In html and text: the link by which the recipient unsubscribes. The second name is Resend's.
UNSUBSCRIBE_URL = "{{{UNSUBSCRIBE_URL}}}"
PLACEHOLDERS = (UNSUBSCRIBE_URL, "{{{RESEND_UNSUBSCRIBE_URL}}}")
PLACEHOLDER_NAMES = tuple(placeholder.strip("{}") for placeholder in PLACEHOLDERS)

WHOLE_DOMAIN = ""  # in the place of a list's name: all mail of the author's domain
MAX_LIST = 64
_LIST = re.compile(rf"[a-z0-9][a-z0-9_.-]{{0,{MAX_LIST - 1}}}")


class TrackingWish(msgspec.Struct, frozen=True):
    """What a request says; None where it leaves it to the domain (opens, clicks) or the gateway (unsubscribe).

    `text`: also the links of plain text. `unsubscribe`: False for no way to unsubscribe, or the list's name.
    """

    opens: bool | None = None
    clicks: bool | None = None
    text: bool | None = None
    unsubscribe: str | bool | None = None


class Tracking(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is done to a message. `unsubscribe`: the list, WHOLE_DOMAIN, or None for no way to unsubscribe."""

    opens: bool = False
    clicks: bool = False
    text: bool = False
    unsubscribe: str | None = None


NO_WISH = TrackingWish()
UNTRACKED = Tracking()


def is_list_name(text: str) -> bool:
    return _LIST.fullmatch(text) is not None


def decide(wish: TrackingWish, domain: Domain, *, raw: bool, placeholder: bool) -> Tracking:
    """What a wish comes to for mail of the domain. `raw`: a message that came whole, which is changed only where that
    was asked for. `placeholder`: its text shows the link to unsubscribe by, which then must be there.
    """
    unsubscribe = WHOLE_DOMAIN if wish.unsubscribe is None and placeholder else wish.unsubscribe
    return Tracking(
        opens=(domain.open_tracking and not raw) if wish.opens is None else wish.opens,
        clicks=(domain.click_tracking and not raw) if wish.clicks is None else wish.clicks,
        text=bool(wish.text),
        unsubscribe=_list(unsubscribe),
    )


def _list(wish: str | bool | None) -> str | None:
    if isinstance(wish, bool) or wish is None:
        return WHOLE_DOMAIN if wish else None
    return wish
