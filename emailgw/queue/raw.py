"""A raw message as a Submission: what `mime` reads of it, as `accept` wants it. Called by the doors that take such."""

from emailgw.core.address import Mailbox
from emailgw.core.ids import KeyId
from emailgw.core.model import Content, Submission
from emailgw.core.tracking import NO_WISH, TrackingWish
from emailgw.errors import Rejected
from emailgw.mime.raw import RawError, RawMail, read_raw

MAX_HOPS = 50  # Received fields: mail that came so far goes round in circles (RFC 5321 §6.3)


def raw_mail(data: bytes, leave_out: frozenset[bytes] = frozenset(), utf8: bool = False) -> RawMail:
    """`read_raw`, and nobody but the author's domain may stand as its sender. Raises Rejected."""
    try:
        mail = read_raw(data, leave_out, utf8)
    except RawError as error:
        raise Rejected(f"Invalid message: {error}.", status="5.6.0") from None
    if mail.hops >= MAX_HOPS:
        raise Rejected(f"The message has {mail.hops} Received fields: it loops.", status="5.4.6")
    for sender in mail.senders:
        if sender.address.domain != mail.author.address.domain:
            raise Rejected(f"The sender {sender.address} is not of the author's domain.", status="5.7.1")
    return mail


def raw_submission(
    data: bytes, recipients: tuple[Mailbox, ...], key_id: KeyId, wish: TrackingWish = NO_WISH
) -> Submission:
    """`data` in any line ends, to `recipients`, whom its header need not name. Raises Rejected."""
    mail = raw_mail(data)
    content = Content(mail.author, subject=mail.subject, raw=mail.data)
    return Submission(key_id, content, recipients, wish=wish)
