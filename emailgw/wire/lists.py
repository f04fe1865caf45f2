"""Lists in both families' manners at once: `limit/after/before` and `has_more`, `page/per_page` and `links`, `meta`.

The parameters that came decide how a list is cut; the answer always has the keys of both (contracts 1.6, 2.7, 3).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec

from emailgw.core.ids import is_uuid
from emailgw.errors import Rejected
from emailgw.wire.answers import Item, Links, ListMeta, ListShown
from emailgw.wire.schema import says

DEFAULT_SIZE = 20
MAX_SIZE = 100
COUNTED = 10_000  # counting stops here, and so do page numbers: what lies behind is reached by cursor or by date


class PageQuery(msgspec.Struct):
    """What `read_page` reads: of every list."""

    limit: Annotated[int, says("How many.", minimum=1, maximum=MAX_SIZE)] = DEFAULT_SIZE
    after: Annotated[str, says("Show what follows this id (older).")] | msgspec.UnsetType = msgspec.UNSET
    before: Annotated[str, says("Show what stands before this id (newer).")] | msgspec.UnsetType = msgspec.UNSET
    page: Annotated[int, says("Instead of a cursor: which page, from 1 to the 10,000th entry.", minimum=1)] = 1
    per_page: Annotated[int, says("Its size.", minimum=1, maximum=MAX_SIZE)] = DEFAULT_SIZE


class Page(msgspec.Struct, frozen=True):
    """Which piece of a list is wanted, newest first. `number` counts from 1, and is None when a cursor says where:
    behind `after` (older), or just before `before` (newer), or from the start.
    """

    size: int = DEFAULT_SIZE
    number: int | None = 1
    after: str | None = None
    before: str | None = None

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size if self.number else 0


def read_page(query: Mapping[str, str], most: int = MAX_SIZE, *, uuids: bool = False) -> Page:
    """At most `most` items. `uuids`: that is what ids are in this list; one that is gone still has its place. Raises
    Rejected when a parameter is out of range or both manners are mixed.
    """
    cursor = [name for name in ("limit", "after", "before") if query.get(name)]  # an empty one says nothing
    if not cursor:
        size = _number(query, "per_page", DEFAULT_SIZE, most)
        return Page(size, _number(query, "page", 1, COUNTED // size))
    if query.get("page"):
        raise Rejected(f"Send either `page` or `{cursor[0]}`, not both.", name="invalid_parameter")
    after, before = query.get("after") or None, query.get("before") or None
    if after and before:
        raise Rejected("Send either `after` or `before`, not both.", name="invalid_parameter")
    size = _number(query, "limit", DEFAULT_SIZE, most)
    if uuids and (cursor_id := after or before) and not is_uuid(cursor_id):
        raise Rejected("What `after` and `before` name must be an id of this list.", name="invalid_parameter")
    return Page(size, None, after, before)


def _number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise Rejected(f"The `{name}` parameter must be a number from 1 to {most}.", name="invalid_parameter")
    return int(text)


def show_list(
    items: Sequence[Item],
    page: Page,
    has_more: bool,
    total: int | None,
    path: str,
    query: Mapping[str, str],
    cursor: str | None = None,
    is_exact: bool | None = None,
) -> ListShown[Item]:
    """`total`: how many there are (COUNTED at most), None when nobody counted; `is_exact`: whether that are all, unless
    it shows by COUNTED; `path`: the list's own URL; `cursor`: the id to go on from, where it is not the last item's.
    """

    def link(**changes: Any) -> str:
        kept = {name: value for name, value in query.items() if name not in ("page", "after", "before")}
        return f"{path}?{text}" if (text := urlencode({**kept, **changes})) else path

    number = page.number
    links: Links = {"first": link(), "last": None, "prev": None, "next": None}
    if is_exact is None and total is not None:
        is_exact = total < COUNTED
    meta: ListMeta = {
        "current_page": number,
        "per_page": page.size,
        "path": path,
        "total": total,
        "total_is_exact": is_exact if total is not None else None,
    }
    if number is not None:
        follows = has_more and (number + 1) * page.size <= COUNTED
        last = max(number + 1 if follows else 1, -(-(total or 0) // page.size))
        links["first"] = link(page=1)
        links["last"] = link(page=last)
        links["prev"] = link(page=number - 1) if number > 1 else None
        links["next"] = link(page=number + 1) if follows else None
        meta["last_page"] = last
        meta["from"] = page.offset + 1 if items else None
        meta["to"] = page.offset + len(items) if items else None
    elif page.before is not None:
        links["next"] = link(after=items[-1]["id"]) if items else None
        links["prev"] = link(before=cursor or items[0]["id"]) if has_more else None
    else:
        links["next"] = link(after=cursor or items[-1]["id"]) if has_more else None
        links["prev"] = link(before=items[0]["id"]) if page.after and items else None
    return {"object": "list", "has_more": has_more, "data": list(items), "links": links, "meta": meta}


def cut(items: Sequence[Any], page: Page, ids: Sequence[str]) -> tuple[Sequence[Any], bool]:
    """A piece of a short list that is at hand whole, newest first, and whether more follow. `ids` are the items'."""
    if page.before is not None:
        end = ids.index(page.before) if page.before in ids else 0
        start = max(0, end - page.size)
        return items[start:end], start > 0
    start = page.offset
    if page.after is not None:
        start = ids.index(page.after) + 1 if page.after in ids else len(items)
    return items[start : start + page.size], start + page.size < len(items)
