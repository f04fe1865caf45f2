"""A delivery status notification as bytes (RFC 3464, 6522): what `queue.notices` sends to a sender who asked for it."""

import hashlib
from typing import NamedTuple

from emailgw.core.text import clean_line
from emailgw.mime.compose import header_date
from emailgw.mime.headers import text_field


class Facts(NamedTuple):
    """Times in milliseconds. `returned`: the message that the notice is about, or its header only (`whole` False)."""

    host_name: str
    author: str
    to: str
    at: int
    message_id: str
    action: str  # failed, delayed or relayed
    status: str
    recipient: str
    original: str
    envid: str
    arrived_at: int
    reason: str
    remote_host: str
    returned: bytes
    whole: bool


_SUBJECTS = {"failed": "Undelivered mail", "delayed": "Delayed mail", "relayed": "Mail handed over"}
_WORDS = {
    "failed": "Your message could not be delivered to this recipient, and no further try will be made:",
    "delayed": "Your message has not been delivered to this recipient yet; it is still being tried:",
    "relayed": "Your message was handed over to the recipient's mail host, which may send no further report:",
}


def notice(facts: Facts) -> bytes:
    """With CRLF line ends and without Message-ID, which `accept` and its like add."""
    boundary = "=_" + hashlib.sha256(f"{facts.message_id} {facts.recipient} {facts.action}".encode()).hexdigest()[:24]
    reason = _ascii(facts.reason)
    head = [
        f"From: Mail Delivery System <{facts.author}>",
        f"To: <{facts.to}>",
        text_field("Subject", f"{_SUBJECTS[facts.action]}: {_ascii(facts.recipient)}").rstrip(),
        f"Date: {header_date(facts.at)}",
        f"Message-ID: <{facts.message_id}>",
        "MIME-Version: 1.0",
        "Auto-Submitted: auto-replied",
        f'Content-Type: multipart/report; report-type=delivery-status;\r\n boundary="{boundary}"',
        "",
    ]
    text = [_WORDS[facts.action], "", f"    {_ascii(facts.recipient)}", "", reason]
    of_message = [f"Reporting-MTA: dns; {facts.host_name}"]
    if facts.envid:
        of_message.append(f"Original-Envelope-Id: {facts.envid}")
    of_message.append(f"Arrival-Date: {header_date(facts.arrived_at)}")
    of_recipient = [f"Original-Recipient: {facts.original}"] if facts.original else []
    kind = "rfc822" if facts.recipient.isascii() else "utf-8"
    of_recipient += [f"Final-Recipient: {kind}; {_ascii(facts.recipient)}", f"Action: {facts.action}"]
    of_recipient.append(f"Status: {facts.status}")
    if facts.remote_host:
        of_recipient.append(f"Remote-MTA: dns; {_ascii(facts.remote_host)}")
    of_recipient.append(f"Diagnostic-Code: smtp; {reason}")
    parts = [
        ("text/plain; charset=us-ascii", text),
        ("message/delivery-status", [*of_message, "", *of_recipient]),
    ]
    lines = head
    for content_type, body in parts:
        lines += [f"--{boundary}", f"Content-Type: {content_type}", "", *body, ""]
    lines += [f"--{boundary}", f"Content-Type: {'message/rfc822' if facts.whole else 'text/rfc822-headers'}", "", ""]
    end = f"\r\n--{boundary}--\r\n"
    return "\r\n".join(lines).encode("ascii", "replace") + facts.returned + end.encode()


def _ascii(text: str) -> str:
    return clean_line(text, 400).encode("ascii", "replace").decode()
