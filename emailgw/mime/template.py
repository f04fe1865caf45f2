"""Placeholders → text: `render` fills a content's subject, html and text with one message's variables.

Called by the queue: when a message is accepted (to check it) and each time it is composed. A strict subset of Mustache
(mustache(5)): `{{NAME}}`, escaped in HTML, `{{{NAME}}}`, `{{NAME|fallback}}`, dotted names into objects, sections and
comments. Templates cannot compute: no partials, no other delimiters, no functions, and names lead into JSON data only.
Parsing is linear and remembered; rendering is pure (guarantee G7), and its output, steps and depth are bounded.
"""

import collections
import functools
import html
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from emailgw.core.model import Content
from emailgw.core.tracking import PLACEHOLDER_NAMES, UNSUBSCRIBE_URL
from emailgw.errors import EmailgwError

MAX_OUTPUT = 2_000_000  # characters that one message may say
MAX_STEPS = 100_000  # pieces put together for one message: nested sections multiply
TOO_LONG = f"it says more than {MAX_OUTPUT} characters"
MAX_DEPTH = 10  # of sections in sections

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,99}){0,9}")
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r?\n|\Z)")
_OWN_LINE = frozenset("#^/!")  # tags that say nothing themselves
_SIGNS = frozenset("#^/&")
_REMEMBERED = 128
_LONGEST_REMEMBERED = 128 * 1024  # characters: what is remembered stays below 16 MB of text

_encode = msgspec.json.Encoder().encode


class TemplateError(EmailgwError):
    """What is wrong with a template, or with one rendering of it; for the one who wrote it."""


class Placeholder(NamedTuple):
    path: tuple[str, ...]  # empty: the item of the section around it
    escaped: bool
    fallback: str | None


class Section(NamedTuple):
    path: tuple[str, ...]
    inverted: bool
    block: "Block"


class Block(NamedTuple):
    """Pieces in a row; a number is that one of `placeholders` and, behind them, `literals`. Each placeholder says the
    same wherever it stands in the block, so it is looked up and escaped once. `times`: how often each of them stands
    there; `literal`: the characters of the literals.
    """

    pieces: tuple[int | Section, ...]
    placeholders: tuple[Placeholder, ...]
    literals: tuple[str, ...]
    times: tuple[int, ...]
    literal: int
    has_sections: bool


class Parsed(NamedTuple):
    block: Block
    needed: frozenset[str]


def render(content: Content, variables: Mapping[str, object]) -> Content:
    """The content as one message says it; unchanged where it declares no placeholders.

    `variables`: JSON values by name. One that is missing or null is its declared fallback, or else empty. Raises
    TemplateError for a template that is malformed and for output beyond the bounds.
    """
    if content.placeholders is None:
        return content
    values = {variable.key: variable.fallback for variable in content.placeholders}
    values |= {name: value for name, value in variables.items() if value is not None}
    values |= dict.fromkeys(PLACEHOLDER_NAMES, UNSUBSCRIBE_URL)  # each recipient's own link, put in by `tracking`
    rendering = _Rendering()
    return msgspec.structs.replace(
        content,
        subject=rendering.apply(content.subject, values, _plain),
        text=None if content.text is None else rendering.apply(content.text, values, _plain),
        html=None if content.html is None else rendering.apply(content.html, values, html.escape),
        placeholders=None,
    )


def needed_names(text: str) -> frozenset[str]:
    """The variables without which a template has a gap: those named outside sections and without a fallback.

    A name in a section may be the item's, and a section's own name may be missing: that is what sections are for.
    Raises TemplateError when the template is malformed.
    """
    return parse(text).needed


def is_variable_name(text: str) -> bool:
    return "." not in text and _NAME.fullmatch(text) is not None


def parse(text: str) -> Parsed:
    """A template's pieces. Raises TemplateError with what is wrong and where."""
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else _Parser(text).parse()


def _plain(text: str) -> str:
    return text


class _Open(NamedTuple):
    """A section whose end has not come yet."""

    name: str
    inverted: bool
    pieces: list[str | int | Section]
    placeholders: dict[Placeholder, int]

    def block(self) -> Block:
        count = len(self.placeholders)
        literals = tuple(piece for piece in self.pieces if isinstance(piece, str))
        numbers = itertools.count(count)
        pieces = tuple(next(numbers) if isinstance(piece, str) else piece for piece in self.pieces)
        stands = collections.Counter(piece for piece in pieces if isinstance(piece, int))
        return Block(
            pieces,
            tuple(self.placeholders),
            literals,
            tuple(stands[number] for number in range(count)),
            sum(map(len, literals)),
            any(isinstance(piece, Section) for piece in pieces),
        )


class _Parser:
    """Left to right, each character looked at a fixed number of times."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._open = [_Open("", False, [], {})]

    def parse(self) -> Parsed:
        at = 0
        while (start := self._text.find("{{", at)) >= 0:
            at = self._tag(at, start)
        self._literal(at, len(self._text))
        if len(self._open) > 1:
            raise TemplateError(f"the section {{{{#{self._open[-1].name}}}}} has no end")
        block = self._open[0].block()
        needed = (node.path[0] for node in block.placeholders if node.path and node.fallback is None)
        return Parsed(block, frozenset(needed))

    def _literal(self, start: int, end: int) -> None:
        if start < end:
            self._open[-1].pieces.append(self._text[start:end])

    def _tag(self, at: int, start: int) -> int:
        """The literal text from `at` and the tag at `start`; where to go on."""
        triple = self._text.startswith("{{{", start)
        closing = "}}}" if triple else "}}"
        inner = start + len(closing)
        end = self._text.find(closing, inner)
        if end < 0:
            raise TemplateError(f"the placeholder on line {self._line(start)} has no {closing}")
        after = end + len(closing)
        body = self._text[inner:end].strip()
        sign = "{" if triple else body[:1]
        if sign in _OWN_LINE:
            start, after = self._whole_line(at, start, after)
        self._literal(at, start)
        if sign == "!":
            return after
        if sign in _SIGNS:
            body = body[1:].strip()
        name, bar, fallback = body.partition("|")
        path = self._path(name.strip(), start)
        if sign in ("#", "^"):
            if len(self._open) > MAX_DEPTH:
                raise TemplateError(f"sections are nested deeper than {MAX_DEPTH}")
            self._open.append(_Open(body, sign == "^", [], {}))
        elif sign == "/":
            self._close(body, path)
        else:
            pieces, placeholders = self._open[-1].pieces, self._open[-1].placeholders
            placeholder = Placeholder(path, sign not in ("{", "&"), fallback if bar else None)
            pieces.append(placeholders.setdefault(placeholder, len(placeholders)))
        return after

    def _close(self, name: str, path: tuple[str, ...]) -> None:
        section = self._open.pop()
        if not self._open or section.name != name:
            raise TemplateError(f"{{{{/{name}}}}} ends no section that is open there")
        self._open[-1].pieces.append(Section(path, section.inverted, section.block()))

    def _path(self, name: str, start: int) -> tuple[str, ...]:
        if name == ".":
            return ()
        if not _NAME.fullmatch(name):
            shown = name[:40].replace("\r", " ").replace("\n", " ")
            raise TemplateError(
                f"{{{{{shown}}}}} on line {self._line(start)} is no placeholder: a name has letters, digits, _ and -, "
                "begins with a letter, and may stand behind # or ^ (section), / (its end), & or ! (comment)"
            )
        return tuple(name.split("."))

    def _whole_line(self, at: int, start: int, after: int) -> tuple[int, int]:
        """A section's tag that has a line for itself takes the line with it (mustache(5), standalone tags)."""
        line = self._text.rfind("\n", at, start) + 1 or at
        begins = line == 0 or self._text[line - 1] == "\n"
        rest = _REST_OF_LINE.match(self._text, after)
        if begins and rest and not self._text[line:start].strip(" \t"):
            return line, rest.end()
        return start, after

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1


@functools.lru_cache(_REMEMBERED)
def _remembered(text: str) -> Parsed:
    return _Parser(text).parse()


class _Rendering:
    """One message's rendering: all its parts share the bounds."""

    def __init__(self) -> None:
        self._room = MAX_OUTPUT
        self._steps = MAX_STEPS

    def apply(self, template: str, values: dict[str, object], escape: Callable[[str], str]) -> str:
        said: list[str] = []
        self._fill(parse(template).block, [values], escape, said)
        return "".join(said)

    def _fill(self, block: Block, stack: Sequence[object], escape: Callable[[str], str], said: list[str]) -> None:
        self._steps -= 1 + len(block.pieces)
        if self._steps < 0:
            raise TemplateError(f"it repeats too much: more than {MAX_STEPS} pieces")
        texts = self._say(block, stack, escape)
        if not block.has_sections:
            said += map(texts.__getitem__, block.pieces)  # type: ignore[arg-type]
            return
        for piece in block.pieces:
            if isinstance(piece, Section):
                for item in _items(piece, _look_up(piece.path, stack)):
                    self._fill(piece.block, [*stack, item], escape, said)
            else:
                said.append(texts[piece])

    def _say(self, block: Block, stack: Sequence[object], escape: Callable[[str], str]) -> list[str]:
        """What its pieces number. They are not put together yet: what is too much was never there."""
        self._take(block.literal)
        texts: list[str] = []
        for placeholder, times in zip(block.placeholders, block.times, strict=True):
            text = _text(_look_up(placeholder.path, stack))
            if not text and placeholder.fallback is not None:
                text = placeholder.fallback
            if placeholder.escaped and len(text) <= self._room:
                text = escape(text)
            self._take(times * len(text))
            texts.append(text)
        texts += block.literals
        return texts

    def _take(self, characters: int) -> None:
        self._room -= characters
        if self._room < 0:
            raise TemplateError(TOO_LONG)


def _look_up(path: tuple[str, ...], stack: Sequence[object]) -> object:
    """The innermost value of that name; dicts only, so that no name leads into a Python object."""
    if not path:
        return stack[-1]
    for context in reversed(stack):
        if isinstance(context, dict) and path[0] in context:
            value = context[path[0]]
            break
    else:
        return None
    for name in path[1:]:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _items(section: Section, value: object) -> Sequence[object]:
    """How often a section is said, and of what: once for a value, for each item of a list, not at all for nothing."""
    if section.inverted:
        return () if value else (value,)
    if isinstance(value, list):
        return value
    return (value,) if value else ()


def _text(value: object) -> str:
    """JSON data as people read it: a list or an object as JSON, and a whole number without a point."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return _encode(value).decode()
