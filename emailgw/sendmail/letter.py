"""What `sendmail` does to a message before it hands it on: where it ends, who gets it, and a From field that is whole.

Pure. The rest (Date, Message-ID, Bcc, line ends) is the daemon's business. RFC 5322 §3.4.
"""

import re

_FIELD = re.compile(rb"([!-9;-~]+)[ \t]*:")
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.|[(),:;<>]|[^"\\(),:;<>]+', re.DOTALL)
_PLAIN_NAME = re.compile(r"[\w !#$%&'*+/=?^`{|}~-]*", re.ASCII)


class Letter:
    """`data`: as it came, with any line ends."""

    def __init__(self, data: bytes, dots_are_text: bool) -> None:
        lines = data.replace(b"\r\n", b"\n").split(b"\n")
        if not dots_are_text and b"." in lines:
            lines = [*lines[: lines.index(b".")], b""]
        if lines[0].startswith(b"From "):  # a mailbox's separator
            del lines[0]
        end = next((at for at, line in enumerate(lines) if not line or not _is_header(line, at)), len(lines))
        self._fields = _fields(lines[:end])
        self._body = lines[end:]
        if self._body and self._body[0]:  # no header, or a text that follows it at once
            self._body.insert(0, b"")

    @property
    def addressees(self) -> list[str]:
        """Those of To, Cc and Bcc; of their Resent- forms when it was sent again."""
        prefix = b"resent-" if any(name.startswith(b"resent-") for name, _ in self._fields) else b""
        found: list[str] = []
        for name, field in self._fields:
            if name in (prefix + b"to", prefix + b"cc", prefix + b"bcc"):
                found += addresses(_value(field))
        return found

    @property
    def author(self) -> str | None:
        """The address in From; None when there is none."""
        found = [address for name, field in self._fields if name == b"from" for address in addresses(_value(field))]
        return found[0] if found else None

    def complete(self, author: str, full_name: str) -> bytes:
        """The message with CR LF, with `author` in From where that is missing or has no domain."""
        mine = [index for index, (name, _) in enumerate(self._fields) if name == b"from"]
        if self.author is None or "@" not in self.author:
            name = (_display_name(_value(self._fields[mine[0]][1])) if mine else "") or full_name
            field = f"From: {_named(name, author)}".encode("utf-8", "surrogateescape")
            for index in reversed(mine):
                del self._fields[index]
            self._fields.insert(0, (b"from", [field]))
        lines = [line for _, field in self._fields for line in field] + (self._body or [b""])
        return b"\r\n".join(lines) + (b"" if lines[-1] == b"" and self._body else b"\r\n")


def addresses(value: str) -> list[str]:
    """The addresses of a list, whatever names, groups and comments stand around them."""
    found: list[str] = []
    text, angle, depth, within = "", None, 0, False
    for piece in [*_PIECE.findall(value), ","]:
        if piece == "(" or depth:
            depth += (piece == "(") - (piece == ")")
        elif within and piece != ">":
            angle = (angle or "") + piece
        elif piece == "<":
            within, angle = True, ""
        elif piece == ">":
            within = False
        elif piece in ",;":
            address = (text if angle is None else angle).strip()
            if address:
                found.append(address)
            text, angle = "", None
        elif piece == ":":
            text = ""  # the name of a group
        else:
            text += piece
    # A bracket that never closes takes the last comma with it: whoever stands there is not lost silently.
    if within or depth:
        found += filter(None, [(text if angle is None else angle).rstrip(", ").strip()])
    return found


def _is_header(line: bytes, at: int) -> bool:
    return bool(_FIELD.match(line)) or (at > 0 and line[:1] in b" \t")


def _fields(lines: list[bytes]) -> list[tuple[bytes, list[bytes]]]:
    fields: list[tuple[bytes, list[bytes]]] = []
    for line in lines:
        match = _FIELD.match(line)
        if match is not None and line[:1] not in b" \t":
            fields.append((match[1].lower(), [line]))
        else:
            fields[-1][1].append(line)
    return fields


def _value(field: list[bytes]) -> str:
    return b" ".join(field).partition(b":")[2].decode("utf-8", "surrogateescape").strip()


def _display_name(value: str) -> str:
    """Of `name <address>` or, as cron writes it, `address (name)`."""
    before, bracket, _ = value.partition("<")
    if bracket:
        return before.strip(' "')
    return value.partition("(")[2].rpartition(")")[0].strip()


def _named(name: str, address: str) -> str:
    if not name:
        return address
    if name.isascii() and not _PLAIN_NAME.fullmatch(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"
