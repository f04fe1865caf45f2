"""A piece of a long list, as both contracts ask for it: by cursor (an id) or by page number."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, frozen=True):
    """Newest first. `after` goes on with what is older than that id, `before` with what is newer. `number` from 1 is
    set for the page style instead, which also wants the total.
    """

    limit: int = 20
    after: str | None = None
    before: str | None = None
    number: int | None = None

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.limit if self.number else 0


class Paged(msgspec.Struct, Generic[T], frozen=True):
    """`total` is counted for the page style only."""

    items: tuple[T, ...]
    has_more: bool
    total: int | None = None
