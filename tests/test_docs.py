"""The docs are tested: each setting, command, state, event, metric and error name stands in them, with its default."""

import tomllib
from pathlib import Path
from typing import get_type_hints

import click
import pytest

from emailgw import metrics
from emailgw.cli import group
from emailgw.config import Config, decode
from emailgw.core.events import EventType
from emailgw.core.model import RecipientState
from emailgw.wire import errors

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"


def settings() -> list[str]:
    """Every key of the configuration, dotted."""
    keys: list[str] = []
    for name, kind in get_type_hints(Config).items():
        default = getattr(Config(), name)
        if hasattr(default, "__struct_fields__"):
            keys += [f"{name}.{key}" for key in get_type_hints(kind)]
        else:
            keys.append(name)
    return keys


def commands(command: click.Command = group, path: str = "emailgw") -> list[str]:
    """Every command, as it is typed."""
    if isinstance(command, click.Group):
        return [name for key, sub in command.commands.items() for name in commands(sub, f"{path} {key}")]
    return [path]


def test_the_example_holds_every_key_with_its_default() -> None:
    data = tomllib.loads((ROOT / "config.example.toml").read_text())
    assert decode(data, "config.example.toml") == Config()
    written = [key for key in data if not isinstance(data[key], dict)]
    written += [f"{section}.{key}" for section, keys in data.items() if isinstance(keys, dict) for key in keys]
    assert sorted(written) == sorted(settings())


@pytest.mark.parametrize("key", settings())
def test_each_setting_is_documented(key: str) -> None:
    assert f"| `{key}` |" in (DOCS / "configuration.md").read_text()


@pytest.mark.parametrize("command", commands())
def test_each_command_is_documented(command: str) -> None:
    assert f"| `{command}" in (DOCS / "operating.md").read_text()


@pytest.mark.parametrize("word", [*RecipientState, *EventType])
def test_each_state_and_event_is_documented(word: str) -> None:
    assert f"`{word}`" in (DOCS / "operating.md").read_text()


def test_each_metric_is_documented() -> None:
    text = (DOCS / "operating.md").read_text()
    names = [family.name + ("_total" if family.type == "counter" else "") for family in metrics.registry.collect()]
    assert names
    assert [name for name in names if f"`{name}" not in text] == []


def test_each_error_name_is_documented() -> None:
    text = (DOCS / "api.md").read_text()
    future = {"restricted_api_key", "rate_limit_exceeded"}  # in the table for what comes next; nothing raises them yet
    names = set(errors._SAME) | {wire for pairs in errors._DIFFERENT.values() for _, wire in pairs.values()}
    assert [name for name in names - future if f"`{name}`" not in text] == []


def test_the_design_is_the_glossarys() -> None:
    text = (DOCS / "glossary.md").read_text()
    for term in ("reverse-path", "next hop", "site", "lane", "claim, lease", "settle", "enhanced status"):
        assert f"| {term} |" in text
