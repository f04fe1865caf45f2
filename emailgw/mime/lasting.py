"""What two tries of one program to send the same message have in common: all of it but what is made anew each time.

Used by the submission door, to tell whether a key of idempotency stands for the same message. Pure; RFC 5322 §3.6.
"""

import re

MOST_BOUNDARIES = 20

_PASSING = re.compile(
    rb"^(?:date|message-id|received|return-path|delivered-to|dkim-signature)[ \t]*:.*\r\n(?:[ \t].*\r\n)*", re.I | re.M
)
_BOUNDARY = re.compile(rb"\bboundary[ \t]*=[ \t]*(?:\"([^\"\r\n]{1,100})\"|([^\s\";,]{1,100}))", re.I)


def lasting(data: bytes) -> bytes:
    """`data`, with CRLF line ends, without its date, its id and its traces, and with the same boundaries each time."""
    end = data.find(b"\r\n\r\n")
    end = len(data) if end < 0 else end + 2
    data = _PASSING.sub(b"", data[:end]) + data[end:]
    found = dict.fromkeys(quoted or plain for quoted, plain in _BOUNDARY.findall(data))
    # The longest first: one may begin as another does.
    for boundary in sorted(list(found)[:MOST_BOUNDARIES], key=len, reverse=True):
        data = data.replace(boundary, b"boundary")
    return data
