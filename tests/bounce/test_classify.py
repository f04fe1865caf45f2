"""Replies and diagnostics become reasons; the text decides where it is clear."""

import time

import pytest

from emailgw.bounce.classify import classify, normalised
from emailgw.bounce.delivery_status import enhanced_in, reply_code_in
from emailgw.bounce.parse import parse
from emailgw.bounce.report import BounceSubtype, BounceType, Reason
from emailgw.core.status import EnhancedStatus
from tests.bounce.replies import REPLIES
from tests.bounce.replies_in_words import WORDS
from tests.bounce.replies_of_providers import PROVIDERS
from tests.bounce.replies_unforeseen import UNFORESEEN
from tests.bounce.test_parse import report_of

LINES = [
    (text.strip(), reason) for table in (PROVIDERS, WORDS, UNFORESEEN) for reason, block in table.items()
    for text in block.strip().split("\n")
]  # fmt: skip
# The sender is at fault, or a moment, or the message: nobody may be written off for it.
NOT_HARD = """
550 Your sender address is invalid
550 The from address does not appear valid
550 unknown envelope sender account
553 your address could not be found in DNS
550 Absenderadresse ungültig
550 Adresse de l'expéditeur inconnue
550 Dirección del remitente no válida
550 Indirizzo del mittente non valido
550 адрес отправителя не существует
550 发件人地址无效
550 sender's domain does not exist
550 Sender domain not found
550 Return path invalid
501 5.1.7 Bad sender address syntax
550 MAIL FROM address unknown
550 Sender not found in recipient's address book
550 the recipient only accepts mail from known senders
554 unknown host 192.0.2.1 blocked by recipient
550 unknown client: cannot resolve your reverse
550 Domain of your address has no MX
451 Recipient lookup failed, database not found
421 unable to find recipient server, try later
mailbox server could not be reached
550 relay denied: unknown destination
550 User not authorized
550 recipient not accepting mail from this sender
550 invalid HELO from your host; user ignored
550 Message rejected: recipient has blocked you
552 message too big for user's mailbox
452 too many recipients, address not processed
550 5.7.1 Unable to relay for lost@example.net
550 spam from unknown user
450 recipient unknown sender combination greylisted
550 There is no space left for this user
550 You are not in the recipient's list of allowed correspondents
550 Your message was moved to the mailbox of the administrator
550 wrong password for user
550 message deleted: user's filter called it junk
550 This user does not accept messages from you
550 The recipient does not want your mail
550 attachment removed, mailbox policy
451 account service has moved, come back later
450 address of mail server cannot be found
550 recipient could not be reached for five days
550 you must log in to send to this address
550 Your account on our blacklist cannot be removed
550 Not a trusted user
550 user not authenticated
550 invalid credentials for this account
550 unknown command for this user
500 unknown error in mailbox service
550 Invalid message for recipient
550 Recipient requires an unknown certificate
550 Alamat pengirim tidak valid
550 عنوان المرسل غير صالح
550 כתובת השולח לא קיימת
550 Adresa pošiljatelja ne postoji
550 Adresa expeditorului nu există
550 Η διεύθυνση του αποστολέα δεν υπάρχει
550 L'adreça del remitent no existeix
550 Địa chỉ người gửi không tồn tại
550 Avsändarens adress är felaktig
550 ไม่พบผู้ส่ง
550 Your sending domain is not registered with us
550 Client host not registered
550 Die Nachricht an den Empfänger wurde gelöscht
550 Il mittente non è registrato
"""


@pytest.mark.parametrize(("status", "code", "text", "reason"), REPLIES)
def test_reply_has_its_reason(status: str, code: int, text: str, reason: Reason) -> None:
    assert classify(EnhancedStatus.parse(status), code or None, text).reason == reason


@pytest.mark.parametrize(("text", "reason"), LINES)
def test_line_has_its_reason(text: str, reason: Reason) -> None:
    assert classify(enhanced_in(text), reply_code_in(text), text).reason == reason


@pytest.mark.parametrize("text", NOT_HARD.strip().split("\n"))
def test_nobody_is_written_off_for_others(text: str) -> None:
    assert not classify(enhanced_in(text), reply_code_in(text), text).hard


@pytest.mark.parametrize("text", [text for text, _ in LINES if reply_code_in(text)][::5])
def test_live_reply_and_report_are_classed_alike(text: str) -> None:
    live = classify(enhanced_in(text), reply_code_in(text), text)
    status = enhanced_in(text)
    fields = f"Final-Recipient: rfc822; a@x.example\nAction: failed\nDiagnostic-Code: smtp; {text}\n"
    (one,) = parse(report_of(fields + (f"Status: {status}\n" if status else ""))).recipients
    assert (one.reason, one.type, one.subtype) == (live.reason, live.type, live.subtype)


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "subtype"),
    [
        ("5.1.1", 550, "user unknown", BounceType.PERMANENT, BounceSubtype.NO_EMAIL),
        ("5.1.2", 550, "host unknown", BounceType.PERMANENT, BounceSubtype.GENERAL),
        ("4.1.1", 450, "user unknown", BounceType.TRANSIENT, BounceSubtype.GENERAL),
        ("", 450, "user unknown", BounceType.TRANSIENT, BounceSubtype.GENERAL),
        ("5.2.2", 552, "mailbox full", BounceType.TRANSIENT, BounceSubtype.MAILBOX_FULL),
        ("5.3.4", 552, "message too large", BounceType.TRANSIENT, BounceSubtype.MESSAGE_TOO_LARGE),
        ("5.7.1", 550, "this is spam", BounceType.TRANSIENT, BounceSubtype.CONTENT_REJECTED),
        ("5.7.0", 552, "virus found", BounceType.TRANSIENT, BounceSubtype.ATTACHMENT_REJECTED),
        ("5.7.1", 550, "relay access denied", BounceType.TRANSIENT, BounceSubtype.GENERAL),
        ("5.0.0", 550, "", BounceType.UNDETERMINED, BounceSubtype.UNDETERMINED),
    ],
)
def test_type_follows_reason(status: str, code: int, text: str, kind: BounceType, subtype: BounceSubtype) -> None:
    found = classify(EnhancedStatus.parse(status), code, text)
    assert (found.type, found.subtype, found.hard) == (kind, subtype, kind is BounceType.PERMANENT)


def test_addresses_and_urls_are_taken_out() -> None:
    assert normalised("550 User <mailbox-full@example.net> unknown, see https://example.net/spam?x=1") == (
        " 550 user unknown, see "
    )


@pytest.mark.parametrize("unit", ["550 5.1.1 ", "a@", "<", "http://", "\u0301", "recipient address rejected: ", " & "])
def test_any_length_is_cheap(unit: str) -> None:
    def cost(count: int) -> float:
        began = time.process_time()
        classify(None, None, unit * count)
        return time.process_time() - began

    small = min(cost(12_500) for _ in range(3))
    assert min(cost(100_000) for _ in range(2)) < 40 * small + 0.2
