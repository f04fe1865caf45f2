"""What must be true of a submission before it is stored. Pure; called by `accept` for every message.

What is wrong is a Rejected whose words say what to change, under a name of the API's table.
"""

import re

from emailgw.core.limits import (
    MAX_HEADERS,
    MAX_METADATA,
    MAX_METADATA_NAME,
    MAX_METADATA_VALUE,
    MAX_RECIPIENTS,
    MAX_SCHEDULE,
    MAX_SUBJECT,
    MAX_TAG,
    MAX_TAGS,
)
from emailgw.core.model import Content, Submission
from emailgw.errors import Rejected
from emailgw.mime.custom import HeaderError, check_content_id, check_custom_header, check_header_text, check_once

_TAG = re.compile(r"[A-Za-z0-9_-]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


def check_submission(submission: Submission, now: int, max_size: int) -> int:
    """The size of its content in octets. `submission` has its templates filled. Raises Rejected."""
    content = submission.content
    if not (submission.to or submission.recipients):
        raise Rejected("Missing `to` field.", name="missing_required_field", status="5.5.4")
    for field, mailboxes in (("to", submission.to), ("cc", submission.cc), ("bcc", submission.bcc)):
        if len(mailboxes) > MAX_RECIPIENTS:
            raise Rejected(
                f"The `{field}` field has {len(mailboxes)} recipients; at most {MAX_RECIPIENTS} are allowed.",
                status="5.5.3",
            )
    if content.raw is None and not (content.text or content.html or content.attachments):
        raise Rejected("Missing `html` or `text` field.", name="missing_required_field", status="5.6.0")
    if len(content.subject) > MAX_SUBJECT:
        raise Rejected(f"The `subject` field is longer than {MAX_SUBJECT} characters.")
    if submission.send_at is not None:
        check_time(submission.send_at, now)
    _check_fields(content)
    _check_tags(submission)
    size = content_size(content)
    if size > max_size:
        raise Rejected(f"The message has {size} octets; at most {max_size} are allowed.", status="5.3.4")
    return size


def check_time(send_at: int, now: int) -> None:
    """A time that has passed means now. Raises Rejected."""
    if send_at > now + MAX_SCHEDULE:
        raise Rejected("The `scheduled_at` field lies more than 30 days ahead.")


def content_size(content: Content) -> int:
    """Octets, before any transfer encoding."""
    if content.raw is not None:
        return len(content.raw)
    texts = sum(len(text.encode(errors="replace")) for text in (content.text, content.html) if text)
    return texts + sum(len(attachment.data) for attachment in content.attachments)


def _check_fields(content: Content) -> None:
    """Nothing that could become another header field, or that the store cannot hold."""
    if len(content.headers) > MAX_HEADERS:
        raise Rejected(f"The `headers` field has more than {MAX_HEADERS} entries.")
    field, name = "subject", "validation_error"
    try:
        check_header_text(content.subject)
        field = "headers"
        for header in content.headers:
            check_custom_header(*header)
        if len(content.headers) > 1:
            check_once(name for name, _ in content.headers)
        field, name = "attachments", "invalid_attachment"
        for attachment in content.attachments:
            check_header_text(attachment.filename)
            check_header_text(attachment.content_type)
            if attachment.content_id is not None:
                check_content_id(attachment.content_id)
    except HeaderError as error:  # refused in the name of the field it came in
        raise Rejected(f"Invalid `{field}` field: {error}.", name=name) from None


def _check_tags(submission: Submission) -> None:
    if len(submission.tags) > MAX_TAGS:
        raise Rejected(f"The `tags` field has more than {MAX_TAGS} entries.")
    for name, value in submission.tags:
        if not 0 < len(name) <= MAX_TAG or len(value) > MAX_TAG:
            raise Rejected(f"A tag's name and value must have 1 to {MAX_TAG} characters.")
        if not (_TAG.fullmatch(name) and _TAG.fullmatch(value)):
            raise Rejected("A tag's name and value may have only ASCII letters, digits, underscores and hyphens.")
    if len(submission.metadata) > MAX_METADATA:
        raise Rejected(f"The `metadata` field has more than {MAX_METADATA} entries.")
    for name, value in submission.metadata:
        if not 0 < len(name) <= MAX_METADATA_NAME or len(value) > MAX_METADATA_VALUE:
            raise Rejected(
                f"A name in `metadata` must have 1 to {MAX_METADATA_NAME} characters, "
                f"a value at most {MAX_METADATA_VALUE}."
            )
        if _SURROGATE.search(name) or _SURROGATE.search(value):
            raise Rejected("Invalid `metadata` field: half a surrogate pair must not be in a text.")
