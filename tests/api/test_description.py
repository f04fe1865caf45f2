"""The description of the API tells what is served: every path and method, request, query, error, and nothing else."""

import ast
import pkgutil
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import msgspec
import pytest

from emailgw import api as api_package
from emailgw import wire
from emailgw.wire.errors import _DIFFERENT, _PLAIN, _SAME, WHEN, error_answers
from emailgw.wire.event_lists import EventsQuery, StreamQuery, read_event_filter, read_event_piece
from emailgw.wire.figures import FiguresQuery, read_figures
from emailgw.wire.listing import EmailsQuery, read_filter
from emailgw.wire.lists import PageQuery, read_page
from emailgw.wire.suppressions import ExportQuery, SuppressionsQuery
from emailgw.wire.suppressions import read_filter as read_suppression_filter
from tests.api.conftest import Api
from tests.harness.judge import pattern_of

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
PROGRAM = Path(wire.__file__).parent.parent
NEWSLETTERS = (
    *("contacts", "segments", "topics", "broadcasts", "automations", "inboxes", "audiences", "contact-properties"),
    *("properties", "lists", "senders"),
)


@pytest.fixture(scope="module")
def description(api: Api) -> Any:
    return api.client.get("/openapi.json").raise_for_status().json()


def operations(description: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in description["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def test_it_is_a_description(description: Any) -> None:
    assert description["openapi"] == "3.1.0"
    for name, schema in description["components"]["schemas"].items():
        whole = {**schema, "components": description["components"]}
        assert jsonschema_rs.meta.is_valid(schema), name
        jsonschema_rs.Draft202012Validator(whole)  # raises where a reference leads nowhere
    names = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(names) == len(set(names)) > 40


def test_what_is_described_is_served_and_nothing_else(api: Api, description: Any) -> None:
    """Any other method of a described path is refused as such, and the described ones are not."""
    for path in (path.replace("{", "").replace("}", "") for path in description["paths"]):
        for method in METHODS:
            described = any(
                method.lower() in operations
                for other, operations in description["paths"].items()
                if pattern_of(other, operations).fullmatch(path)  # `/emails/{id}` serves `/emails/batch` as well
            )
            answer = api.client.request(method, path)
            assert (answer.status_code == 405) is not described, (method, path, answer.text)
            assert "endpoint does not exist" not in answer.text, (method, path)
            if not described:
                allowed = set(answer.headers["allow"].split(", "))
                assert allowed >= {name.upper() for name in description["paths"].get(path, {})}


def test_routes_are_made_where_they_must_say_what_they_do() -> None:
    """So that there is no other way to serve something."""
    makers = [
        module.name
        for module in pkgutil.iter_modules(api_package.__path__)
        if "starlette.routing" in (Path(api_package.__path__[0]) / f"{module.name}.py").read_text()
    ]
    assert makers == ["operation"]


def request_types() -> dict[str, type[msgspec.Struct]]:
    """What the decoders of `wire` decode."""
    found: dict[str, type[msgspec.Struct]] = {}
    for module in pkgutil.iter_modules(wire.__path__):
        for value in vars(import_module(f"emailgw.wire.{module.name}")).values():
            if isinstance(value, msgspec.json.Decoder):
                for kind in getattr(value.type, "__args__", (value.type,)):
                    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
                        found[kind.__name__] = kind
    return found


def test_every_request_type_is_in_it(description: Any) -> None:
    types = request_types()
    assert len(types) >= 11
    bodies = str([operation.get("requestBody") for _, _, operation in operations(description)])
    for name, kind in types.items():
        assert set(description["components"]["schemas"][name]["properties"]) == set(kind.__struct_encode_fields__), name
        assert f"/{name}'" in bodies, f"{name} is no operation's body"


def test_every_error_is_in_it(description: Any) -> None:
    assert set(WHEN) == {*_SAME, *_DIFFERENT, *_PLAIN}
    answered = {
        (int(status), name)
        for _, _, operation in operations(description)
        for status, answer in operation["responses"].items()
        for content in answer["content"].values()
        for name in content["schema"].get("properties", {}).get("name", {}).get("enum", ())
    }
    wanted = {answer for name in WHEN for answer in error_answers(name)}
    assert wanted - answered == {(405, "method_not_allowed")}
    assert answered <= wanted
    assert [error["when"] for error in description["x-errors"]] == list(WHEN.values())


def test_every_error_that_is_raised_has_a_place_in_the_table() -> None:
    raised = {
        keyword.value.value
        for path in PROGRAM.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") in ("Rejected", "TooManyRequests", "Unauthorized")
        for keyword in call.keywords
        if keyword.arg == "name" and isinstance(keyword.value, ast.Constant)
    }
    assert len(raised) > 10
    assert raised - set(WHEN) == set()


class Asked(dict[str, str]):
    """A query that notes which parameters were looked for."""

    def __init__(self, **given: str) -> None:
        super().__init__(**given)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)


def test_every_parameter_is_in_it() -> None:
    """A reader looks for the fields of its query type, and for no others."""
    page = Asked(limit="5"), Asked()
    for query in page:
        read_page(query)
    in_page = page[0].names | page[1].names
    assert in_page == set(PageQuery.__struct_fields__)
    filters = Asked()
    read_filter(filters, 0, None)
    assert filters.names | in_page | {"domain_id"} == set(EmailsQuery.__struct_fields__)
    events = Asked()
    read_event_filter(events, None)
    read_event_piece(events)
    assert events.names | {"domain_id"} | in_page == set(EventsQuery.__struct_fields__)
    assert set(StreamQuery.__struct_fields__) == {*EventsQuery.__struct_fields__} - {*in_page, "order"} | {"after"}
    figures = Asked()
    read_figures(figures, 10**12, ())
    assert figures.names | {"domain", "domain_id"} == set(FiguresQuery.__struct_fields__)
    suppressions = Asked()
    read_suppression_filter(suppressions)
    assert suppressions.names == set(ExportQuery.__struct_fields__)
    assert suppressions.names | in_page == set(SuppressionsQuery.__struct_fields__)


def test_the_page_needs_nothing_else(api: Api, description: Any) -> None:
    answer = httpx.get(f"{api.gateway.url}/docs")
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = answer.text
    assert re.findall(r"<script|<link|<img|\bsrc=|url\(|@import|https?://(?!\S*example)", page) == []
    for method, path, operation in operations(description):
        assert f'<span class="method">{method}</span> <code>{path}</code>' in page
        assert f'<section id="{operation["operationId"]}">' in page
    for name in description["components"]["schemas"]:
        assert f'<section id="type-{name}">' in page
    targets = set(re.findall(r'href="#([^"]+)"', page))
    assert targets <= set(re.findall(r'\bid="([^"]+)"', page))


@pytest.mark.parametrize("resource", NEWSLETTERS)
@pytest.mark.parametrize("method", METHODS)
def test_what_belongs_to_newsletters_does_not_exist(api: Api, method: str, resource: str) -> None:
    for path in (f"/{resource}", f"/{resource}/x", f"/{resource}/x/y"):
        answer = api.client.request(method, path, headers={"authorization": f"Bearer {api.resend}"})
        assert answer.status_code == 404
        assert answer.json()["statusCode"] == 404
        assert answer.json()["name"] == "not_found"
