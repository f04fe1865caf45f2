"""Rendering: what Mustache says for the subset that we take, and the bounds that nothing escapes."""

import html
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.core.address import Mailbox
from emailgw.core.model import Content
from emailgw.core.template import Variable
from emailgw.mime.template import MAX_OUTPUT, TemplateError, needed_names, parse, render

ANN = Mailbox.parse("ann@sender.test")


def fill(text: str, *variables: Variable, **values: Any) -> tuple[str, str]:
    """(as plain text, as HTML)"""
    content = render(Content(ANN, subject="s", text=text, html=text, placeholders=variables), values)
    assert content.placeholders is None
    assert content.text is not None
    assert content.html is not None
    return content.text, content.html


@pytest.mark.parametrize(
    ("template", "values", "expected"),
    [
        ("", {}, ""),
        ("no placeholder { } }}", {}, "no placeholder { } }}"),
        ("Hi {{NAME}}!", {"NAME": "Ann"}, "Hi Ann!"),
        ("Hi {{ NAME }}!", {"NAME": "Ann"}, "Hi Ann!"),
        ("{{A}}{{A}}}", {"A": 1}, "11}"),
        ("{{n}} {{m}} {{b}}", {"n": 20.0, "m": 9.5, "b": True}, "20 9.5 true"),
        ("{{missing}}.", {}, "."),
        ("{{null}}.", {"null": None}, "."),
        ("{{NAME|friend}}", {}, "friend"),
        ("{{NAME|friend}}", {"NAME": "Ann"}, "Ann"),
        ("{{{NAME|dear friend}}}", {}, "dear friend"),
        ("{{user.name}}", {"user": {"name": "Ann"}}, "Ann"),
        ("{{user.name.first}}", {"user": {"name": "Ann"}}, ""),
        ("{{list}}", {"list": [1, 2]}, "[1,2]"),
        ("{{#items}}<{{name}}>{{/items}}", {"items": [{"name": "a"}, {"name": "b"}]}, "<a><b>"),
        ("{{#items}}{{.}},{{/items}}", {"items": [1, 2]}, "1,2,"),
        ("{{#items}}{{x}}{{/items}}", {"items": [{}], "x": "outer"}, "outer"),
        ("{{#yes}}y{{/yes}}{{^yes}}n{{/yes}}", {"yes": True}, "y"),
        ("{{#yes}}y{{/yes}}{{^yes}}n{{/yes}}", {"yes": []}, "n"),
        ("{{#o}}{{a}}{{/o}}", {"o": {"a": 1}}, "1"),
        ("a{{! nobody reads {this} }}b", {}, "ab"),
        ("a\n{{#x}}\nb\n{{/x}}\nc\n", {"x": True}, "a\nb\nc\n"),
        ("a\r\n  {{#x}}  \r\nb\r\n  {{/x}}\r\nc", {"x": True}, "a\r\nb\r\nc"),
        ("a {{#x}} b {{/x}} c", {"x": True}, "a  b  c"),
    ],
)
def test_it_says_what_mustache_says(template: str, values: dict[str, Any], expected: str) -> None:
    assert fill(template, **values)[0] == expected


def test_html_is_escaped_and_text_is_not() -> None:
    value = "<b class=\"x\">'&'</b>"
    assert fill("{{V}}", V=value) == (value, html.escape(value))
    assert fill("{{{V}}}{{&V}}", V=value) == (value * 2, value * 2)
    assert fill("{{V|a&b}}")[1] == "a&amp;b"


def test_declared_fallbacks_stand_in() -> None:
    variable = Variable("NAME", fallback="friend")
    assert fill("{{NAME}}", variable)[0] == "friend"
    assert fill("{{NAME}}", variable, NAME=None)[0] == "friend"
    assert fill("{{NAME}}", variable, NAME="")[0] == ""


def test_what_declares_nothing_is_left_alone() -> None:
    content = Content(ANN, subject="{{A}}", text="{{=<% %>=}}")
    assert render(content, {"A": "x"}) is content


def test_values_are_never_templates() -> None:
    assert fill("{{A}}", A="{{B}}", B="no")[0] == "{{B}}"
    assert fill("{{{A}}}{{#L}}{{{.}}}{{/L}}", A="{{#B}}", B="no", L=["{{B}}"])[0] == "{{#B}}{{B}}"


@pytest.mark.parametrize(
    "template",
    [
        *("{{", "{{A", "{{{A}}", "{{}}", "{{ }}", "{{=<% %>=}}", "{{> part}}", "{{A B}}", "{{a..b}}", "{{é}}"),
        *("{{a()}}", "{{a[0]}}", "{{#A}}", "{{/A}}", "{{#A}}{{/B}}", "{{#A}}" * 11 + "{{/A}}" * 11),
    ],
)
def test_what_is_malformed_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        parse(template)


@pytest.mark.parametrize("name", ["__class__", "x.__class__", "s.upper", "l.append", "d.items", "d.keys", "n.real"])
def test_names_never_lead_into_python_objects(name: str) -> None:
    values = {"x": {}, "s": "text", "l": [1], "d": {"a": 1}, "n": 1}
    assert fill(f"{{{{{name}}}}}", **values)[0] == ""


def test_which_variables_a_template_needs() -> None:
    text = "{{A}} {{B|b}} {{user.name}} {{#items}}{{price}}{{/items}}{{^C}}{{D}}{{/C}}"
    assert needed_names(text) == {"A", "user"}


def test_repetition_and_output_are_bounded() -> None:
    deep = "{{#l}}" * 8 + "x" + "{{/l}}" * 8
    with pytest.raises(TemplateError, match="repeats too much"):
        fill(deep, l=[1] * 50)
    with pytest.raises(TemplateError, match="characters"):
        fill("{{#l}}{{s}}{{/l}}", l=[1] * 1000, s="x" * 10_000)
    with pytest.raises(TemplateError, match="characters"):
        fill("{{s}}", s="x" * (MAX_OUTPUT + 1))
    with pytest.raises(TemplateError, match="characters"):
        fill("{{a}}{{b}}", a="<" * (MAX_OUTPUT // 4), b="x" * 10)


def test_a_placeholder_that_stands_there_twice_says_the_same_twice_and_escapes_as_each_is_written() -> None:
    text = "{{a}}{{{a}}}{{a|x}}{{#l}}{{a}}{{.}}{{/l}}{{a}}"
    assert fill(text, a="<", l=["1", "2"]) == ("<<<<1<2<", "&lt;<&lt;&lt;1&lt;2&lt;")
    assert fill("{{#l}}{{a}}{{a}}{{/l}}", a="o", l=[{"a": 1}, {}])[0] == "11oo"


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=4),
    max_leaves=20,
)
PIECES = st.lists(
    st.sampled_from(
        ["{{a}}", "{{{b}}}", "{{#a}}", "{{/a}}", "{{^b}}", "{{/b}}", "{{.}}", "{{a.b}}", "{{c|x}}", "\n", " "]
    )
    | st.text(alphabet="ab{}#^/&!>=|. \n", max_size=6),
    max_size=12,
).map("".join)


@given(PIECES, st.dictionaries(st.sampled_from("abcd"), JSON))
def test_any_template_with_any_values_is_refused_or_rendered_alike_each_time(
    template: str, values: dict[str, Any]
) -> None:
    try:
        first = fill(template, **values)
    except TemplateError:
        return
    assert first == fill(template, **values)
    assert all(len(part) <= MAX_OUTPUT for part in first)
    msgspec.json.encode(first)


@given(st.dictionaries(st.sampled_from("abc"), st.text()))
def test_no_value_can_open_a_tag_in_html(values: dict[str, str]) -> None:
    shown = fill("{{a}}{{b}}{{#c}}{{c}}{{/c}}", **values)[1]
    assert not set(shown) & set("<>\"'")
