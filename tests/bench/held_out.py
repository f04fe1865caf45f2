"""How much of the parser's score is memory: `python tests/bench/held_out.py`.

Scores each family of the labelled messages without every table entry that only this family has any use for (a phrase
or a dialect that occurs in its samples and in no others), so with what the rules know from elsewhere, and compares the
figures with those of all entries. The same for replies, each without what occurs in it alone. An entry that was
written from general knowledge goes off as well where just one family shows it: the real gap is smaller.
"""

import contextlib
import functools
import json
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from emailgw.bounce import classify as classifier
from emailgw.bounce import freetext, wording
from emailgw.bounce.describe import describe
from emailgw.bounce.folding import folded
from emailgw.bounce.parse import parse
from emailgw.core.status import EnhancedStatus
from emailgw.mime.reader import read
from tests.bounce.corpora import MEANT_BY, labelled, replies, sample_bytes, scorer

FIGURES = (
    "kind_event", "rcpt_set_exact", "arf_rcpt", "feedback_type", "status_exact", "action", "hard_soft", "reason_group",
)  # fmt: skip
_WORDINGS = [name for name in vars(wording) if name.isupper()]


def gaps() -> dict[str, tuple[float, float]]:
    """Per figure: with all entries, and with each family scored without its own."""
    samples = labelled()
    texts: dict[str, list[str]] = defaultdict(list)
    for sample in samples:
        texts[sample["family"]].append(_all_text(sample_bytes(sample)))
    known = _entries_by_owner({family: "\n".join(texts[family]) for family in texts}, [r["text"] for r in replies()])
    whole = {sample["file"]: describe(parse(sample_bytes(sample))) for sample in samples}
    apart = {}
    for family in texts:
        with _without(known.get(family, frozenset())):
            for sample in samples:
                if sample["family"] == family:
                    apart[sample["file"]] = describe(parse(sample_bytes(sample)))
    before, after = (scorer().summary(scorer().score(samples, predictions)) for predictions in (whole, apart))
    return {figure: (before[figure], after[figure]) for figure in FIGURES} | {"replies": _replies(texts)}


def _replies(texts: dict[str, list[str]]) -> tuple[float, float]:
    labels = replies()
    numbered = {str(number): reply["text"] for number, reply in enumerate(labels)}
    known = _entries_by_owner(numbered, [text for some in texts.values() for text in some])
    whole = [_is_right(reply) for reply in labels]
    apart = []
    for number, reply in enumerate(labels):
        with _without(known.get(str(number), frozenset())):
            apart.append(_is_right(reply))
    return 100 * sum(whole) / len(labels), 100 * sum(apart) / len(labels)


def _is_right(reply: dict[str, Any]) -> bool:
    code = int(reply["reply_code"]) if reply["reply_code"] else None
    found = classifier.classify(EnhancedStatus.parse(reply["enhanced"] or ""), code, reply["text"])
    return found.reason in MEANT_BY[reply["category"]]


def _all_text(message: bytes) -> str:
    mail = read(message)
    header = "\n".join(value for _, value in mail.fields.items)
    return "\n".join([header, *(part.text for part in mail.parts)])


def _entries() -> Iterator[tuple[str, Callable[[str], bool]]]:
    """Each entry's name and whether a text (folded, normalised) shows it."""
    for name in _WORDINGS:
        for phrase in getattr(wording, name):
            yield phrase, functools.partial(_holds, (phrase,))
    for _, plain, combined in (*classifier._TABLE, *classifier._VAGUE):
        for phrase in plain:
            yield phrase, functools.partial(_holds, (phrase,))
        for parts in combined:
            yield " & ".join(parts), functools.partial(_holds, parts)
    for dialect in freetext.DIALECTS:
        yield dialect.name, functools.partial(_holds, (dialect.clue,))


def _holds(parts: tuple[str, ...], text: str) -> bool:
    return all(part in text for part in parts) and classifier._in_order(text, parts)


def _entries_by_owner(texts: dict[str, str], others: Iterable[str]) -> dict[str, frozenset[str]]:
    """For each owner of a text the entries that only he has any use for."""
    prepared = {owner: _prepared(text) for owner, text in texts.items()}
    elsewhere = _prepared("\n".join(others))
    found: dict[str, set[str]] = defaultdict(set)
    for entry, occurs in dict(_entries()).items():
        owners = [owner for owner, text in prepared.items() if occurs(text)]
        if len(owners) == 1 and not occurs(elsewhere):
            found[owners[0]].add(entry)
    return {owner: frozenset(entries) for owner, entries in found.items()}


def _prepared(text: str) -> str:
    pieces = (text[at : at + classifier.MAX_TEXT] for at in range(0, len(text), classifier.MAX_TEXT))
    return folded(text) + "".join(map(classifier.normalised, pieces))


@contextlib.contextmanager
def _without(entries: frozenset[str]) -> Iterator[None]:
    """All tables lack these entries for a while."""
    table, vague, dialects = classifier._TABLE, classifier._VAGUE, freetext.DIALECTS
    words = {name: getattr(wording, name) for name in _WORDINGS}
    try:
        classifier._TABLE, classifier._VAGUE = _table_without(entries, table), _table_without(entries, vague)
        freetext.DIALECTS = tuple(dialect for dialect in dialects if dialect.name not in entries)
        for name, phrases in words.items():
            setattr(wording, name, _rest(phrases, entries))
        yield
    finally:
        classifier._TABLE, classifier._VAGUE, freetext.DIALECTS = table, vague, dialects
        for name, phrases in words.items():
            setattr(wording, name, phrases)


def _table_without(entries: frozenset[str], table: classifier.Table) -> classifier.Table:
    return tuple(
        (reason, _rest(plain, entries), tuple(parts for parts in combined if " & ".join(parts) not in entries))
        for reason, plain, combined in table
    )


def _rest(phrases: tuple[str, ...], entries: frozenset[str]) -> tuple[str, ...]:
    return tuple(phrase for phrase in phrases if phrase not in entries)


def main() -> None:
    found = gaps()
    if "--json" in sys.argv:
        print(json.dumps(found))
        return
    print(f"{'figure':16} {'all':>6} {'held out':>9} {'gap':>5}")
    for figure, (whole, apart) in found.items():
        print(f"{figure:16} {whole:6.1f} {apart:9.1f} {whole - apart:5.1f}")


if __name__ == "__main__":
    main()
