"""The Received field that we put on top of mail that comes in. Pure; called by `queue.reception`.

RFC 5321 §4.4: what the client calls itself counts for nothing, so its address stands beside it; RFC 3848 and RFC 6531
name the protocols.
"""

import re

from emailgw.mime.compose import header_date

_NO_NAME = re.compile(r"[^A-Za-z0-9._:\[\]-]")  # what is neither in a domain nor in an address literal
_LONGEST_NAME = 255


def received_field(helo: str, client: str, host_name: str, protocol: str, id: str, recipient: str, at: int) -> bytes:
    """`helo` as the client said it, `client` its address (empty: of this machine), `recipient` empty where there are
    several: none learns of the others. `at` in milliseconds.
    """
    name = _NO_NAME.sub("?", helo)[:_LONGEST_NAME] or "unknown"
    literal = f" ([{'IPv6:' if ':' in client else ''}{client}])" if client else ""
    named = f"\r\n\tfor <{recipient}>" if recipient else ""
    return (
        f"Received: from {name}{literal}\r\n\tby {host_name} with {protocol} id {id}{named};\r\n\t{header_date(at)}\r\n"
    ).encode()
