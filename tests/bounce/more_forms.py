"""More notices as mail systems of the world write them, composed by hand for these tests; see `forms`."""

from emailgw.bounce.report import Reason
from tests.bounce.forms import GONE, LOST, Form

R = Reason

MORE_FORMS = (
    Form(
        "reason, then recipient: Lotus Notes",
        "postmaster@notes.example.net",
        "DELIVERY FAILURE: hello",
        "------- Failure Reasons  --------\n\nUser not listed in public Name & Address Book\nlost@example.net\n\n\n"
        "------- Returned Message --------\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "quoted address: GMX",
        "Mail Delivery System <mailer-daemon@gmx.example>",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to one or more of\nits recipients. This is a permanent error. The following address\nfailed:\n\n"
        '"lost@example.net":\nSMTP error from remote server after RCPT command:\nhost: mx.example.net\n'
        "5.1.1 <lost@example.net>... User Unknown\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "MailFoundry",
        "<postmaster@mf.example>",
        "Message delivery has failed",
        "Unable to deliver message to: <lost@example.net>\nDelivery failed for the following reason:\n"
        "Server mail.example.net[192.0.2.9] failed with: 550 <lost@example.net> No such user here\n\n"
        "This has been a permanent failure.  No further delivery attempts will be made.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "MailMarshal",
        "MailMarshal <postmaster@mm.example>",
        "Undeliverable Mail: hello",
        "Your message:\n   From:    me@example.com\n   Subject: hello\n\nCould not be delivered because of\n\n"
        "550 5.1.1 User unknown\n\nThe following recipients were affected:\n    lost@example.net\n"
        "    gone@example.org\n\n"
        "Additional Information\n======================\n\nOriginal Sender:    <me@example.com>\n",
        {LOST: R.USER_UNKNOWN, GONE: R.USER_UNKNOWN},
    ),
    Form(
        "carrier, one rejected recipient",
        "Postmaster@carrier.example",
        "Mail System Error - Returned Mail",
        "Each of the following recipients was rejected by a remote mail server.\nThe reasons given by the server are "
        "included to help you determine why\neach recipient was rejected.\n\n    Recipient: <lost@example.net>\n"
        "    Reason:    550 <lost@example.net>: User unknown\n\n\nPlease reply to Postmaster@carrier.example\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "errors counted",
        "Mail Server <MAILER-DAEMON@x.example>",
        "There was an error sending your mail",
        "We had trouble delivering your message. Full details follow:\n\nSubject: 'hello'\n"
        "Date:    'Mon, 1 Jan 2024'\n\n"
        "1 error(s):\n\nSMTP Server <mx.example.net> rejected recipient <lost@example.net>\n"
        "  (Error following RCPT command). It responded as follows: [550 5.1.1 User unknown.]\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "sendmail 5",
        "Mail Delivery Subsystem <MAILER-DAEMON@x.example>",
        "Returned mail: unknown mailer error 1",
        "   ----- Transcript of session follows -----\n421 mx.example.net (smtp)... Deferred: Connection refused\n\n"
        "   ----- Unsent message follows -----\n",
        {"other@example.org": R.NETWORK},
    ),
    Form(
        "sendmail 5 with recipients",
        "Mail Delivery Subsystem <MAILER-DAEMON@x.example>",
        "Returned mail: User unknown",
        "   ----- Recipients of this delivery -----\nlost@example.net  (unrecoverable error)\n"
        "gone@example.org  (unrecoverable error)\n\n   ----- Transcript of session follows -----\n"
        "550 lost@example.net... User unknown\n550 gone@example.org... Host unknown\n\n"
        "   ----- Original message follows -----\n",
        {LOST: R.USER_UNKNOWN, GONE: R.HOST_UNKNOWN},
    ),
    Form(
        "server message, m-FILTER manner",
        "Mailer Daemon <postmaster@mf.example>",
        "failure notice",
        "-------server message\n550 5.1.1 unknown user <lost@example.net>\n\n-------original message\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Java server",
        "postmaster@james.example",
        "Re:hello",
        "Hi. This is the James mail server at james.example.\nI'm afraid I wasn't able to deliver your message to the "
        "following addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.  Below\n"
        "I include the "
        "list of recipients and the reason why I was unable to deliver\nyour message.\n\nFailed recipient(s):\n"
        "lost@example.net\n\nError message:\n550 5.1.1 no such user\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "CompuServe",
        "CompuServe Postmaster <postmaster@compuserve.example>",
        "Undeliverable message",
        "Receiver not found: lost\n\nYour message could not be delivered as addressed.\n\n"
        "Invalid receiver address: lost@example.net\n\n--- Returned message ---\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "target users",
        "<postmaster@x.example>",
        "Delivery report",
        "Failed to deliver to target users:\nlost@example.net (mailbox full)\n\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Google group",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.example>",
        "Delivery Status Notification (Failure)",
        "Hello me@example.com,\n\nWe're writing to let you know that the group you tried to contact (group) may not "
        "exist, or you may not have permission to post messages to the group.\n\n----- Original message -----\n",
        {"other@example.org": R.POLICY},
    ),
    Form(
        "Turkish",
        "Mail Delivery System <MAILER-DAEMON@x.example>",
        "İletiniz teslim edilemedi",
        "İletiniz şu alıcıya teslim edilemedi:\n\nlost@example.net\n\nPosta kutusu bulunamadı.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Dutch",
        "Mail Delivery System <MAILER-DAEMON@x.example>",
        "Onbestelbaar: hallo",
        "Uw bericht kon niet worden bezorgd bij de volgende geadresseerde:\n\nlost@example.net\n\n"
        "Het postvak is vol.\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Korean",
        "MAILER-DAEMON@x.example",
        "메일이 반송되었습니다",
        "다음 수신자에게 메일이 전달되지 않았습니다.\n\n받는사람: lost@example.net\n사유: 존재하지 않는 사용자입니다\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Czech",
        "Mail Delivery System <MAILER-DAEMON@x.example>",
        "Nedoručitelná zpráva",
        "Vaše zpráva nemohla být doručena na adresu <lost@example.net>: uživatel neexistuje\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Exchange Online, numbered advice",
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.onmicrosoft.com>",
        "Undeliverable: hello",
        "Your message to lost@example.net couldn't be delivered.\n\nlost wasn't found at example.net.\n\n"
        "me\tOffice 365\tlost\nAction Required\t\tRecipient\nUnknown To address\n\nHow to Fix It\n"
        "The address may be misspelled. "
        "Contact support@example.com for help.\n\nError Details\n"
        "Reported error: 550 5.1.10 RESOLVER.ADR.RecipientNotFound\n",
        {LOST: R.USER_UNKNOWN},
    ),
)
