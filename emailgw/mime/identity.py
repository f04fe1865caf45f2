"""The Message-ID that a sender gave a message, RFC 5322 §3.6.4: answers and later mail of a thread name it.

By HTTP among `headers`, where it must be one; in raw mail whatever stands there, which goes out unchanged.
"""

import re

from emailgw.core.model import Content
from emailgw.core.text import clean_line

NAME = "message-id"
LONGEST = 250  # octets of one by HTTP, and characters of one that is shown

_ID = re.compile(r"<?([A-Za-z0-9!#$%&'*+./=?^_`{|}~-]+@[A-Za-z0-9!#$%&'*+./:=?^_`{|}~\[\]-]+)>?")
_RAW = re.compile(rb"^message-id[ \t]*:((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE | re.MULTILINE)


def read_message_id(value: str) -> str | None:
    """Without its brackets, which may be missing; None for what is none."""
    found = _ID.fullmatch(value.strip()) if len(value) <= LONGEST else None
    return found[1] if found is not None else None


def given_id(content: Content) -> str:
    """What its sender gave, without brackets; empty for none."""
    if content.raw is not None:
        return _of_raw(content.raw)
    for name, value in content.headers:
        if name.lower() == NAME:
            return read_message_id(value) or ""
    return ""


def _of_raw(raw: bytes) -> str:
    end = raw.find(b"\r\n\r\n")
    found = _RAW.search(raw, 0, end if end >= 0 else len(raw))
    if found is None:
        return ""
    value = clean_line(found[1].decode("utf-8", "replace"), LONGEST)
    return value.removeprefix("<").removesuffix(">")
