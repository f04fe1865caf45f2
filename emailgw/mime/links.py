"""Where the links of a page or a text are, and the same page with other targets in them: nothing else changes.

A real HTML parser (`justhtml`, which parses as browsers do) says which tags there are and what their attributes say;
of a tag that it found we look only where in the source the value stands, and where the two disagree the link is left
alone. Links in comments, so also those for Outlook alone, are no links here. Pure; bounded by `MAX_TAGS`.
"""

import html
import re
from collections.abc import Callable
from typing import NamedTuple

MAX_TAGS = 20_000  # a page with more is left as it is: 0.01 to 0.2 ms each
MAX_PAGE = 2_000_000  # characters

_LINKS = frozenset({"a", "area"})
_NO_TRACK = "data-no-track"
# One attribute of a start tag (WHATWG §13.2.5.32 on): its name, and its value in double quotes, single ones or none.
_ATTRIBUTE = re.compile(
    r"[\t\n\f\r /]*(=?[^\t\n\f\r />=]*)"
    r"(?:[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r >\"'][^\t\n\f\r >]*)))?"
)
_TAG_NAME = re.compile(r"<([A-Za-z][^\t\n\f\r />]*)")
_DROPPED = re.compile(r"[\t\n\r]")  # anywhere in a URL (WHATWG URL §4.4)
_CONTROL_OR_SPACE = "".join(map(chr, range(0x21)))  # at either end of a URL (the same)
_PICTURE = '<img src="{}" alt="" width="1" height="1" style="border:0;width:1px;height:1px">'
_BODY_END = re.compile(r"</body(?=[\t\n\f\r />])", re.IGNORECASE)
# In plain text a URL ends before what ends a sentence or a bracket around it. One that goes on with a placeholder is
# not known yet.
_TEXT_URL = re.compile(
    r"(?<![A-Za-z0-9])(?>https?://[^\s<>\"'\\^`{|}]*[^\s<>\"'\\^`{|}.,;:!?)\]*_])(?!\{)", re.IGNORECASE
)

Retarget = Callable[[str], str | None]


class Link(NamedTuple):
    """A link's target as a browser reads it, and where its value stands: `start` to `end` with its quotes, if any."""

    start: int
    end: int
    target: str


class Page(NamedTuple):
    """`links` in order; `pixel`: where a picture may be put so that it is the last of the body."""

    links: tuple[Link, ...]
    pixel: int


def read_page(source: str) -> Page | None:
    """None for a page that is too large to be looked at."""
    if len(source) > MAX_PAGE or source.count("<") > MAX_TAGS:
        return None
    from emailgw.mime import markup

    # Of the same length, so that offsets hold: the parser would take a byte order mark away.
    seen = " " + source[1:] if source[:1] == "\ufeff" else source
    links: dict[int, Link] = {}
    hidden = False  # whether what looks like the body's end tag stands where no tags are
    for found in markup.read(seen):
        if isinstance(found, str):
            hidden = hidden or _BODY_END.search(found) is not None
            continue
        if found.name in _LINKS and found.offset is not None:
            link = _link(source, found.offset, found.attributes)
            if link is not None:
                links[link.start] = link
        hidden = hidden or any(value and _BODY_END.search(value) for value in found.attributes.values())
    ends = [] if hidden else [end.start() for end in _BODY_END.finditer(source)]
    return Page(tuple(links[start] for start in sorted(links)), ends[-1] if ends else len(source))


def retarget_page(source: str, page: Page, retarget: Retarget, pixel: str | None = None) -> str:
    """The page with what `retarget` makes of each target (None: as it is), and with a picture of the URL `pixel`."""
    edits: list[tuple[int, int, str]] = []
    for link in page.links:
        new = retarget(link.target)
        if new is not None:
            edits.append((link.start, link.end, f'"{html.escape(new)}"'))
    if pixel is not None:
        edits.append((page.pixel, page.pixel, _PICTURE.format(html.escape(pixel))))
    pieces: list[str] = []
    at = 0
    for start, end, text in sorted(edits):
        pieces += (source[at:start], text)
        at = end
    return "".join((*pieces, source[at:]))


def retarget_text(source: str, retarget: Retarget) -> str:
    """Plain text with what `retarget` makes of each URL."""
    return _TEXT_URL.sub(lambda found: retarget(found[0]) or found[0], source)


def _link(source: str, start: int, attributes: dict[str, str | None]) -> Link | None:
    """The link of the start tag at `start`, if it has a target and the source agrees with the parser."""
    target = attributes.get("href")
    tag = _TAG_NAME.match(source, start)
    if not target or _NO_TRACK in attributes or tag is None or tag[1].lower() not in _LINKS:
        return None
    spans: dict[str, tuple[int, int]] = {}
    at = tag.end()
    while (found := _ATTRIBUTE.match(source, at)) is not None and found[1]:
        value = next((group for group in (2, 3, 4) if found[group] is not None), None)
        quote = 0 if value in (None, 4) else 1
        span = (found.start(value) - quote, found.end(value) + quote) if value is not None else (0, 0)
        spans.setdefault(found[1].lower(), span)
        at = found.end()
    if spans.keys() != attributes.keys() or spans["href"] == (0, 0):
        return None
    return Link(*spans["href"], _DROPPED.sub("", target).strip(_CONTROL_OR_SPACE))
