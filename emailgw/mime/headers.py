"""Header fields from text, addresses and parameters: encoded, folded, and never more than the one field asked for.

Called by `compose` and by whoever else writes a message. Whatever a value holds, the result is one field of ASCII
(of UTF-8 where an address has a non-ASCII local part, RFC 6532), its lines at most 76 octets long where white space
or an encoding allows it and never more than 998, ended by CRLF. Field names are the caller's and must be valid
(`custom.check_header_name`). RFC 5322 §2.2, RFC 2047, RFC 2231.
"""

import re
from collections.abc import Iterable, Sequence

from emailgw.core.address import Address, Mailbox
from emailgw.mime.words import MAX_WORD, clean, encode_words, looks_encoded

WIDTH = 76  # octets of a line; RFC 5322 §2.1.1 asks for 78, RFC 2047 §2 for 76 where there is an encoded word
LONGEST_TOKEN = 900  # octets that stay in one piece: with the longest name and a colon still below 998

_SHORT_NAME = 40  # a field name up to here leaves room for an encoded word on its own line
_PRINTABLE = re.compile(r"[!-~](?:[\t -~]*[!-~])?")
_TOKEN = re.compile(r"[\t ]+[!-~]+")
_ATOMS = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(?: [\w!#$%&'*+/=?^`{|}~-]+)*", re.ASCII)
_LONGEST_QUOTED = 60  # characters of a quoted string that is to stand on one line beside its name
_ATTRIBUTE_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$&+-.^_`{|}~")


def text_field(name: str, value: str) -> str:
    """An unstructured field, or a structured one given as text.

    ASCII stands as it is and folds at its own white space only, so message ids, URLs and the like stay whole. All else
    is written as encoded words: non-ASCII, blanks at either end, tokens too long for a line, and what looks
    like an encoded word itself, so that a reader sees the very text that was given.
    """
    if not value:
        return f"{name}:\r\n"
    if _PRINTABLE.fullmatch(value) and not looks_encoded(value):
        if len(name) + 2 + len(value) <= WIDTH:
            return f"{name}: {value}\r\n"
        tokens = _TOKEN.findall(" " + value)
        if max(map(len, tokens)) <= LONGEST_TOKEN:
            return _fold(name, tokens)
    return _fold(name, [" " + word for word in encode_words(clean(value), _first_room(name))])


def mailbox_field(name: str, mailboxes: Sequence[Mailbox]) -> str:
    """An address list (From, To, Cc, Reply-To), in one field, folded between addresses."""
    tokens: list[str] = []
    for mailbox in mailboxes:
        address = _addr_spec(mailbox.address)
        if mailbox.name:
            tokens += [" " + token for token in _phrase(mailbox.name, _first_room(name))]
            address = f"<{address}>"
        tokens.append(f" {address},")
    tokens[-1] = tokens[-1][:-1]
    return _fold(name, tokens)


def parameter_field(name: str, value: str, parameters: Iterable[list[str]] = ()) -> str:
    """`value` (safe ASCII) and its parameters, each as the pieces that `parameter` or `legacy_parameter` made."""
    tokens = [" " + value]
    for pieces in parameters:
        tokens[-1] += ";"
        tokens += [" " + piece for piece in pieces]
    return _fold(name, tokens)


def parameter(name: str, value: str) -> list[str]:
    """`name="value"`, or as RFC 2231 has it when the value is long, not ASCII, or looks like an encoded word.

    One parameter, one meaning: no plain `filename` goes beside a `filename*`, since readers differ in which of the
    two they take, and filters are fooled by it. For old readers there is `legacy_parameter`.
    """
    value = clean(value)
    if (quoted := _quoted_parameter(name, value)) is not None:
        return [quoted]
    sections: list[str] = []
    piece, used = "", 0
    room = WIDTH - len(f" {name}*99*=;")
    for unit in ["utf-8''", *map(_percent, value)]:
        if used + len(unit) > room:
            sections.append(piece)
            piece, used = "", 0
        piece += unit
        used += len(unit)
    if not sections:
        return [f"{name}*={piece}"]
    sections.append(piece)
    pieces = [f"{name}*{number}*={section};" for number, section in enumerate(sections)]
    pieces[-1] = pieces[-1][:-1]
    return pieces


def legacy_parameter(name: str, value: str) -> list[str]:
    """`name="value"`, with encoded words between the quotes where `parameter` would use RFC 2231.

    RFC 2047 §5 forbids it and everybody does it: old Outlooks read the `name` of Content-Type and nothing else.
    """
    value = clean(value)
    if (quoted := _quoted_parameter(name, value)) is not None:
        return [quoted]
    words = encode_words(value, MAX_WORD - len(f'{name}="";'))
    words[0] = f'{name}="{words[0]}'
    # The last word may be full; its closing quote and semicolon still fit, since WIDTH is not the hard limit.
    words[-1] += '"'
    return words


def _quoted_parameter(name: str, value: str) -> str | None:
    """None also for a value with quotes or backslashes: many readers of file names do not know quoted pairs."""
    if '"' in value or "\\" in value or _quote_if_plain(value) is None:
        return None
    return f'{name}="{value}"'


def _phrase(text: str, first: int) -> list[str]:
    """A display name in pieces: bare, quoted, or as encoded words when it is not ASCII, long, or looks like some."""
    text = clean(text)
    if (quoted := _quote_if_plain(text)) is None:
        return encode_words(text, first)
    return [text if _ATOMS.fullmatch(text) else quoted]


def _addr_spec(address: Address) -> str:
    """The address as written, unless its local part looks like an encoded word: some readers decode those there.

    Quoted, with a quoted pair inside, it means the same (RFC 5322 §3.4.1) and looks like nothing.
    """
    text = clean(str(address))
    if "=?" not in text:
        return text
    local, _, domain = text.rpartition("@")
    if not local.startswith('"'):
        local = f'"{local}"'
    return local.replace("=?", "=\\?") + "@" + domain


def _quote_if_plain(text: str) -> str | None:
    """The quoted string of a text that every reader takes literally: short, ASCII, without blanks at either end, not
    looking like an encoded word; None for any other.
    """
    if len(text) > _LONGEST_QUOTED or not _PRINTABLE.fullmatch(text) or "\t" in text or looks_encoded(text):
        return None
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return quoted if len(quoted) <= _LONGEST_QUOTED + 2 else None


def _percent(character: str) -> str:
    if character in _ATTRIBUTE_SAFE:
        return character
    return "".join([f"%{octet:02X}" for octet in character.encode()])


def _first_room(name: str) -> int:
    """Characters of an encoded word that follows the field name on its line; a long name gets a line of its own."""
    return WIDTH - len(name) - 2 if len(name) <= _SHORT_NAME else MAX_WORD


def _fold(name: str, tokens: Iterable[str]) -> str:
    """The field, with line breaks before such tokens as would pass WIDTH. Each token begins with its white space.

    The first token moves to a line of its own only if that makes it fit: readers have trouble with an empty first
    line now and then.
    """
    pieces = [name, ":"]
    width = len(name) + 1
    for index, token in enumerate(tokens):
        size = len(token) if token.isascii() else len(token.encode())
        if width + size > WIDTH and (index or size <= WIDTH):
            pieces.append("\r\n")
            width = 0
        pieces.append(token)
        width += size
    pieces.append("\r\n")
    return "".join(pieces)
