"""What a failure means: a reply or diagnostic, with its codes, becomes a reason and a bounce type.

One function for live SMTP replies and for reports by mail. The text decides where it is clear, since many servers say
5.x.x for a full mailbox or 5.1.1 for a block; then the enhanced status (RFC 3463, and the registry of RFC 5248), then
the reply code. Pure and linear: the text is capped, and phrases are looked up, not matched by patterns.
"""

import re

from emailgw.bounce.folding import folded, phrases
from emailgw.bounce.pairs import reason_of_pairs
from emailgw.bounce.phrases import ENTRIES
from emailgw.bounce.phrases.idioms import VAGUE
from emailgw.bounce.report import BounceSubtype, BounceType, Classification, Reason
from emailgw.core.status import EnhancedStatus

MAX_TEXT = 3000
MAX_GAP = 80  # characters between the parts of a phrase
MAX_STARTS = 8

_URL = re.compile(r"\bhttps?:?\s?//[^\s<>]{1,300}")
_ADDRESS = re.compile(r"[<\[(]?[\w.+=!#$%&'*/?^`{|}~-]{1,128}@[\w.-]{1,253}[>\])]?:?")
_EMPTY_BRACKETS = re.compile(r"<[^<>\s]{0,100}>[:,]?")
# What servers say around a reason and mean nothing by. Postfix puts the first before every refusal of a recipient.
_NOISE = (
    "recipient address rejected: ",
    "unknown address error",
    "did not like our rcpt to",
    "address does not like recipient",
    "does not like recipient. ",
    "but sender was rejected. remote host said",
    "delivery temporarily suspended:",
    "(delivery attempts: ",
)
_REPEATED_CODE = re.compile(r"(?<!\d)[245]\d\d-(?:[245]\.\d{1,3}\.\d{1,3} )?")
_BLANKS = re.compile(r"[\s\"“”„]+")


Table = tuple[tuple[Reason, tuple[str, ...], tuple[tuple[str, ...], ...]], ...]


def _read_table(entries: tuple[tuple[Reason, str], ...]) -> Table:
    """Per entry: its reason, its plain phrases, and its phrases of several parts."""
    table = []
    for reason, block in entries:
        wanted = phrases(block)
        plain = tuple(phrase for phrase in wanted if " & " not in phrase)
        table.append((reason, plain, tuple(tuple(phrase.split(" & ")) for phrase in wanted if " & " in phrase)))
    return tuple(table)


_TABLE = _read_table(ENTRIES)
_VAGUE = _read_table(VAGUE)
# By subject and detail; the class decides only between permanent and transient.
_BY_STATUS: dict[tuple[int, int], Reason] = {
    (1, 0): Reason.USER_UNKNOWN,
    (1, 1): Reason.USER_UNKNOWN,
    (1, 2): Reason.HOST_UNKNOWN,
    (1, 3): Reason.USER_UNKNOWN,
    (1, 4): Reason.USER_UNKNOWN,
    (1, 5): Reason.USER_UNKNOWN,
    (1, 6): Reason.USER_UNKNOWN,
    (1, 7): Reason.POLICY,
    (1, 8): Reason.POLICY,
    (1, 9): Reason.POLICY,
    (1, 10): Reason.HOST_UNKNOWN,
    (2, 1): Reason.USER_DISABLED,
    (2, 2): Reason.MAILBOX_FULL,
    (2, 3): Reason.SIZE,
    (2, 4): Reason.SYSTEM,
    (3, 1): Reason.SYSTEM,
    (3, 4): Reason.SIZE,
    (4, 7): Reason.EXPIRED,
    (4, 4): Reason.NETWORK,
    (5, 3): Reason.RATE_LIMIT,
    (7, 5): Reason.AUTHENTICATION,
    (7, 8): Reason.AUTHENTICATION,
    (7, 25): Reason.AUTHENTICATION,
    (7, 26): Reason.AUTHENTICATION,
    (7, 27): Reason.HOST_UNKNOWN,
    (7, 28): Reason.RATE_LIMIT,
    (7, 509): Reason.AUTHENTICATION,
}
_BY_SUBJECT = {
    2: Reason.POLICY,
    3: Reason.SYSTEM,
    4: Reason.NETWORK,
    5: Reason.SYSTEM,
    6: Reason.POLICY,
    7: Reason.POLICY,
}
_BY_STATUS |= {(7, detail): Reason.AUTHENTICATION for detail in range(20, 25)}
_BY_STATUS |= {(7, detail): Reason.REPUTATION for detail in (606, 650, 511, 512)}
_BY_CODE = {
    421: Reason.SYSTEM,
    422: Reason.MAILBOX_FULL,
    432: Reason.SYSTEM,
    441: Reason.NETWORK,
    450: Reason.SYSTEM,
    451: Reason.SYSTEM,
    452: Reason.MAILBOX_FULL,
    500: Reason.SYSTEM,
    501: Reason.SYSTEM,
    502: Reason.SYSTEM,
    503: Reason.SYSTEM,
    504: Reason.SYSTEM,
    510: Reason.USER_UNKNOWN,
    511: Reason.USER_UNKNOWN,
    512: Reason.HOST_UNKNOWN,
    521: Reason.HOST_UNKNOWN,
    523: Reason.SIZE,
    530: Reason.AUTHENTICATION,
    535: Reason.AUTHENTICATION,
    541: Reason.POLICY,
    551: Reason.USER_UNKNOWN,
    552: Reason.MAILBOX_FULL,
    553: Reason.USER_UNKNOWN,
    556: Reason.HOST_UNKNOWN,
}
_TYPES = {
    Reason.USER_UNKNOWN: (BounceType.PERMANENT, BounceSubtype.NO_EMAIL),
    Reason.HOST_UNKNOWN: (BounceType.PERMANENT, BounceSubtype.GENERAL),
    Reason.MAILBOX_FULL: (BounceType.TRANSIENT, BounceSubtype.MAILBOX_FULL),
    Reason.SIZE: (BounceType.TRANSIENT, BounceSubtype.MESSAGE_TOO_LARGE),
    Reason.SPAM: (BounceType.TRANSIENT, BounceSubtype.CONTENT_REJECTED),
    Reason.OTHER: (BounceType.UNDETERMINED, BounceSubtype.UNDETERMINED),
}
_ATTACHMENT = ("attachment", "virus", "malware", "infected", "executable", "banned file")


def classify(status: EnhancedStatus | None, reply_code: int | None, text: str) -> Classification:
    """The reason and the type of a failure. `text` may be a reply, a diagnostic, or a whole explanation."""
    plain = normalised(text)
    reason = _by_text(plain, status) or _by_codes(status, reply_code)
    kind, subtype = _TYPES.get(reason, (BounceType.TRANSIENT, BounceSubtype.GENERAL))
    if kind is BounceType.PERMANENT and _is_transient(status, reply_code):
        kind, subtype = BounceType.TRANSIENT, BounceSubtype.GENERAL
    if reason is Reason.POLICY and any(word in plain for word in _ATTACHMENT):
        subtype = BounceSubtype.ATTACHMENT_REJECTED
    return Classification(reason, kind, subtype)


def normalised(text: str) -> str:
    """`text` as the phrase table expects it: capped, lower case, one line, without accents, addresses and URLs."""
    text = folded(text[:MAX_TEXT])
    text = _BLANKS.sub(" ", text)
    if "//" in text:
        text = _URL.sub(" ", text)
    if "@" in text:
        text = _ADDRESS.sub(" ", text)
    if "<" in text:
        text = _EMPTY_BRACKETS.sub(" ", text)
    text = _REPEATED_CODE.sub(" ", text)
    text = f" {_BLANKS.sub(' ', text).strip()} "
    for noise in _NOISE:
        if noise in text:
            text = text.replace(noise, noise.split(" ")[0] + " " if noise.startswith("recipient") else " ")
    return text


def _by_text(plain: str, status: EnhancedStatus | None) -> Reason | None:
    found = _in_table(plain, _TABLE)
    if found is None and not is_telling(status):
        found = reason_of_pairs(plain)
    return found or _in_table(plain, _VAGUE)


def _in_table(plain: str, table: Table) -> Reason | None:
    for reason, plain_phrases, combined in table:
        for phrase in plain_phrases:
            if phrase in plain:
                return reason
        for parts in combined:
            if _in_order(plain, parts):
                return reason
    return None


def _in_order(plain: str, parts: tuple[str, ...]) -> bool:
    """Whether the parts follow each other closely, from one of the first places where the first of them stands."""
    start = -1
    for _ in range(MAX_STARTS):
        start = plain.find(parts[0], start + 1)
        if start < 0:
            return False
        position: int = start + len(parts[0])
        for part in parts[1:]:
            found = plain.find(part, position, position + len(part) + MAX_GAP)
            if found < 0:
                break
            position = found + len(part)
        else:
            return True
    return False


def _is_transient(status: EnhancedStatus | None, reply_code: int | None) -> bool:
    """Whether the server itself said that another try may succeed: then nobody is written off, whatever the text."""
    return status.is_transient if status else reply_code is not None and 400 <= reply_code < 500


def is_telling(status: EnhancedStatus | None) -> bool:
    """Whether an enhanced status names a cause; `x.0.0` and `x.7.1` stand for anything."""
    return status is not None and (status.subject, status.detail) in _BY_STATUS


def _by_codes(status: EnhancedStatus | None, reply_code: int | None) -> Reason:
    by_reply = _BY_CODE.get(reply_code or 0, Reason.OTHER)
    if status is None or status.cls not in (4, 5):
        return by_reply
    reason = _BY_STATUS.get((status.subject, status.detail))
    if reason is None and by_reply is Reason.OTHER:
        reason = _BY_SUBJECT.get(status.subject)
    return reason or by_reply
