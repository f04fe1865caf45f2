"""Reads a failure by what is said of what, where no phrase was foreseen: the words of `phrases.pairs` near each other.

Pure and linear: the text is capped, each word is looked up in dictionaries, and only neighbours are compared.
"""

import re
from bisect import bisect_left
from functools import cache, lru_cache

from emailgw.bounce.folding import folded
from emailgw.bounce.phrases.pairs import PAIRS, THINGS, UNSPACED
from emailgw.bounce.report import Reason

MAX_WORDS = 120
_REASONS = tuple(reason for reason, _, _ in PAIRS)
FAR = 1_000_000
NEAR = 7  # words between a subject and what is said of it
MAX_UNSPACED = 400
NEAR_UNSPACED = 16  # characters

_WORD = re.compile(r"[^\W\d_](?:[^\W_]|['-](?=[^\W\d_])){0,40}")
_UNSPACED = re.compile("[\u0900-\u097f\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_SENDER = ("sender", "from", "absender", "expediteur", "remitente", "remetente", "mittente", "afzender", "отправител")
# Where the language says it behind the thing: "alamat pengirim" is the sender's address.
_OF_SENDER = (
    "отправител", "відправник", "подател", "пошиљ", "expeditor", "expediteur", "remitent", "remetente", "mittente",
    "afzender", "pengirim", "posiljat", "odesilatel", "odosielatel", "nadawc", "avsandar", "afsender", "avsender",
    "lahettaj", "siuntej", "sutitaj", "saatja", "felado", "gonderen", "αποστολ", "المرسل", "השולח", "فرستنده", "gui",
)  # fmt: skip
_ATTRIBUTES = frozenset(("unknown", "invalid", "incorrect", "unrecognized", "undefined"))
_THINGS = frozenset(THINGS.split())
_NEGATED = {
    "cannot": "can not",
    "isn't": "is not",
    "aren't": "are not",
    "wasn't": "was not",
    "doesn't": "does not",
    "don't": "do not",
    "couldn't": "could not",
    "can't": "can not",
    "hasn't": "has not",
}


class _Vocabulary:
    """Words, beginnings of words, and expressions of several words, the last by their first word."""

    def __init__(self, block: str) -> None:
        terms = [_plain(term) for term in folded(block).split()]
        self._words = frozenset(term for term in terms if not term.endswith("*") and " " not in term)
        self._stems = tuple(term[:-1] for term in terms if term.endswith("*") and " " not in term)
        self._expressions: dict[str, list[tuple[str, ...]]] = {}
        for term in terms:
            if " " in term:
                parts = tuple(term.split())
                self._expressions.setdefault(parts[0], []).append(parts)

    def holds(self, word: str) -> bool:
        return word in self._words or word.startswith(self._stems)

    def expressions(self, word: str) -> tuple[tuple[str, ...], ...]:
        return tuple(self._expressions.get(word, ()))


def reason_of_pairs(plain: str) -> Reason | None:
    """What `plain` (normalised as by `classify`) says by its words: of those said near their subject the nearest."""
    if not plain.isascii() and (found := _unspaced(plain)):
        return found
    words = _WORD.findall(_plain(plain))[:MAX_WORDS]
    if len(words) < 2:
        return None
    subjects, said = _places(words)
    nearest = NEAR + 1
    found = None
    for index, reason in enumerate(_REASONS):
        others = subjects.get(index, [])
        distance = min((_distance(place, others) for place in said.get(index, [])), default=nearest)
        if distance < nearest:
            nearest, found = distance, reason
    return found


def _places(words: list[str]) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """Where the subjects stand, and what is said of them: per entry of the table the places, ascending."""
    subjects: dict[int, list[int]] = {}
    said: dict[int, list[int]] = {}
    for place, word in enumerate(words):
        is_senders: bool | None = None  # asked once for all that the word may be
        for index, is_subject, parts in _roles(word):
            if (parts and not _matches(words, place, parts)) or (not is_subject and _is_attribute(words, place)):
                continue
            if not is_subject:
                said.setdefault(index, []).append(place)
                continue
            if is_senders is None:
                is_senders = _is_senders(words, place)
            if not is_senders:
                subjects.setdefault(index, []).append(place)
    return subjects, said


@lru_cache(maxsize=4096)
def _roles(word: str) -> tuple[tuple[int, bool, tuple[str, ...]], ...]:
    """What a word may be: (entry of the table, whether a subject, the whole expression if it begins one)."""
    roles: list[tuple[int, bool, tuple[str, ...]]] = []
    for index, (subjects, said) in enumerate(_vocabularies()):
        for vocabulary, is_subject in ((subjects, True), (said, False)):
            if vocabulary.holds(word):
                roles.append((index, is_subject, ()))
            else:
                roles += [(index, is_subject, parts) for parts in vocabulary.expressions(word)]
    return tuple(roles)


def _unspaced(plain: str) -> Reason | None:
    plain = plain[:MAX_UNSPACED]
    if not _UNSPACED.search(plain):
        return None
    nearest = NEAR_UNSPACED + 1
    found = None
    for reason, subjects, said in _unspaced_table():
        others = [match.start() for match in subjects.finditer(plain)]
        distance = min((_distance(match.start(), others) for match in said.finditer(plain)), default=nearest)
        if distance < nearest:
            nearest, found = distance, reason
    return found


@cache
def _unspaced_table() -> tuple[tuple[Reason, re.Pattern[str], re.Pattern[str]], ...]:
    return tuple((reason, _one_of(subjects), _one_of(said)) for reason, subjects, said in UNSPACED)


def _one_of(block: str) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(term.replace("_", " ")) for term in folded(block).split()))


@cache
def _vocabularies() -> tuple[tuple[_Vocabulary, _Vocabulary], ...]:
    return tuple((_Vocabulary(subjects), _Vocabulary(said)) for _, subjects, said in PAIRS)


def _plain(text: str) -> str:
    """With one way to negate ("doesn't exist" and "does not exist" are the same), and without joined words."""
    text = text.replace("_", " ").replace("'s ", " ")
    if "n't" in text or "cannot" in text:
        for short, long in _NEGATED.items():
            text = text.replace(short, long)
    return text


def _matches(words: list[str], index: int, parts: tuple[str, ...]) -> bool:
    found = words[index : index + len(parts)]
    if len(found) < len(parts):
        return False
    return all(
        word.startswith(part[:-1]) if part.endswith("*") else word == part
        for word, part in zip(found, parts, strict=True)
    )


def _is_senders(words: list[str], place: int) -> bool:
    """Whether it is the sender's address, mailbox or domain that is spoken of: no word about the recipient."""
    before, behind = words[max(place - 2, 0) : place], words[place + 1 : place + 4]
    return any(map(_names_sender, before)) or any(map(_names_sender_behind, behind))


@lru_cache(maxsize=4096)
def _names_sender(word: str) -> bool:
    return word.startswith((*_SENDER, *_OF_SENDER))


@lru_cache(maxsize=4096)
def _names_sender_behind(word: str) -> bool:
    return word.startswith(_OF_SENDER)


def _is_attribute(words: list[str], place: int) -> bool:
    """Whether the word belongs to a thing named right behind it: "invalid credentials" are no invalid recipient."""
    return words[place] in _ATTRIBUTES and words[place + 1 : place + 2] != [] and words[place + 1] in _THINGS


def _distance(place: int, others: list[int]) -> int:
    """To the next of the others; a word is no neighbour of itself."""
    at = bisect_left(others, place)
    return min((abs(place - other) for other in others[max(at - 1, 0) : at + 2] if other != place), default=FAR)
