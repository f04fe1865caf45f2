"""What a tracked message says to one recipient: links by way of us, a pixel, how to unsubscribe (RFC 2369, RFC 8058).

Called when a message is composed, on what its content says with its variables. Pure, and the same at every try
(guarantee G7). Raw messages are in `rawtracking`.
"""

import functools
import html
import re
from typing import NamedTuple

import msgspec

from emailgw.core.ids import RecipientId
from emailgw.core.model import Content, Message, Recipient
from emailgw.core.suppression import suppression_key
from emailgw.core.tracking import PLACEHOLDER_NAMES, UNTRACKED, Tracking
from emailgw.mime.links import Page, read_page, retarget_page, retarget_text
from emailgw.mime.tokens import Kind, Token, Tokens, is_target

VISITS = "/t/"
UNSUBSCRIBE = "/u/"
ONE_CLICK = "List-Unsubscribe=One-Click"

# With the scheme that editors put before what is no URL yet.
_PLACEHOLDER = re.compile(r"(?:https?://)?\{{2,3}[ \t]*&?[ \t]*(?:" + "|".join(PLACEHOLDER_NAMES) + r")[ \t]*\}{2,3}")
_SEALED = "-----BEGIN PGP "  # signed or encrypted within the text (RFC 9580 section 7)
_remembered = functools.lru_cache(64)(read_page)  # of a mailing that says the same to everybody, once for all
_LONGEST_REMEMBERED = 128 * 1024  # characters


class Links:
    """The links of one domain's mail. `base`: where they lead, scheme and host without a slash at the end."""

    def __init__(self, tokens: Tokens, base: str) -> None:
        self._tokens = tokens
        self._base = base

    @property
    def is_secure(self) -> bool:
        return self._base.startswith("https://")

    def pixel(self, recipient_id: RecipientId) -> str:
        return self._base + VISITS + self._tokens.make(Token(Kind.OPEN, recipient_id))

    def click(self, recipient_id: RecipientId, target: str) -> str:
        return self._base + VISITS + self._tokens.make(Token(Kind.CLICK, recipient_id, target=target))

    def unsubscribe(self, message: Message, recipient: Recipient, list: str) -> str:
        token = Token(
            Kind.UNSUBSCRIBE,
            recipient.id,
            domain=message.author.domain,
            list=list,
            address=str(suppression_key(recipient.address)),
        )
        return self._base + UNSUBSCRIBE + self._tokens.make(token)

    def is_own(self, url: str) -> bool:
        return url.startswith((self._base + VISITS, self._base + UNSUBSCRIBE))


class Letter(NamedTuple):
    """One message to one recipient. `mailto`: the value of a List-Unsubscribe field by mail, in its brackets."""

    message: Message
    recipient: Recipient
    links: Links
    mailto: str

    @property
    def tracking(self) -> Tracking:
        return self.message.tracking or UNTRACKED

    @property
    def unsubscribe_url(self) -> str | None:
        wanted = self.tracking.unsubscribe
        return None if wanted is None else self.links.unsubscribe(self.message, self.recipient, wanted)

    def click(self, target: str) -> str | None:
        """The link by way of us; None for what is left alone, also for what the link to unsubscribe by is a part of."""
        if not is_target(target) or self.links.is_own(target) or _has_placeholder(target):
            return None
        return self.links.click(self.recipient.id, target)

    def unsubscribe_fields(self) -> tuple[tuple[str, str], ...]:
        url = self.unsubscribe_url
        if url is None:
            return ()
        by_url = ("List-Unsubscribe", f"<{url}>, {self.mailto}")
        # RFC 8058 §3.1: one click is for https alone.
        return (by_url, ("List-Unsubscribe-Post", ONE_CLICK)) if self.links.is_secure else (by_url,)


def track(content: Content, letter: Letter) -> Content:
    """The content as `letter`'s recipient gets it; the content itself where nothing is asked for. Not for raw ones."""
    if letter.message.tracking is None:
        return content
    own = {url for name, value in content.headers if name.lower() == "list-unsubscribe" for url in urls_in(value)}
    fields = () if own else letter.unsubscribe_fields()
    return msgspec.structs.replace(
        content,
        text=None if content.text is None else track_text(content.text, letter, own),
        html=None if content.html is None else track_html(content.html, letter, own),
        headers=(*content.headers, *fields),
    )


def track_html(source: str, letter: Letter, own: set[str]) -> str:
    """`own`: the sender's own links to unsubscribe by, which are left alone."""
    tracking = letter.tracking
    if tracking.opens or tracking.clicks:
        page = _page(source)
        if page is not None:
            source = retarget_page(
                source,
                page,
                lambda target: letter.click(target) if tracking.clicks and target not in own else None,
                letter.links.pixel(letter.recipient.id) if tracking.opens else None,
            )
    # Last, so that the link to unsubscribe by is not one to track.
    return _filled(source, html.escape(letter.unsubscribe_url or ""))


def track_text(source: str, letter: Letter, own: set[str]) -> str:
    if letter.tracking.clicks and letter.tracking.text and _SEALED not in source:
        source = retarget_text(source, lambda target: letter.click(target) if target not in own else None)
    return _filled(source, letter.unsubscribe_url or "")


def has_placeholder(content: Content) -> bool:
    return any(text is not None and _has_placeholder(text) for text in (content.html, content.text))


def _has_placeholder(text: str) -> bool:
    # Most texts have no brace at all, and the expression takes twenty times as long to see that.
    return "{{" in text and _PLACEHOLDER.search(text) is not None


def _filled(text: str, url: str) -> str:
    return _PLACEHOLDER.sub(url, text) if "{{" in text else text


def urls_in(field: str) -> list[str]:
    """Of a List-Unsubscribe field."""
    return re.findall(r"<([^<>]*)>", field)


def _page(source: str) -> Page | None:
    return _remembered(source) if len(source) <= _LONGEST_REMEMBERED else read_page(source)
