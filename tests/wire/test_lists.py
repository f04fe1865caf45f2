"""Lists in both manners: what the answer says of the whole, exact or not."""

import pytest

from emailgw.wire.answers import IdShown
from emailgw.wire.lists import COUNTED, Page, show_list

ITEMS: list[IdShown] = [{"id": "b"}, {"id": "a"}]


@pytest.mark.parametrize(
    ("total", "is_exact", "has_more", "shown", "last"),
    [
        (7, None, True, True, 4),
        (COUNTED, None, True, False, COUNTED // 2),
        (3, False, True, False, 2),
        (2, True, False, True, 1),
        (None, None, False, None, 1),
    ],
)
def test_a_page_says_whether_its_total_is_exact(
    total: int | None, is_exact: bool | None, has_more: bool, shown: bool | None, last: int
) -> None:
    meta = show_list(ITEMS, Page(2), has_more, total, "/list", {}, is_exact=is_exact)["meta"]
    assert (meta["total"], meta["total_is_exact"], meta["last_page"]) == (total, shown, last)


def test_the_last_page_that_can_be_asked_for_has_no_next() -> None:
    number = COUNTED // 2
    shown = show_list(ITEMS, Page(2, number), True, COUNTED, "/list", {})
    assert shown["links"]["next"] is None
    assert shown["links"]["prev"] == f"/list?page={number - 1}"
    assert shown["meta"]["last_page"] == number
    assert shown["has_more"] is True
