"""Text as RFC 2047 encoded words, and text made fit for a header field at all. Used by `headers`.

An encoded word is ASCII without blanks, so a field made of them folds anywhere and no text in it is taken for syntax.
"""

import binascii
import re

MAX_WORD = 75  # characters of one encoded word, RFC 2047 §2

_OVERHEAD = len("=?utf-8?q??=")
# Line ends of any Unicode-minded reader, and controls; TAB is ordinary white space in a field.
_CONTROLS = re.compile("[\x00-\x08\x0a-\x1f\x7f\x85\u2028\u2029]+")
_SURROGATES = re.compile("[\ud800-\udfff]")
_ENCODED_WORD = re.compile(r"=\?[^?]*\?[bBqQ]\?")
# What needs no escape even in the phrase before an address (RFC 2047 §5 rule 3); the blank becomes an underscore.
_PHRASE_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/"
_Q = {octet: chr(octet) if octet in _PHRASE_SAFE else f"={octet:02X}" for octet in range(256)} | {0x20: "_"}


def clean(text: str) -> str:
    """`text` without what may not stand in a field: controls and line ends become a space, lone surrogates U+FFFD.

    They are not encoded instead: an encoded word that decodes to CR LF injects a field where a reader of the mail
    writes it out again (the standard library's does).
    """
    if _CONTROLS.search(text):
        text = _CONTROLS.sub(" ", text)
    return replace_surrogates(text)


def replace_surrogates(text: str) -> str:
    """Lone surrogates, which UTF-8 cannot carry, become U+FFFD."""
    return _SURROGATES.sub("\ufffd", text) if not text.isascii() and _SURROGATES.search(text) else text


def looks_encoded(text: str) -> bool:
    """Whether some reader could take a piece of `text` for an encoded word, however sloppily it looks."""
    return "=?" in text and _ENCODED_WORD.search(text) is not None


def encode_words(text: str, first: int = MAX_WORD) -> list[str]:
    """Clean `text` as encoded words to be set apart by white space, which readers then drop.

    The first has at most `first` characters (30 or more), the others 75. Characters are never split between words.
    Q where it is no longer than B, so that mostly-ASCII text stays legible in the source.
    """
    data = text.encode()
    escaped = sum(map(len, map(_Q.__getitem__, data)))
    if escaped * 3 <= (len(data) + 2) * 4:
        return _words(text, first, "q")
    return _words(text, first, "b")


def _words(text: str, first: int, encoding: str) -> list[str]:
    words: list[str] = []
    room = first - _OVERHEAD
    piece: list[str] = []
    used = 0
    for character in text:
        octets = character.encode()
        unit = "".join([_Q[octet] for octet in octets]) if encoding == "q" else character
        cost = len(unit) if encoding == "q" else len(octets)
        if used + cost > (room if encoding == "q" else room // 4 * 3):
            words.append(_word(piece, encoding))
            piece, used, room = [], 0, MAX_WORD - _OVERHEAD
        piece.append(unit)
        used += cost
    words.append(_word(piece, encoding))
    return words


def _word(piece: list[str], encoding: str) -> str:
    text = "".join(piece)
    if encoding == "b":
        text = binascii.b2a_base64(text.encode(), newline=False).decode()
    return f"=?utf-8?{encoding}?{text}?="
