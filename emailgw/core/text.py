"""Foreign text made harmless at the border: what is stored, logged, shown and sent to customers went through here."""

import re

MAX_LINE = 1000  # characters of remote text that are worth keeping

# C0 and C1 controls, DEL, line and paragraph separators, bidirectional overrides, lone surrogates, non-characters.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]+")
_BLANKS = re.compile(r" {2,}")


def clean_line(text: str, limit: int = MAX_LINE) -> str:
    """`text` in one printable line of at most `limit` characters: controls become a space, surrogates U+FFFD.

    Undecodable bytes of a reply come as lone surrogates, which neither SQLite nor JSON can hold.
    """
    if len(text) > 4 * limit:
        text = text[: 4 * limit]
    if not (text.isascii() and text.isprintable()) and _UNSAFE.search(text):
        text = _UNSAFE.sub(lambda m: "\ufffd" if "\ud800" <= m[0][0] <= "\udfff" else " ", text)
    if "  " in text:
        text = _BLANKS.sub(" ", text)
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1] + "…"
