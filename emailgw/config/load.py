"""From a TOML file to a Config, or to the one line that says what is wrong with it."""

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any, get_type_hints

import msgspec

from emailgw.config.checks import check
from emailgw.config.quantities import PARSED
from emailgw.config.sections import Config, Section
from emailgw.errors import ConfigError


def load(path: Path) -> Config:
    """Read and check the file. Raises ConfigError with one line that says what to change."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from None
    return decode(data, str(path))


def decode(data: dict[str, Any], file: str) -> Config:
    """Strictly, from parsed TOML; `file` is named in the error. Raises ConfigError."""
    unknown = _unknown_key(data, Config, "")
    if unknown is not None:
        raise ConfigError(f"{file}: {unknown}")
    try:
        config = msgspec.convert(data, Config, dec_hook=_parse)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{file}: {_explain(str(error), data)}") from None
    problem = check(config)
    if problem is not None:
        raise ConfigError(f"{file}: {problem}")
    return config


def _parse(kind: type, value: object) -> object:
    if kind in PARSED:
        return kind.parse(value)
    raise NotImplementedError(kind)


def _unknown_key(data: dict[str, Any], section: type, prefix: str) -> str | None:
    hints = get_type_hints(section)
    for key, value in data.items():
        if key not in hints:
            close = difflib.get_close_matches(key, hints, 1)
            hint = f"; did you mean {prefix}{close[0]}?" if close else f"; known here are {', '.join(hints)}"
            return f"{prefix}{key}: unknown key{hint}"
        kind = hints[key]
        if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, Section):
            found = _unknown_key(value, kind, f"{prefix}{key}.")
            if found is not None:
                return found
    return None


def _explain(text: str, data: dict[str, Any]) -> str:
    """`Expected X, got Y - at $.a.b[0]` made into `a.b[0]: found …, expected …`."""
    message, _, path = text.partition(" - at `$")
    path = path.rstrip("`").lstrip(".")
    value: Any = data
    for part in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            value = None
    expected = re.match(r"Expected `([^`]+)`", message)
    words = {"int": "an integer", "float": "a number", "str": "a string", "bool": "true or false", "array": "a list"}
    wanted = words.get(expected[1], f"a {expected[1]}") if expected else message
    if expected and expected[1] == "object":
        wanted = f"a section [{path}]"
    shown = repr(value) if len(repr(value)) <= 60 else repr(value)[:57] + "..."
    return f"{path}: found {shown}, expected {wanted}"
