"""Answers that several resources give. An answer is a TypedDict: what is shown is what the description says."""

from collections.abc import Mapping
from typing import Annotated, Generic, Literal, NotRequired, TypedDict, TypeVar

from emailgw.core.directory import Dialect
from emailgw.wire.schema import says

Item = TypeVar("Item", bound=Mapping[str, object])

Id = Annotated[str, says("UUID.", format="uuid")]
Time = Annotated[
    str, says("UTC, as the key's dialect writes it: `2026-03-11 14:30:00.000000+00` or `2026-03-11 14:30:00`.")
]
IsoTime = Annotated[str, says("UTC, ISO 8601.", format="date-time")]


# Of a message that was accepted. Both count as success for every SDK, but some clients of Resend's take 200 only.
SENT = {Dialect.RESEND: 200, Dialect.SENDKIT: 202}


class IdShown(TypedDict):
    id: Id


class EmailNamed(TypedDict):
    object: Literal["email"]
    id: Id


class Deleted(TypedDict):
    object: str
    id: str
    deleted: Literal[True]


class Links(TypedDict):
    """Of the list's other pieces, with the same filters; null where there is none."""

    first: str
    last: str | None
    prev: str | None
    next: str | None


# `from` is a word of Python's own.
ListMeta = TypedDict(
    "ListMeta",
    {
        "current_page": Annotated[int | None, says("Null where a cursor says which piece.")],
        "per_page": int,
        "path": str,
        "total": Annotated[int | None, says("How many there are, or were counted; null where nobody counted.")],
        "total_is_exact": Annotated[
            bool | None, says("False where counting stopped, at 10,000 or for the time it takes: there are more.")
        ],
        "last_page": NotRequired[int],
        "from": NotRequired[int | None],
        "to": NotRequired[int | None],
    },
)


class ListShown(TypedDict, Generic[Item]):
    """A piece of a list, newest first, with the keys of both contracts."""

    object: Literal["list"]
    has_more: bool
    data: list[Item]
    links: Links
    meta: ListMeta


class DataShown(TypedDict, Generic[Item]):
    """A list that is not cut into pieces."""

    object: Literal["list"]
    data: list[Item]


def show_deleted(kind: str, id: str) -> Deleted:
    return {"object": kind, "id": id, "deleted": True}
