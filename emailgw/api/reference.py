"""The description of the API as one HTML page: no scripts, nothing from elsewhere, readable without a network. Pure."""

import html
import re
from base64 import b64encode
from collections.abc import Iterable
from hashlib import sha256
from typing import Any

Json = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; display: grid; grid-template-columns: 17rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow: auto; padding: 1rem; border-right: 1px solid var(--line);
  box-sizing: border-box; font-size: 13px; }
nav b { display: block; margin: .8rem 0 .2rem; } nav a { display: block; color: inherit; text-decoration: none; }
nav a:hover { text-decoration: underline; }
main { padding: 1rem 2rem; max-width: 60rem; } h2 { margin-top: 3rem; border-bottom: 1px solid var(--line); }
section { margin: 2rem 0; } h3 code { font-size: 1rem; } .method { font-weight: bold; }
code { font: 13px ui-monospace, monospace; background: var(--soft); padding: 0 .2em; border-radius: 3px; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; } summary { cursor: pointer; margin: .5rem 0; }
td, th { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } }
"""
# What the page may load: its own style, and nothing else.
POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"

_LIMITS = {
    "format": "format",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "from {}",
    "maximum": "to {}",
    "maxItems": "at most {} entries",
    "maxProperties": "at most {} entries",
    "default": "default",
}


def render(description: Json) -> str:
    """`description` as `api.openapi` makes it; every text in it is escaped."""
    title = f"{description['info']['title']} API {description['info']['version']}"
    operations = [
        (method.upper(), path, operation)
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
    ]
    chapters = {
        tag["name"]: [one for one in operations if one[2]["tags"] == [tag["name"]]] for tag in description["tags"]
    }
    schemas = description["components"]["schemas"]
    return "".join(
        (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{_text(title)}</title>',
            f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style></head><body>',
            f"<nav><b>{_text(title)}</b>",
            *(_contents(name, chapter) for name, chapter in chapters.items()),
            '<b>Appendix</b><a href="#errors">Errors</a><a href="#types">Types</a>',
            '<a href="/openapi.json">openapi.json</a></nav>',
            f"<main><h1>{_text(title)}</h1>{_paragraphs(description['info']['description'])}",
            *(
                f"<h2>{_text(name)}</h2>" + "".join(_operation(*one) for one in chapter)
                for name, chapter in chapters.items()
            ),
            '<h2 id="errors">Errors</h2>',
            _table(
                ("status", "name", "when"),
                (
                    (
                        ", ".join(map(str, error["statuses"])),
                        f"<code>{_text(error['name'])}</code>",
                        _prose(error["when"]),
                    )
                    for error in description["x-errors"]
                ),
            ),
            '<h2 id="types">Types</h2>',
            *(_type(name, schema) for name, schema in sorted(schemas.items())),
            "</main></body></html>",
        )
    )


def _contents(name: str, chapter: Iterable[tuple[str, str, Json]]) -> str:
    links = (f'<a href="#{operation["operationId"]}">{method} {_text(path)}</a>' for method, path, operation in chapter)
    return f"<b>{_text(name)}</b>{''.join(links)}"


def _operation(method: str, path: str, operation: Json) -> str:
    head = f'<span class="method">{method}</span> <code>{_text(path)}</code>'
    pieces = [
        f'<section id="{operation["operationId"]}"><h3>{head}</h3>',
        f"<p>{_prose(operation['summary'])}.{'' if operation['security'] else ' No API key is needed.'}</p>",
    ]
    if operation["parameters"]:
        pieces.append(_table(("parameter", "in", "type", ""), map(_parameter, operation["parameters"])))
    if body := operation.get("requestBody"):
        for media, content in body["content"].items():
            optional = "" if body["required"] else ", optional"
            pieces.append(f"<p>Body ({_text(media)}{optional}): {_kind(content['schema'])}</p>")
    answers = operation["responses"].items()
    good = [(status, answer) for status, answer in answers if status < "4"]
    bad = [(status, answer) for status, answer in answers if status >= "4"]
    for status, answer in good:
        for media, content in answer["content"].items():
            pieces.append(f"<p>{status} ({_text(media)}): {_kind(content['schema'])}</p>")
    rows = ((status, _prose(answer["description"]).replace("\n", "<br>")) for status, answer in bad)
    pieces.append(f"<details><summary>Errors</summary>{_table(('status', 'name and when'), rows)}</details></section>")
    return "".join(pieces)


def _parameter(parameter: Json) -> tuple[str, ...]:
    schema = parameter["schema"]
    required = " (required)" if parameter.get("required") else ""
    text = _prose(parameter.get("description", ""))
    return (
        f"<code>{_text(parameter['name'])}</code>{required}",
        parameter["in"],
        _kind(schema),
        f"{text}{_limits(schema)}",
    )


def _type(name: str, schema: Json) -> str:
    head = (
        f'<section id="type-{name}"><h3><code>{_text(name)}</code></h3><p>{_prose(schema.get("description", ""))}</p>'
    )
    if "properties" not in schema:
        return f"{head}<p>{_kind(schema)}</p></section>"
    required = schema.get("required", ())
    rows = (
        (
            f"<code>{_text(field)}</code>",
            _kind(value) + ("" if field in required else ", optional"),
            f"{_prose(value.get('description', ''))}{_limits(value)}",
        )
        for field, value in schema["properties"].items()
    )
    return f"{head}{_table(('field', 'type', ''), rows)}</section>"


def _kind(schema: Json) -> str:
    """A schema's type in words, with a link to a type that has a name."""
    if reference := schema.get("$ref"):
        name = _text(reference.rpartition("/")[2])
        return f'<a href="#type-{name}">{name}</a>'
    if "enum" in schema:
        return " or ".join(
            f"<code>{_text(str(word) if word is not None else 'null')}</code>" for word in schema["enum"]
        )
    if "const" in schema:
        return f"<code>{_text(str(schema['const']))}</code>"
    if choices := schema.get("anyOf"):
        return " or ".join(_kind(choice) for choice in choices)
    kind = schema.get("type", "any value")
    if kind == "array":
        return f"array of {_kind(schema.get('items', {}))}"
    if kind == "object" and isinstance(values := schema.get("additionalProperties"), dict):
        return f"object of {_kind(values)}"
    return _text(str(kind))


def _limits(schema: Json) -> str:
    words = []
    for keyword, form in _LIMITS.items():
        if keyword in schema:
            value = f"{schema[keyword]:,}" if isinstance(schema[keyword], int) else str(schema[keyword])
            words.append(form.format(value) if "{}" in form else f"{form} {value}")
    return f" ({_text(', '.join(words))})" if words else ""


def _table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"


def _paragraphs(text: str) -> str:
    return "".join(f"<p>{_prose(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _prose(text: str) -> str:
    """Escaped, with what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _text(text))


def _text(text: str) -> str:
    return html.escape(text)
