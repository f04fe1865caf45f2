"""The description of the API (OpenAPI 3.1), made of the routes that are served and of their types. Pure.

A request's schema is read off the type that decodes it, an answer's off the type that it is written as, errors and
their statuses off the table that makes them: nothing is said twice, so nothing drifts.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from emailgw.api.operation import JSON, DescribedRoute, Operation
from emailgw.wire.errors import WHEN, ErrorBody, error_answers

Json = dict[str, Any]

_REF = "#/components/schemas/"
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")
_ANYWHERE = ("malformed_request", "application_error", "unavailable")
_GUARDED = ("missing_api_key", "invalid_api_key", "restricted_api_key", "rate_limit_exceeded")
_WITH_BODY = ("too_large", "too_slow", "validation_error", "missing_required_field", "invalid_parameter")
_RATE = {
    "ratelimit-limit": "Requests that the API key has in a second.",
    "ratelimit-remaining": "How many of them are left.",
    "ratelimit-reset": "Seconds until all are back.",
}
_WAIT = {"retry-after": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_ABOUT = """\
Send `Authorization: Bearer <key>`. Every answer is JSON unless it says otherwise; unknown fields of requests are
ignored. Serve the API at the root of an origin; `//emails` and `/emails/` mean `/emails`.

Where Sendkit's and Resend's clients expect different answers, the API key's dialect decides: keys that begin with `re_`
read Resend's, all others Sendkit's. Where a rate limit applies, every answer has `ratelimit-limit`,
`ratelimit-remaining` and `ratelimit-reset`.

An error is `{"statusCode": 422, "name": "validation_error", "message": "…"}`, and the message says what to change. A
method that a path does not have is a 405 `method_not_allowed`."""


def describe(routes: Sequence[DescribedRoute], version: str) -> Json:
    """The whole description. `routes` in the order in which they are tried."""
    types: list[Any] = [ErrorBody]
    for route in routes:
        wanted = (route.operation.body, route.operation.answer, route.operation.query)
        types += [type for type in wanted if type is not None]
    schemas, components = msgspec.json.schema_components(types, schema_hook=_any_value, ref_template=_REF + "{name}")
    schema_of = {repr(type): _tidy(schema) for type, schema in zip(types, schemas, strict=True)}
    queries = {route.operation.query.__name__ for route in routes if route.operation.query is not None}
    paths: dict[str, Json] = {}
    for route in routes:
        operation = _operation(route, schema_of, components)
        paths.setdefault(_PARAMETER.sub(r"{\1}", route.path), {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "emailgw", "version": version, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "tags": [{"name": name} for name in dict.fromkeys(_tag(route) for route in routes)],
        "paths": paths,
        "components": {
            "schemas": {_name(name): _tidy(schema) for name, schema in components.items() if name not in queries},
            "headers": {name: {"description": text, "schema": {"type": "integer"}} for name, text in _RATE.items()},
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "x-errors": [
            {"statuses": sorted({status for status, _ in answers}), "name": min(answers)[1], "when": when}
            for when, answers in ((when, error_answers(name)) for name, when in WHEN.items())
        ],
    }


def errors_of(route: DescribedRoute) -> tuple[str, ...]:
    """Our names of all errors that the route may answer with."""
    operation = route.operation
    names: list[str] = [*_ANYWHERE]
    if route.guarded:
        names += _GUARDED
    if operation.body is not None:
        names += _WITH_BODY
    if operation.query is not None and route.guarded:
        names.append("invalid_parameter")
    if "{" in route.path:
        names.append("not_found")
    return tuple(dict.fromkeys((*names, *operation.errors)))


def _operation(route: DescribedRoute, schema_of: dict[str, Json], components: dict[str, Json]) -> Json:
    operation = route.operation
    shown: Json = {
        "tags": [_tag(route)],
        "summary": operation.summary,
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_"),
        "security": [{"key": []}] if route.guarded else [],
        "parameters": [
            *_path(route),
            *_query(operation, components),
            *(
                {"name": header.name, "in": "header", "description": header.text, "schema": header.schema}
                for header in operation.headers
            ),
        ],
    }
    if operation.body is not None:
        content = {operation.body_media: {"schema": schema_of[repr(operation.body)]}}
        shown["requestBody"] = {"required": not operation.optional, "content": content}
    shown["responses"] = {**_successes(route, schema_of), **_failures(route)}
    return shown


def _path(route: DescribedRoute) -> Iterable[Json]:
    for name, slashes in _PARAMETER.findall(route.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} | (
            {"description": "May hold slashes.", "x-slashes": True} if slashes else {}
        )


def _query(operation: Operation, components: dict[str, Json]) -> Iterable[Json]:
    if operation.query is None:
        return
    for name, schema in components[operation.query.__name__]["properties"].items():
        schema = _tidy(schema)
        text = {"description": schema.pop("description")} if "description" in schema else {}
        yield {"name": name, "in": "query", **text, "schema": schema}


def _successes(route: DescribedRoute, schema_of: dict[str, Json]) -> Json:
    operation = route.operation
    if operation.answer is not None:
        content: Json = {JSON: {"schema": schema_of[repr(operation.answer)]}}
    else:
        content = {operation.media: {"schema": {"type": "string"}}}
    answer: Json = {"description": operation.summary, **_headers(route), "content": content}
    return {str(status): answer for status in operation.statuses}


def _failures(route: DescribedRoute) -> Json:
    """By status, with the names that it may have and when."""
    found: dict[int, dict[str, list[str]]] = {}
    for name in errors_of(route):
        for status, wire_name in error_answers(name):
            found.setdefault(status, {}).setdefault(wire_name, []).append(WHEN[name])
    return {
        str(status): {
            "description": "\n".join(f"`{name}`: {' '.join(whens)}" for name, whens in names.items()),
            **_headers(route, _WAIT if status in (429, 503) else {}),
            "content": {
                JSON: {
                    "schema": {
                        "$ref": f"{_REF}{_name(ErrorBody.__name__)}",
                        "properties": {"statusCode": {"const": status}, "name": {"enum": sorted(names)}},
                    }
                }
            },
        }
        for status, names in sorted(found.items())
    }


def _headers(route: DescribedRoute, more: Json | None = None) -> Json:
    headers = dict(more or {})
    if route.guarded:
        headers |= {name: {"$ref": f"#/components/headers/{name}"} for name in _RATE}
    return {"headers": headers} if headers else {}


def _tag(route: DescribedRoute) -> str:
    words = route.operation.tag or route.path.strip("/").partition("/")[0].replace("-", " ").capitalize()
    return words.replace("Api", "API")


def _any_value(kind: type) -> Json:
    """`object` in a type is any JSON value."""
    if kind is object:
        return {"description": "Any JSON value."}
    raise NotImplementedError


def _name(name: str) -> str:
    """`ListShown_EmailLine_` → `EmailLineList`, `DomainShown` → `Domain`."""
    name = re.sub(r"^(List|Data)Shown_(.*)_$", r"\2\1", name)
    return name.replace("Shown", "")


def _tidy(schema: Any) -> Any:
    """Names as `_name` has them, and no word about a default of null: it says only that a field may be left out."""
    if isinstance(schema, list):
        return [_tidy(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    tidied = {key: _tidy(value) for key, value in schema.items() if not (key == "default" and value is None)}
    if isinstance(reference := tidied.get("$ref"), str):
        tidied["$ref"] = _REF + _name(reference.removeprefix(_REF))
    if isinstance(tidied.get("title"), str):
        del tidied["title"]
    if isinstance(text := tidied.get("description"), str):
        tidied["description"] = " ".join(text.split())
    return tidied
