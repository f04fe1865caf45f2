"""Links of a page: found as a browser finds them, and nothing changes but their targets."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emailgw.mime.links import MAX_TAGS, read_page, retarget_page, retarget_text
from emailgw.mime.tokens import is_target
from tests.mime import newsletters


def same(source: str, target: str) -> str:
    """The page with all its links replaced."""
    page = read_page(source)
    assert page is not None
    return retarget_page(source, page, lambda old: target)


@pytest.mark.parametrize("name", newsletters.ALL)
def test_the_links_of_newsletters(name: str) -> None:
    page = read_page(newsletters.ALL[name])
    assert page is not None
    found = [link.target for link in page.links if is_target(link.target)]
    assert found == newsletters.TARGETS[name]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", newsletters.ALL)
def test_nothing_changes_but_the_links(name: str, ends: str) -> None:
    source = newsletters.ALL[name].replace("\n", ends)
    page = read_page(source)
    assert page is not None
    assert len([link for link in page.links if is_target(link.target)]) == len(newsletters.TARGETS[name])
    made = retarget_page(source, page, lambda target: "https://t.test/?a&b" if is_target(target) else None, "PIXEL")
    at = new = 0
    for link in page.links:
        if not is_target(link.target):
            continue
        assert made[new : new + link.start - at] == source[at : link.start]
        new += link.start - at
        assert made[new:].startswith('"https://t.test/?a&amp;b"')
        new += len('"https://t.test/?a&amp;b"')
        at = link.end
    rest = made[new:]
    before, picture, after = rest.partition('<img src="PIXEL" alt="" width="1" height="1" style="')
    assert picture
    assert before + after.partition('">')[2] == source[at:]


@pytest.mark.parametrize(
    ("source", "links"),
    [
        ("<a href=x>", ["x"]),
        ("<A\tHREF\n=\n'x'/>", ["x"]),
        ('<a x="href=y" href="z">', ["z"]),
        ("<a href='x' href='y'>", ["x"]),
        ("<a href='&#104;ttp://a.test'>", ["http://a.test"]),
        ("<a href=a&copy=b>", ["a&copy=b"]),
        ("<a data-no-track href=x>", []),
        ("<a DATA-NO-TRACK='' href=x>", []),
        ("<link href=x><base href=y><abbr href=z>", []),
        ("<!--><a href=x>", ["x"]),
        ("<!-- --!><a href=x>", ["x"]),
        ("<!-- <a href=x>", []),
        ("<style><a href=x></style><a href=y>", ["y"]),
        ("<title><a href=x></title>", []),
        ("<a href='x", []),
        ("<a href=x", []),
        ("<plaintext><a href=x>", []),
        ("<![CDATA[<a href=x>]]>", []),
        ("<?php <a href=x> ?>", []),
        ("\ufeff<a href=x>", ["x"]),
        ("<a\0 href=x>", []),
        ("\0<a href=x>", ["x"]),
        ("<a/href=x>", ["x"]),
        ("<a =href=x href=y>", ["y"]),
        ('<a href="x"class=y>', ["x"]),
        ('<a href="\tht\ntp://a.test ">', ["http://a.test"]),
        ("", []),
    ],
)
def test_odd_markup(source: str, links: list[str]) -> None:
    page = read_page(source)
    assert page is not None
    assert [link.target for link in page.links] == links


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("<p>x</p></body></html>", "<p>x</p>"),
        ("<p>x</p></BODY >", "<p>x</p>"),
        ("x</body>y</body>z", "x</body>y"),
        ("x", "x"),
        ("x</body><!-- </body> -->", "x</body><!-- </body> -->"),
        ("x</body><script>'</body>'</script>", "x</body><script>'</body>'</script>"),
        ("<p title='</body>'>x", "<p title='</body>'>x"),
        ("x</bodyguard>", "x</bodyguard>"),
    ],
)
def test_where_the_pixel_goes(source: str, where: str) -> None:
    page = read_page(source)
    assert page is not None
    assert source[: page.pixel] == where


PIECES = st.sampled_from(
    ["<a ", "<A", " href", "=", "'", '"', ">", "<", "/", "x", "&amp;", "\n", "\r\n", "<!--", "-->", "<script>",
     "</script>", "</a>", "<table>", "<svg>", "</svg>", "<template>", "\0", "\ufeff", "href=http://a.test/",
     "<area href='y'>",
     "</body>", "<![CDATA[", "]]>", "<title>", "</title>", "data-no-track", "\u00e9", "\U0001f40e"]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join) | st.text(max_size=200))
def test_only_targets_change_whatever_it_is(source: str) -> None:
    page = read_page(source)
    assert page is not None
    at = 0
    for link in page.links:
        assert at <= link.start < link.end <= len(source)
        at = link.end
    assert retarget_page(source, page, lambda target: None) == source
    # The same links stand in what was made, and only their targets are others.
    again = read_page(same(source, "https://t.test/"))
    assert again is not None
    assert [link.target for link in again.links] == ["https://t.test/"] * len(page.links)


@pytest.mark.parametrize(
    "unit",
    ["<", "<!--", "<a ", "<a href='", "</", "<!", "<![", "<script>", "<svg><a href=x>", "<b><p>", "&", "<a href=x ",
     "<div>", "<table><a href=x>", "</body>", "<a " + "x=1 " * 50 + ">"],
)  # fmt: skip
def test_hostile_pages_cost_no_more_than_their_length(unit: str) -> None:
    def cost(count: int) -> float:
        began = time.process_time()
        read_page(unit * count)
        return time.process_time() - began

    small = min(cost(500) for _ in range(3))
    assert min(cost(4_000) for _ in range(2)) < 40 * small + 0.2


@pytest.mark.parametrize("source", ["<" * (MAX_TAGS + 1), "x" * 2_000_001])
def test_what_is_too_large_is_left_alone(source: str) -> None:
    assert read_page(source) is None


def test_links_in_text() -> None:
    text = (
        "See https://a.test/x_(y), (http://b.test/?q=1&r=2). Not xhttp://c.test nor ftp://d.test; <HTTPS://E.test/z>!"
    )
    assert retarget_text(text, lambda url: f"[{url}]") == (
        "See [https://a.test/x_(y], ([http://b.test/?q=1&r=2]). Not xhttp://c.test nor ftp://d.test; "
        "<[HTTPS://E.test/z]>!"
    ).replace("x_(y],", "x_(y]),")
    assert retarget_text(text, lambda url: None) == text


def test_a_url_in_text_that_goes_on_with_a_placeholder_is_none_yet() -> None:
    text = "https://a.test/?u={{{UNSUBSCRIBE_URL}}} https://a.test/{{id}}/x http://{{{UNSUBSCRIBE_URL}}}"
    assert retarget_text(text, lambda url: "?") == text
