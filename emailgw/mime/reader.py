"""Reads inbound messages: hostile bytes in, headers and parts out; for the bounce parser and whoever else reads mail.

It never raises, whatever it is fed, and works in linear time with fixed limits on depth, parts, header fields and
bytes: what lies beyond a limit is not looked at. It repairs what real software gets wrong (any line ends, mbox "From "
lines, a missing boundary parameter, a missing blank line before the body, closing delimiters that never come) and
never checks what it reads. The standard library's parser is not used: deep nesting and odd comments make it raise.
RFC 5322, 2045, 2046.
"""

import binascii
import codecs
import quopri
import re
from collections.abc import Iterator
from functools import cached_property

MAX_MESSAGE = 4 << 20  # bytes that are looked at
MAX_HEADER = 256 << 10  # bytes of one header section
MAX_FIELDS = 1000
MAX_VALUE = 16 << 10  # characters of one field's value
PIECE = 1 << 20  # bytes whose line ends are changed in one go
MAX_DEPTH = 50
MAX_PARTS = 250
MAX_DELIMITERS = 20_000  # lines that begin with "--" and may be delimiters
MAX_TEXT = 256 << 10  # characters of one part's text

_FIELD = re.compile(rb"([!-,.-9;-~][!-9;-~]{0,99})[ \t]{0,10}:")
_GUESSED_BOUNDARY = re.compile(
    rb"^--([^\s-][^\n]{0,99}|-[^\n]{1,99})\n(?=content-[a-z-]{1,40}:)", re.IGNORECASE | re.MULTILINE
)
_WORD = re.compile(r"=\?([\w.:+-]{1,40})(?:\*[\w-]{0,20})?\?([bBqQ])\?([^?\n]{0,2000})\?=")
_BETWEEN_WORDS = re.compile(r"(\?=)[ \t\n]+(?==\?)")
_RETURNED = re.compile(rb"^(?:received|message-id|mime-version|return-path):", re.IGNORECASE | re.MULTILINE)
_NOT_BASE64 = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


class Fields:
    """The header fields of one section in their order; names in lower case, values unfolded but not decoded."""

    __slots__ = ("items",)

    def __init__(self, items: list[tuple[str, str]]) -> None:
        self.items = items

    def raw(self, name: str) -> str:
        """The first value as it stands, or ""."""
        return next((value for key, value in self.items if key == name), "")

    def get(self, name: str) -> str:
        """The first value with its encoded words decoded (RFC 2047), or ""."""
        return decode_words(self.raw(name))

    def all(self, name: str) -> list[str]:
        """Every value as it stands."""
        return [value for key, value in self.items if key == name]

    def __contains__(self, name: str) -> bool:
        return any(key == name for key, _ in self.items)


class Part:
    """One body part that is not a multipart. `data` is not transfer-decoded; `content_type` is in lower case."""

    def __init__(self, fields: Fields, data: bytes, depth: int, parent: str) -> None:
        self.fields = fields
        self.data = data
        self.depth = depth
        self.parent = parent
        kind, self.parameters = _content_type(fields, "text/plain")
        self.content_type = "text/plain" if kind.startswith("multipart/") else kind  # a multipart without its parts

    @cached_property
    def body(self) -> bytes:
        """The content with its transfer encoding undone."""
        encoding = self.fields.raw("content-transfer-encoding").strip(" \t\"'").lower()
        if encoding.startswith("quoted"):
            return quopri.decodestring(self.data)
        if encoding.startswith("base64"):
            return _decode_base64(self.data)
        return self.data

    @cached_property
    def text(self) -> str:
        """The content as text with LF line ends, at most MAX_TEXT characters."""
        body = self.body[: 4 * MAX_TEXT]
        if self.body is not self.data:
            body = _with_lf(body)
        return decode_bytes(body, self.parameters.get("charset", ""))[:MAX_TEXT]


class Mail:
    """One message: its fields, its type, and its leaf parts in their order."""

    def __init__(self, fields: Fields, content_type: str, parameters: dict[str, str], parts: list[Part]) -> None:
        self.fields = fields
        self.content_type = content_type
        self.parameters = parameters
        self.parts = parts


def read(message: bytes, most: int = MAX_MESSAGE) -> Mail:
    """The message in parts, of which `most` bytes are looked at. A message/rfc822 part is a leaf: whoever wants what is
    in it reads its body in turn.
    """
    data = _with_lf(message[:most]).replace(b"\0", b"").lstrip(b"\n")
    fields, start = read_fields(data)
    content_type, parameters = _content_type(fields, "text/plain")
    boundary = parameters.get("boundary", "")
    if content_type.startswith("multipart/") and not _has_delimiter(data, boundary, start):
        boundary = _guess_boundary(data, start)
    elif not content_type.startswith("multipart/") and "mime-version" not in fields:
        boundary = _guess_boundary(data, start)  # a gateway that dropped the MIME fields
    else:
        boundary = boundary if content_type.startswith("multipart/") else ""
    if not boundary:
        parts = [Part(fields, data[start:], 0, "")]
    else:
        delimiter = boundary.encode("utf-8", "replace")
        parts = list(_split(_without_torn_line(data, delimiter), start, delimiter, content_type))
    return Mail(fields, content_type, parameters, parts)


def read_fields(data: bytes, start: int = 0) -> tuple[Fields, int]:
    """The header section of `data` (LF line ends) at `start`, and where its body begins."""
    items: list[tuple[str, list[bytes]]] = []
    position = start
    limit = min(len(data), start + MAX_HEADER)
    while position < limit:
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end
        line = data[position:end]
        if not line.strip():
            position = end + 1
            break
        if line[:1] in b" \t":
            if items:
                items[-1][1].append(line)
        elif field := _FIELD.match(line):
            if len(items) < MAX_FIELDS:
                items.append((field[1].decode("ascii").lower(), [line[field.end() :]]))
        elif items and b"=" in line and items[-1][1][-1].rstrip().endswith(b";"):
            items[-1][1].append(line)  # a parameter that was wrapped without the indent
        elif not (line.startswith((b"From ", b">From ")) or _FIELD.match(data, end + 1)):
            break  # no field here and none after it: the blank line was forgotten
        position = end + 1
    return Fields([(name, _unfold(lines)) for name, lines in items]), min(position, len(data))


def _unfold(lines: list[bytes]) -> str:
    value = b" ".join(line.strip() for line in lines[:200])[:MAX_VALUE]
    return decode_bytes(value, "").strip()


def _content_type(fields: Fields, default: str) -> tuple[str, dict[str, str]]:
    value = fields.raw("content-type")
    if not value:
        return default, {}
    kind, parameters = parse_parameters(value)
    return (kind if "/" in kind else default), parameters


def _with_lf(data: bytes) -> bytes:
    if b"\r" not in data:
        return data
    pieces = []  # of whole lines: one call over all of a large message keeps other threads waiting
    start = 0
    while start < len(data):
        end = data.find(b"\n", start + PIECE) + 1 or len(data)
        piece = data[start:end]
        pieces.append(piece.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
        start = end
    return b"".join(pieces)


def _without_torn_line(data: bytes, boundary: bytes) -> bytes:
    """`data` without the line in which a transfer broke off: half an address is another address."""
    whole = data.rfind(b"\n") + 1
    return data if b"--" + boundary + b"--" in data[-4096:] or b"@" not in data[whole:] else data[:whole]


def _has_delimiter(data: bytes, boundary: str, start: int) -> bool:
    return bool(boundary) and data.find(b"--" + boundary.encode("utf-8", "replace"), max(start - 1, 0)) >= 0


def _guess_boundary(data: bytes, start: int) -> str:
    """The first line that looks like a delimiter with a part's header after it (RFC 2046 §5.1.1)."""
    found = _GUESSED_BOUNDARY.search(data, start, start + MAX_TEXT)
    if found is None or _RETURNED.search(data, start, found.start()):
        return ""  # none, or one of a message that is quoted in the text
    return found[1].rstrip().decode("utf-8", "replace")


def _split(data: bytes, start: int, boundary: bytes, content_type: str) -> Iterator[Part]:
    """The leaf parts, found in one walk over the lines that begin with "--".

    `stack` holds the open multiparts, outermost first. `at` is where the open part's header begins, -1 in a preamble
    or epilogue.
    """
    stack: list[tuple[bytes, str]] = [(boundary, content_type)]
    opened = {boundary: 0}
    leaf: tuple[Fields, int] | None = None
    count = 0
    for at, line_end, line in _delimiters(data, start):
        closing = line not in opened and line.endswith(b"--")
        level = opened.get(line[:-2] if closing else line)
        if level is None:
            continue
        if leaf is not None:
            yield Part(leaf[0], data[leaf[1] : max(at - 1, leaf[1])], len(stack), stack[-1][1])
            leaf = None
        count += 1
        if count > MAX_PARTS:
            return
        for inner, _ in stack[level + 1 :]:
            opened.pop(inner, None)
        del stack[level + 1 :]
        if closing:
            continue
        fields, body = read_fields(data, line_end)
        kind, parameters = _content_type(
            fields, "message/rfc822" if stack[-1][1] == "multipart/digest" else "text/plain"
        )
        inner = parameters.get("boundary", "").encode("utf-8", "replace")
        if kind.startswith("multipart/") and inner and inner not in opened and len(stack) < MAX_DEPTH:
            stack.append((inner, kind))
            opened[inner] = len(stack) - 1
        else:
            leaf = (fields, body)
    if leaf is not None:
        yield Part(leaf[0], data[leaf[1] :], len(stack), stack[-1][1])


def _delimiters(data: bytes, start: int) -> Iterator[tuple[int, int, bytes]]:
    """(start, end with LF, text after the "--") of each line that begins with "--"."""
    position = start if data.startswith(b"--", start) else data.find(b"\n--", max(start - 1, 0)) + 1
    for _ in range(MAX_DELIMITERS):
        if position <= 0 and not data.startswith(b"--", position):
            return
        end = data.find(b"\n", position)
        end = len(data) if end < 0 else end
        if end - position < 300:
            yield position, min(end + 1, len(data)), data[position + 2 : end].rstrip()
        following = data.find(b"\n--", end)
        if following < 0:
            return
        position = following + 1


def _decode_base64(data: bytes) -> bytes:
    """Whatever of `data` is base64: foreign characters are skipped, a broken end is dropped (RFC 2045 §6.8)."""
    letters = data.translate(None, _NOT_BASE64)
    try:
        return binascii.a2b_base64(letters[: len(letters) // 4 * 4] + _padded(letters))
    except binascii.Error:
        return b""


def _padded(letters: bytes) -> bytes:
    rest = letters[len(letters) // 4 * 4 :]
    return rest + b"=" * (4 - len(rest)) if len(rest) > 1 else b""


# Decoders that are linear and whole: "punycode" and "idna" are quadratic, "unicode_escape" warns, "undefined" raises.
_CHARSETS = re.compile(
    r"(?:ascii|utf-(?:8|16|32)(?:-[bl]e)?|utf-7|iso8859-\d{1,2}|cp\d{3,4}|koi8-[rut]|mac-\w+|gb2312|gbk|gb18030|hz|big5|"
    r"big5hkscs|shift_jis\w*|euc_\w+|iso2022_\w+|johab|tis-620|ptcp154|kz1048)\Z"
)
_PAIRS = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xfe]{2}){1,4096}")
_SIMILAR = {"ks_c_5601-1987": "cp949", "x-sjis": "cp932", "shift_jis": "cp932", "gb2312": "gb18030", "x-gbk": "gbk"}


def decode_bytes(data: bytes, charset: str) -> str:
    """`data` as text: by its charset if we know it and it fits, else UTF-8, else Windows-1252 with the gaps filled."""
    if data.isascii() and b"\x1b" not in data and b"~{" not in data and not charset.lower().startswith("utf-"):
        return data.decode("ascii")
    known = _decoder(charset)
    for name in (known, "iso2022_jp" if b"\x1b$" in data else "utf-8"):
        if name:
            try:
                return data.decode(name)
            except UnicodeError:
                continue
    if known not in ("", "ascii", "utf-8") or b"\x1b$" in data:
        return data.decode(known or "iso2022_jp", "replace")
    if _PAIRS.fullmatch(data[:4096]):  # Chinese without a label: no European text has high bytes only in pairs
        return data.decode("gb18030", "replace")
    text = data.decode("utf-8", "replace")
    return text if text.count("\ufffd") * 20 < len(text) else data.decode("cp1252", "replace")


def decode_words(value: str) -> str:
    """`value` with its encoded words decoded (RFC 2047), also where they stand inside quotes or touch other text."""
    if "=?" not in value:
        return value
    return _WORD.sub(_decode_word, _BETWEEN_WORDS.sub(r"\1", value[:MAX_VALUE]))


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """A structured field's main value and its parameters, RFC 2231 continuations and charsets undone; in lower case."""
    main, _, rest = value[:4096].partition(";")
    raw: dict[str, str] = {}
    while rest and len(raw) < 40:
        name, equals, rest = rest.partition("=")
        if not equals:
            break
        text, rest = _parameter_value(rest.lstrip())
        raw.setdefault(name.strip(' \t;"').lower(), text)
    return main.strip().lower().split(" ")[0].split("(")[0], _join_continuations(raw)


def _decoder(charset: str) -> str:
    """Python's name of a charset that is safe to decode with, or ""."""
    wanted = charset.strip(" \t\"'").lower()[:40]
    try:
        name = codecs.lookup(_SIMILAR.get(wanted, wanted)).name if wanted else ""
    except (LookupError, ValueError):
        return ""
    return name if _CHARSETS.match(name) else ""


def _decode_word(word: re.Match[str]) -> str:
    text = word[3].encode("utf-8", "replace")
    data = _decode_base64(text) if word[2] in "bB" else quopri.decodestring(text.replace(b"_", b" "), header=True)
    return decode_bytes(data, word[1])


def _parameter_value(rest: str) -> tuple[str, str]:
    """The value at the start of `rest`, quoted or bare, and what follows its semicolon."""
    if not rest.startswith('"'):
        value, _, rest = rest.partition(";")
        return value.strip().split(" ")[0], rest
    end = 1
    while (end := rest.find('"', end)) > 0 and rest[end - 1] == "\\":
        end += 1
    if end < 0:  # never closed: take what is there
        return rest[1:].strip(), ""
    return rest[1:end].replace('\\"', '"').replace("\\\\", "\\"), rest[end + 1 :].partition(";")[2]


def _join_continuations(raw: dict[str, str]) -> dict[str, str]:
    """RFC 2231 §3 and §4: `name*0*=utf-8''a%20; name*1=b` is one `name`."""
    plain = {name: value for name, value in raw.items() if "*" not in name}
    joined: dict[str, str] = {}
    for name in sorted((key for key in raw if "*" in key), key=_section):
        base = name.partition("*")[0]
        joined[base] = joined.get(base, "") + raw[name]
    for base, value in joined.items():
        charset, _, text = value.partition("'")
        text = text.partition("'")[2] if value.count("'") > 1 else value
        percent = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), text.encode("utf-8", "replace"))
        plain[base] = decode_bytes(percent, charset if value.count("'") > 1 else "")
    return plain


def _section(name: str) -> tuple[str, int]:
    base, _, number = name.partition("*")
    number = number.strip("*")
    return base, int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
