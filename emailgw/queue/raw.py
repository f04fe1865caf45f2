"""A raw message as a Submission: what `mime` reads of it, as `accept` wants it. Called by the doors that take such."""

from emailgw.core.address import Mailbox
from emailgw.core.ids import KeyId
from emailgw.core.model import Content, Submission
from emailgw.errors import Rejected
from emailgw.mime.raw import RawError, read_raw


def raw_submission(data: bytes, recipients: tuple[Mailbox, ...], key_id: KeyId) -> Submission:
    """`data` in any line ends, to `recipients`, whom its header need not name. Raises Rejected."""
    try:
        mail = read_raw(data)
    except RawError as error:
        raise Rejected(f"Invalid message: {error}.", status="5.6.0") from None
    return Submission(key_id, Content(mail.author, subject=mail.subject, raw=mail.data), recipients)
