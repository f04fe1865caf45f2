"""The labelled messages beside the repository (`../shared/corpora`): loaded for the tests, never copied into it."""

import functools
import hashlib
import importlib.util
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from emailgw.bounce.report import Reason

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora"

# What the labels of the replies may be called in our vocabulary.
MEANT_BY = {
    "user-unknown": {Reason.USER_UNKNOWN},
    "policy-or-user-unknown": {Reason.POLICY, Reason.USER_UNKNOWN, Reason.USER_DISABLED},
    "mailbox-full": {Reason.MAILBOX_FULL},
    "user-disabled": {Reason.USER_DISABLED},
    "host-unknown": {Reason.HOST_UNKNOWN},
    "size": {Reason.SIZE},
    "spam": {Reason.SPAM},
    "policy": {Reason.POLICY},
    "sender-rejected": {Reason.POLICY},
    "relay-denied": {Reason.POLICY},
    "virus": {Reason.POLICY},
    "tls": {Reason.POLICY},
    "content": {Reason.POLICY, Reason.SPAM},
    "reputation-block": {Reason.REPUTATION},
    "auth": {Reason.AUTHENTICATION},
    "rate-limit": {Reason.RATE_LIMIT},
    "greylisting": {Reason.GREYLISTED},
    "expired-network": {Reason.EXPIRED, Reason.NETWORK},
    "system": {Reason.SYSTEM},
}

# In CI nothing is skipped: there the test runs, and fails for want of its messages.
needs_corpora = pytest.mark.skipif(
    not CORPORA.is_dir() and os.environ.get("CI") != "true", reason="the labelled corpora are not beside the repository"
)


@functools.cache
def scorer() -> ModuleType:
    """The corpora's own scoring program."""
    spec = importlib.util.spec_from_file_location("score_bounces", CORPORA / "score_bounces.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def labelled() -> list[dict[str, Any]]:
    """The samples whose labels are neither disputed nor optional."""
    lines = (CORPORA / "bounces" / "expected.jsonl").read_text(encoding="utf-8").splitlines()
    samples = [json.loads(line) for line in lines]
    return [sample for sample in samples if not sample.get("contested") and not sample.get("optional")]


def sample_bytes(sample: dict[str, Any]) -> bytes:
    return CORPORA.joinpath("bounces", str(sample["file"])).read_bytes()


def every_message() -> list[bytes]:
    """Every message of all corpora."""
    return [
        path.read_bytes() for name in ("bounces", "mime") for path in sorted((CORPORA / name / "samples").iterdir())
    ]


def replies() -> list[dict[str, Any]]:
    lines = (CORPORA / "smtp-replies" / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def is_held_out(name: str) -> bool:
    """A third of the families, chosen by the hash of the name; no rule was written from their samples at first."""
    return hashlib.sha256(name.encode()).digest()[0] % 3 == 0
