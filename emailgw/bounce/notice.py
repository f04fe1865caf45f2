"""Splits a message that may be a report into what the system says (the notice) and what it gives back (the returned
message), so that words of the one are never taken for words of the other. Bounded; no judgement here.
"""

import html
import re

import msgspec

from emailgw.bounce.addresses import find_addresses
from emailgw.bounce.delivery_status import has_status_fields
from emailgw.bounce.report import Returned
from emailgw.core.text import clean_line
from emailgw.mime.reader import Fields, Mail, Part, read_fields

MAX_NOTICE = 64 << 10  # characters; longer ones are newsletters
MAX_RETURNED_HEADERS = 100

# A line after which the returned message begins. Folded by IGNORECASE; matched against single short lines.
_SEPARATOR = re.compile(
    r"[\s>*#=_.+~:<-]{0,80}(?:"
    r"(?:below|following|attached|enclosed|here|this)\b.{0,60}\b(?:is|are|follows|line)\b.{0,40}\b(?:copy|"
    r"message|original|headers?|mail|email)\b"
    r"|(?:start|begin(?:ning)?) of (?:the )?(?:returned|original|bounced|undelivered|message|mail)\b"
    r"|(?:the )?(?:original|returned|undelivered|undeliverable|failed|unsent|rejected|bounced|your|source)?[ -]{0,3}"
    r"(?:message|mail|e-?mail|header|letter)(?:'s)?(?: text| body| headers?|"
    r" header lines)?(?: and top \d+ lines of the message)?(?: is| are)?"
    r" (?:follows?|appended below|attached|below|included below|begins?|removed)"
    r"|(?:the )?(?:header|headers|first \d+ lines?|top \d+ lines?|text|contents?|body|start|copy|"
    r"beginning) .{0,60}\b(?:message|mail|original)\b.{0,30}"
    r"|(?:returned|original|undelivered|unsent|bounced|failed|rejected|forwarded|source|"
    r"included)[ -](?:message|mail|e-?mail)"
    r"(?: follows| header[s]?| text| body| attached| enclosed)?(?: \(.{0,40}\))?"
    r"|(?:message|mail|original) (?:header|headers|text|contents?|body)(?: follows?)?"
    r"|unsent message(?: follows| below)?|your (?:original )?(?:message|mail) (?:reads|was|follows)[^.]{0,20}"
    r"|urspr(?:u|ü|ue)ngliche nachricht.{0,30}|originalnachricht.{0,20}|(?:die )?kopie der .{0,40}|"
    r"nachrichtenkopf.{0,20}"
    r"|message d'origine.{0,20}|message original.{0,20}|mensaje original.{0,20}|mensagem original.{0,20}|"
    r"messaggio originale.{0,20}"
    r"|исходное сообщение.{0,20}|.{0,30}(?:元のメール|原信|原邮件|原始邮件|原文|オリジナルメッセージ|以下は送信).{0,30}"
    r")[\s<*#=_.:+~-]{0,80}",
    re.IGNORECASE,
)
_RETURNED_FIELD = re.compile(
    r"(?:received|return-path|message-id|mime-version|delivered-to|dkim-signature|x-mailer|x-originating-ip|"
    r"content-type|date|from|to|subject|reply-to|x-[\w-]{2,40}):",
    re.IGNORECASE,
)
_TELLING_FIELD = re.compile(
    r"(?:received: |received: from|return-path:|message-id:|dkim-signature:|mime-version:)", re.IGNORECASE
)
_TAG = re.compile(r"<(/?[a-zA-Z][a-zA-Z0-9]{0,15})(?:\s[^<>]{0,1000})?/?>")
_HIDDEN = (("<!--", "-->"), ("<style", "</style>"), ("<script", "</script>"), ("<head", "</head>"))
_BREAKING = {
    "br",
    "p",
    "/p",
    "div",
    "/div",
    "tr",
    "/tr",
    "li",
    "/li",
    "h1",
    "h2",
    "h3",
    "/h1",
    "/h2",
    "/h3",
    "hr",
    "pre",
    "/pre",
    "table",
    "/table",
    "td",
    "blockquote",
}
_RETURNED_TYPES = (
    "message/rfc822",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global",
    "message/global-headers",
    "message/partial",
)
_ENVELOPE_FROM = re.compile(r"envelope-from[ :=]{1,3}<?([^\s<>();]{3,320})", re.IGNORECASE)


class Notice(msgspec.Struct, frozen=True):
    """`text` of the notice; the `fields` of the returned message (empty when nothing came back)."""

    text: str
    fields: Fields


def read_notice(mail: Mail) -> Notice:
    """The notice and the returned message of `mail`."""
    returned = next((part for part in mail.parts if _is_returned(part)), None)
    texts = [_text_of(part) for part in _notice_parts(mail.parts)]
    text, rest = _cut("\n\n".join(texts)[:MAX_NOTICE])
    if returned is not None:
        return Notice(text, _fields_of(returned.body))
    return Notice(text, _fields_of(rest.encode("utf-8", "replace")))


def returned_message(fields: Fields) -> Returned:
    """What the returned message's header tells, cleaned."""
    paths = []
    for name in ("return-path", "x-envelope-from", "x-original-return-path", "x-sender", "errors-to", "sender"):
        for value in fields.all(name)[:5]:
            paths += find_addresses(value[:1000])
    for value in fields.all("received")[:20]:
        if found := _ENVELOPE_FROM.search(value):
            paths += find_addresses(found[1])
    recipients = [
        address
        for name in ("to", "cc", "x-original-to", "delivered-to")
        for address in find_addresses(fields.raw(name))
    ]
    message_id = re.search(r"<[^<>\s]{3,500}>", fields.raw("message-id")) or re.search(
        r"\S{3,500}", fields.raw("message-id")
    )
    return Returned(
        message_id=clean_line(message_id[0]) if message_id else None,
        reverse_paths=tuple(dict.fromkeys(paths))[:20],
        recipients=tuple(dict.fromkeys(recipients))[:50],
        subject=clean_line(fields.get("subject")),
        headers=tuple((name, clean_line(value)) for name, value in fields.items[:MAX_RETURNED_HEADERS]),
    )


def _is_returned(part: Part) -> bool:
    return part.content_type in _RETURNED_TYPES


def _notice_parts(parts: list[Part]) -> list[Part]:
    """The text parts that are not the returned message; of alternatives the plain one."""
    texts = [part for part in parts if _may_be_notice(part)]
    plain = [part for part in texts if part.content_type != "text/html" and part.text.strip()]
    return (plain or texts)[:6]


def _may_be_notice(part: Part) -> bool:
    """A text part, or one that is called a delivery status and holds no such fields."""
    if part.content_type == "message/delivery-status":
        return not has_status_fields(part.text) and "reporting-mta:" not in part.text[:4000].lower()
    return part.content_type.startswith("text/") and not _is_returned(part)


def _text_of(part: Part) -> str:
    text = part.text[: 4 * MAX_NOTICE]
    looks_html = part.content_type == "text/html" or "<html" in text[:2000].lower()
    return text_of_html(text) if looks_html else text


def text_of_html(source: str) -> str:
    """What a reader of the page sees, roughly: tags gone, blocks on lines of their own, entities undone."""
    text = source[: 4 * MAX_NOTICE]
    for opening, closing in _HIDDEN:
        text = _without(text, opening, closing)
    text = _TAG.sub(lambda tag: "\n" if (tag[1] or "").lower() in _BREAKING else "", text)
    return html.unescape(text)


def _without(text: str, opening: str, closing: str) -> str:
    """`text` without what stands between the marks. By `find`, since a pattern would be quadratic on marks unclosed."""
    lower = text.lower()
    if opening not in lower or len(lower) != len(text):
        return text
    kept = []
    position = 0
    while (start := lower.find(opening, position)) >= 0 and (end := lower.find(closing, start)) >= 0:
        kept.append(text[position:start])
        position = end + len(closing)
    return "".join([*kept, text[position:]])


def _cut(text: str) -> tuple[str, str]:
    """The notice and, where one begins in the same text, the returned message."""
    lines = text.split("\n")
    told = 0  # lines with something on them
    for index, line in enumerate(lines):
        if told and (_separates(line, lines, index) or _begins_header(lines, index)):
            return "\n".join(lines[:index]), "\n".join(lines[index:])
        told += bool(line.strip())
    return text, ""


def _separates(line: str, lines: list[str], index: int) -> bool:
    if not 6 < len(line) < 150 or "@" in line or not _SEPARATOR.fullmatch(line.strip()):
        return False
    marked = line.lstrip()[:2] in ("--", "==", "**", "__", "##", "~~", "++", "..", "> ", "- ")
    following = [other.strip() for other in lines[index + 1 : index + 8] if other.strip()]
    return marked or not following or any(_RETURNED_FIELD.match(other) or "removed" in other for other in following[:3])


def _begins_header(lines: list[str], index: int) -> bool:
    """Whether a header section begins here: field after field, and one that only a message has among them."""
    if not _RETURNED_FIELD.match(lines[index]):
        return False
    fields = 0
    telling = False
    for line in lines[index : index + 12]:
        if line[:1] in (" ", "\t"):
            continue
        if not _RETURNED_FIELD.match(line):
            break
        fields += 1
        telling = telling or bool(_TELLING_FIELD.match(line))
    return telling and fields > 1


def _fields_of(data: bytes) -> Fields:
    """The first header section in `data`, past a separator line and blank lines, unquoted."""
    data = data[: 256 << 10].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for _ in range(6):
        data = data.lstrip(b"\n \t>")
        fields, _ = read_fields(data)
        if len(fields.items) > 1 or (fields.items and fields.raw("message-id")):
            return fields
        line_end = data.find(b"\n")
        if line_end < 0:
            break
        data = data[max(line_end, 0) + 1 :]
    return Fields([])
