"""Notices of gateways, filters and newer servers; for the shape of an entry see forms."""

from tests.bounce.forms import DELAYED, GONE, LOST, Form, R

GATEWAYS = (
    Form(
        "Mimecast",
        "Postmaster <postmaster@mimecast.example>",
        "[Postmaster] Email Delivery Failure",
        "This is a system-generated message to inform you that your email could not be deliver"
        "ed to one or more recipients. Details of the email and the error are as follows:\n\n<lo"
        "st@example.net>: 550 Rejected by header based Anti-Spoofing policy: me@example.com\n",
        {LOST: R.POLICY},
    ),
    Form(
        "Symantec",
        "MAILER-DAEMON@messagelabs.example",
        "failure notice",
        "This is the mail delivery agent at messagelabs.example.\n"
        "I was unable to deliver your message to the following addresses:\n"
        "\nlost@example.net\n\nReason:\n\n550 Mail_From_Verification_Failed\n"
        "\nThe message subject was: hello\nThe message date was: Mon, 1 Jan 2024\n"
        "The message identifier was: 1/2\nThe message reference was: server-1.tower\n"
        "\nPlease do not reply to this email as it is sent from an unattended mailbox.\n",
        {LOST: R.POLICY},
    ),
    Form(
        "Fortimail",
        "postmaster@fml.example",
        "Mail delivery failed",
        "The original message was received at Mon, 1 Jan 2024\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n"
        "<lost@example.net>\n    (reason: 550 5.7.1 Attachment type not allowed)\n",
        {LOST: R.POLICY},
    ),
    Form(
        "Sophos PureMessage",
        "postmaster@s.example",
        "Message rejected",
        "Your message to lost@example.net was rejected because it contains a virus: EICAR-AV-Test.\n",
        {LOST: R.POLICY},
    ),
    Form(
        "Amavis banned",
        '"Content-filter at mx.example" <postmaster@mx.example>',
        "BANNED contents from you (.exe,.exe-ms,x.exe)",
        "BANNED CONTENTS ALERT\n\nOur content checker found\n    banned name: .exe,.exe-ms,x.exe\n"
        "\nin email presumably from you <me@example.com>\nto the following recipient:\n"
        "-> lost@example.net\n\nOur internal reference code for your message is 1-2/3\n"
        "\nDelivery of the email was stopped!\n",
        {LOST: R.POLICY},
    ),
    Form(
        "Spamtitan",
        "postmaster@st.example",
        "Considered UNSOLICITED BULK EMAIL, apparently from you",
        "A message from <me@example.com> to:\n-> lost@example.net\n\n"
        "was considered unsolicited bulk e-mail (UBE).\n\nDelivery of the email was stopped!\n",
        {LOST: R.SPAM},
    ),
    Form(
        "cPanel rate",
        "Mail Delivery System <Mailer-Daemon@cp.example>",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you"
        " sent could not be delivered to one or more of its recipients. This is a permanent er"
        "ror. The following address(es) failed:\n\n  lost@example.net\n    Domain example.com has"
        " exceeded the max emails per hour (100/100 (100%)) allowed.  Message discarded.\n\n----"
        "-- This is a copy of the message ------\n",
        {LOST: R.RATE_LIMIT},
    ),
    Form(
        "SendGrid text",
        "MAILER-DAEMON@sg.example",
        "Undelivered Mail Returned to Sender",
        "Hello, this is the mail server on sg.example.\n\n"
        "I am sending you this message to inform you on the delivery status of a\n"
        "message you previously sent.  Immediately below you will find a list of\n"
        "the affected recipients;  also attached is a Delivery Status Notification\n"
        "(DSN) report in standard format, as well as the headers of the original\n"
        "message.\n\n  <lost@example.net>  delivery failed; will not continue trying\n",
        {LOST: R.OTHER},
    ),
    Form(
        "PowerMTA relayed",
        "Mail Delivery System <mailer-daemon@pm.example>",
        "Delivery report",
        "Hello, this is the mail server on pm.example.\n\n"
        "Immediately below you will find a list of the affected recipients.\n"
        "\n  <lost@example.net>  550 5.1.1 mailbox does not exist\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Momentum",
        "Mail Delivery System <MAILER-DAEMON@mm.example>",
        "Mail Delivery Failure",
        "This message was created automatically by mail delivery software (Momentum).\n"
        "\nThe following address(es) failed:\n"
        "  lost@example.net 550 5.4.7 Delivery expired (message too old)\n",
        {LOST: R.EXPIRED},
    ),
    Form(
        "Haraka",
        "MAILER-DAEMON@hk.example",
        "failed mail",
        "Intended Recipients: <lost@example.net>\n"
        "Failure Reason: Error: 550 I cannot deliver for that user: no such user\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Postal",
        "Mail Delivery Service <postmaster@postal.example>",
        "Mail Delivery Failed (hello)",
        "This is the mail delivery service responsible for delivering mail to postal.example.\n"
        "\nThe message you've sent cannot be delivered. Permanent error: 550 5.1.1 user unknown\n"
        "\nThe original message was sent to: lost@example.net\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Stalwart",
        "Mail Delivery Subsystem <MAILER-DAEMON@sw.example>",
        "Failed to deliver message",
        "Your message could not be delivered to the following recipients:\n\n<lost@example.net> "
        "(host 'mx.example.net' rejected command 'RCPT TO:<lost@example.net>' with code 550 (5"
        ".1.1) 'User unknown')\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Stalwart delay",
        "Mail Delivery Subsystem <MAILER-DAEMON@sw.example>",
        "Warning: Delay in message delivery",
        "There was a temporary problem delivering your message to the following recipients:\n"
        "\n<lost@example.net> (connection to 'mx.example.net' failed: Connection timed out)\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "James",
        "postmaster@james.example",
        "Re: hello? no: Delivery Failure",
        "Hi. This is the James mail server at james.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.  Below\n"
        "I include the list of recipients and the reason why I was unable to deliver\n"
        "your message.\n\nFailed recipient(s):\nlost@example.net\n\nError message:\n"
        "550 5.1.1 user unknown\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Tobit",
        "postmaster@tobit.example",
        "Delivery failure",
        "Delivery of your message\nSubject: hello\nto recipient <lost@example.net> failed.\n"
        "Reason: Recipient unknown.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "hMail",
        "mailer-daemon@hm.example",
        "Message undeliverable: hello",
        "Your message did not reach some or all of the intended recipients.\n"
        "\n   Sent: Mon, 1 Jan 2024 10:00:00 +0100\n   Subject: hello\n\n"
        "The following recipient(s) could not be reached:\n\n\nlost@example.net\n"
        "   Error Type: SMTP\n   Remote server (192.0.2.1) issued an error.\n"
        "   hMailServer sent: RCPT TO:<lost@example.net>\n"
        "   Remote server replied: 550 5.1.1 Unknown user\n\n\nhMailServer\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "SmarterMail",
        "System Administrator <postmaster@sm.example>",
        "Delivery Failure",
        "Could not deliver message to the following recipient(s):\n\n"
        "Failed Recipient: lost@example.net\nReason: Remote host said: 550 5.1.1 unknown user\n"
        "\n   -- The header and top 20 lines of the message follows --\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Plesk qmail",
        "MAILER-DAEMON@mx.example.net",
        "failure notice",
        "Hi. This is the qmail-send program at plesk.example.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "\n<lost@example.net>:\n192.0.2.1 failed after I sent the message.\n"
        "Remote host said: 552 5.2.3 Message exceeds maximum fixed size\n"
        "\n--- Below this line is a copy of the message.\n",
        {LOST: R.SIZE},
    ),
    Form(
        "Sendmail delay",
        "Mail Delivery Subsystem <MAILER-DAEMON@sm.example>",
        "Warning: could not send message for past 4 hours",
        "    **********************************************\n"
        "    **      THIS IS A WARNING MESSAGE ONLY      **\n"
        "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n"
        "    **********************************************\n\n"
        "The original message was received at Mon, 1 Jan 2024\n\n"
        "   ----- The following addresses had transient non-fatal errors -----\n"
        "<lost@example.net>\n\n   ----- Transcript of session follows -----\n"
        "451 example.net: Name server timeout\nWarning: message still undelivered after 4 hours\n"
        "Will keep trying until message is 5 days old\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "subject only html",
        "postmaster@ex.example",
        "Undeliverable: hi",
        "<html><body><table><tr><td>Your message to <b>lost@example.net</b> couldn't be "
        "delivered.</td></tr><tr><td><b>lost</b> wasn't found at "
        "example.net</td></tr></table></body></html>",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "CSV list",
        "MAILER-DAEMON@mx.example.net",
        "Delivery failure report",
        "The following recipients failed:\n\nlost@example.net;550 5.1.1 no such user\n"
        "gone@example.org;552 5.2.2 mailbox full\n",
        {LOST: R.USER_UNKNOWN, GONE: R.MAILBOX_FULL},
    ),
    Form(
        "numbered",
        "MAILER-DAEMON@mx.example.net",
        "Undelivered mail",
        "Your message was not delivered to these recipients:\n\n1. lost@example.net: user unknown\n"
        "2. gone@example.org: mailbox full\n",
        {LOST: R.USER_UNKNOWN, GONE: R.MAILBOX_FULL},
    ),
    Form(
        "key value",
        "MAILER-DAEMON@mx.example.net",
        "Mail Delivery Failed",
        "Delivery failed.\n\nStatus: 550\nTo: lost@example.net\nFrom: me@example.com\nReason: Mailbox does not exist\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "json-ish",
        "MAILER-DAEMON@mx.example.net",
        "Bounce",
        '{"recipient": "lost@example.net", "code": 550, "error": "5.1.1 no such user", "status": "delivery failed"}\n',
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "local name",
        "MAILER-DAEMON@mx.example.net",
        "Undelivered Mail Returned to Sender",
        "<lost@example.net> (expanded from <alias@example.org>): can't create user output\n"
        '    file. Command output: procmail: Quota exceeded while writing "/var/mail/lost"\n',
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "only returned",
        "MAILER-DAEMON@mx.example.net",
        "Returned mail: see transcript for details",
        "The message could not be delivered. Mailbox full.\n\n--- Original message follows ---\n",
        {"other@example.org": R.MAILBOX_FULL},
    ),
    Form(
        "AOL old",
        "MAILER-DAEMON@aol.example",
        "Undeliverable Mail",
        "The mail you sent could not be delivered to:\n550 lost is not a known user\n\nThe text you sent follows:\n",
        {"other@example.org": R.USER_UNKNOWN},
    ),
    Form(
        "uppercase",
        "MAILER-DAEMON@mx.example.net",
        "UNDELIVERABLE MAIL",
        "YOUR MESSAGE COULD NOT BE DELIVERED TO LOST@EXAMPLE.NET BECAUSE THE USER IS UNKNOWN.\n",
        {"LOST@EXAMPLE.NET": R.USER_UNKNOWN},
    ),
)
