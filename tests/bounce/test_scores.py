"""The figures that the parser must reach on the labelled messages and replies."""

import functools
from typing import Any

import pytest

from emailgw.bounce.classify import classify
from emailgw.bounce.describe import describe
from emailgw.bounce.parse import parse
from emailgw.core.status import EnhancedStatus
from tests.bench.held_out import FIGURES, gaps
from tests.bounce.corpora import MEANT_BY, is_held_out, labelled, needs_corpora, replies, sample_bytes, scorer

pytestmark = needs_corpora


@functools.cache
def figures(part: str) -> dict[str, Any]:
    samples = [sample for sample in labelled() if part == "all" or is_held_out(sample["family"])]
    predictions = {sample["file"]: describe(parse(sample_bytes(sample))) for sample in samples}
    summary: dict[str, Any] = scorer().summary(scorer().score(samples, predictions))
    return summary


@pytest.mark.parametrize("part", ["all", "held-out families"])
@pytest.mark.parametrize(
    ("figure", "least"),
    [
        ("kind_event", 98.5),
        ("rcpt_set_exact", 98.5),
        ("arf_rcpt", 98.5),
        ("feedback_type", 98.5),
        ("status_exact", 97.0),
        ("action", 97.0),
        ("hard_soft", 95.0),
        ("reason_group", 93.0),
    ],
)
def test_figure_is_reached(part: str, figure: str, least: float) -> None:
    assert figures(part)[figure] >= least


@pytest.mark.parametrize("figure", ["fp", "fp_final", "delayed_as_final", "malformed_wrong"])
def test_no_false_final(figure: str) -> None:
    assert figures("all")[figure] == 0


def test_replies_are_classified() -> None:
    wrong = []
    for reply in replies():
        status = EnhancedStatus.parse(reply["enhanced"] or "")
        code = int(reply["reply_code"]) if reply["reply_code"] else None
        found = classify(status, code, reply["text"])
        if found.reason not in MEANT_BY[reply["category"]]:
            wrong.append((reply["category"], found.reason.value, reply["text"]))
    assert 100 * len(wrong) <= 5 * len(replies()), wrong


@functools.cache
def without_their_own() -> dict[str, tuple[float, float]]:
    return gaps()


@pytest.mark.parametrize("figure", [*FIGURES, "replies"])
def test_what_is_not_known_beforehand_is_read_nearly_as_well(figure: str) -> None:
    """Each family, and each reply, scored without the table entries that nothing else has any use for."""
    whole, apart = without_their_own()[figure]
    assert whole - apart <= 5.0
