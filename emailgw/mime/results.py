"""Authentication-Results fields: ours written, and those that forge our name found. RFC 8601.

A field is believed by the name at its front, so one that came with a message and bears ours must go (§5).
"""

import re

from emailgw.core.receiving import Authentication, DkimVerdict

NAME = b"authentication-results"
LONGEST = 64 << 10  # octets of a field in which a name is looked for

_COMMENT_PIECE = re.compile(r"\\.|[()]|[^\\()]+", re.DOTALL)
_QUOTED = re.compile(r'\s*"((?:[^"\\]|\\.)*)"', re.DOTALL)
_TOKEN = re.compile(r"\s*([^\s;()\"]+)")
_NOT_QUOTABLE = re.compile(r"[^ !#-\[\]-~]")


def results_field(name: str, found: Authentication) -> bytes:
    """With its CRLF. `name`: by which we are known (authserv-id)."""
    spf, dmarc = found.spf, found.dmarc
    policy = f" (p={dmarc.policy} dis={dmarc.disposition})" if dmarc.policy else ""
    methods = [
        _method("spf", spf.result, spf.reason, **{f"smtp.{spf.identity}": spf.domain}),
        *(
            _method("dkim", one.result, one.reason, **{"header.d": one.domain, "header.s": one.selector})
            for one in found.dkim or (DkimVerdict(),)
        ),
        _method("dmarc", f"{dmarc.result}{policy}", dmarc.reason, **{"header.from": dmarc.domain}),
    ]
    lines = ";\r\n\t".join([name, *methods])
    return f"Authentication-Results: {lines}\r\n".encode()


def _method(method: str, result: str, reason: str, **properties: str) -> str:
    parts = [f"{method}={result}"]
    if reason:
        parts.append(f'reason="{_NOT_QUOTABLE.sub("?", reason)}"')
    return " ".join([*parts, *(f"{name}={value}" for name, value in properties.items() if value)])


def is_forged(field: bytes, name: str) -> bool:
    """Whether a header field, folded lines and all, claims to be an Authentication-Results field of `name`."""
    head, _, value = field[:LONGEST].partition(b":")
    if head.strip(b" \t").lower() != NAME:
        return False
    return _authserv_id(value.decode("latin-1")).lower().rstrip(".") == name.lower().rstrip(".")


def _authserv_id(value: str) -> str:
    """What stands before the first semicolon but for comments and a version."""
    text, depth = "", 0
    for piece in _COMMENT_PIECE.findall(value):
        if piece == "(":
            depth += 1
            text += " "
        elif piece == ")":
            depth = max(0, depth - 1)
        elif not depth:
            text += piece
    if quoted := _QUOTED.match(text):
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL)
    token = _TOKEN.match(text)
    return token[1] if token is not None else ""
