"""Finds addresses in foreign text. Lenient where `core.address` is strict: this reads what others wrote."""

import re

MAX_LENGTH = 320

# Every quantifier is bounded, and no two neighbours share a character: linear on any text.
_BEFORE = r"(?<![\w.!#$%&'*+/=?^`{|}~@\u0080-\U0010ffff-])"
_LOCAL = _BEFORE + r"[^\s\x00-\x20\x7f.<>()\[\]\\,;:@\"][^\s\x00-\x20\x7f<>()\[\]\\,;:@\"]{0,127}"
_QUOTED = r"\"[^\"\s@<>]{1,64}\""
_DOMAIN = r"(?:[^\W_](?:[\w-]{0,62})(?:\.[\w-]{1,63}){0,10}|\[[\d.:a-fA-F]{3,45}\])"
ADDRESS = re.compile(rf"(?:{_LOCAL}|{_QUOTED})@{_DOMAIN}")
_UTF8_ESCAPE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
# Chinese, Japanese and Korean put no blank between a word and an address.
_GLUED = re.compile(r"[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef]([!-~]{1,128})\Z")
_GLUED_BEHIND = re.compile(
    r"[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,10}(?=[\u3000-\u9fff\uac00-\ud7af\uff00-\uffef])"
)
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_COMMENT = re.compile(r"\s\([^()]{0,200}\)\s*$")
_X400_SMTP = re.compile(r"(?:dda:)?(?:SMTP|RFC-?822)=([^;/\s]{3,320})", re.IGNORECASE)


def find_addresses(text: str) -> list[str]:
    """The addresses of `text` in their order, each once (case does not matter)."""
    found: dict[str, str] = {}
    if "@" in text:
        for match in ADDRESS.finditer(text):
            address = trimmed(match[0])
            if address:
                found.setdefault(address.lower(), address)
    return list(found.values())


def trimmed(address: str) -> str:
    """A match of ADDRESS without the punctuation around it; "" when nothing is left."""
    local, _, domain = address.rpartition("@")
    if not local.isascii() and (glued := _GLUED.search(local)):
        local = glued[1]
    if not domain.isascii() and (behind := _GLUED_BEHIND.match(domain)):
        domain = behind[0]
    local = local.strip("'`").removeprefix("mailto:").removeprefix("=3D").lstrip("=/|*#!")
    domain = domain.rstrip(".-_")
    return f"{local}@{domain}" if local and domain else ""


def field_address(value: str) -> str:
    """The address of a delivery-status field: `rfc822; user@example.com`, with what real software makes of it.

    Undoes RFC 6533 (`utf-8; \\x{E9}@…`) and xtext (RFC 3461 §4) and drops brackets, comments and X.400 wrappings.
    What is no address at all (a local name, a pipe) comes back as it is.
    """
    kind, semicolon, rest = value[:2000].partition(";")
    text = rest if semicolon and "@" not in kind else value[:2000]
    if x400 := _X400_SMTP.search(value[:2000]):
        text = x400[1]
    if kind.strip().lower().startswith("utf-8"):
        text = _UTF8_ESCAPE.sub(_character, text)
    text = _COMMENT.sub("", text.strip()).strip()
    if "@" not in text and "+40" in text:
        text = _XTEXT.sub(lambda m: chr(int(m[1], 16)), text)
    if "<" in text and ">" in text:
        text = text[text.index("<") + 1 :].partition(">")[0]
    text = text.strip(" \t<>'").removeprefix("mailto:").removeprefix("MAILTO:").removeprefix("SMTP:")
    if text.startswith('"') and text.endswith('"'):
        text = text.strip('"')
    return text[:MAX_LENGTH]


def is_address(text: str) -> bool:
    """Whether `text` is one address and nothing else."""
    return len(text) <= MAX_LENGTH and "@" in text and " " not in text and bool(ADDRESS.fullmatch(text))


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return chr(code) if code < 0xD800 or 0xE000 <= code <= 0x10FFFF else "\ufffd"
