"""Notices of more mail servers; for the shape of an entry see forms."""

from tests.bounce.forms import DELAYED, LOST, Form, R

SERVERS = (
    Form(
        "MDaemon",
        "MDaemon@example.net",
        "Permanent Delivery Failure",
        "The attached message had PERMANENT fatal delivery errors!\n\n"
        "After one or more unsuccessful delivery attempts the attached message has\n"
        "been removed from the mail queue on this server.  The number and frequency\n"
        "of delivery attempts are determined by local configuration parameters.\n"
        "\nYOUR MESSAGE WAS NOT DELIVERED TO ANYONE!\n\n----\nFailed address: lost@example.net\n"
        "\n--- Session Transcript ---\nMon 2024-01-01 10:00:00: --> RCPT To:<lost@example.net>\n"
        "Mon 2024-01-01 10:00:00: <-- 550 5.1.1 <lost@example.net>: Recipient address "
        "rejected: User unknown\n--- End Transcript ---\n: Message contains [1] file attachments\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "MDaemon delay",
        "MDaemon@example.net",
        "WARNING: Message delivery delayed",
        "The following message is having trouble being delivered:\n\nMessage-ID: <1@example.com>\n"
        "To: lost@example.net\n\n"
        "It will be retried until it expires. Last error: connection timed out\n",
        {LOST: R.EXPIRED},
        DELAYED,
    ),
    Form(
        "MailEnable",
        "Postmaster <postmaster@example.net>",
        "Message Delivery Failure",
        "MailEnable: Message could not be delivered to some recipients.\n"
        "\nThe following recipient(s) could not be reached:\n\n\tRecipient: [SMTP:lost@example.net]\n"
        "\tReason: Remote SMTP Server Returned: 550 No such user here\n\n"
        "\nMessage headers follow:\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "IMail forward",
        "postmaster@example.net",
        "Undeliverable Mail",
        "undeliverable to lost@example.net\n\nOriginal message follows.\n\n",
        {LOST: R.OTHER},
    ),
    Form(
        "WorkgroupMail",
        "postmaster@example.net",
        "Delivery failure",
        "Failed to deliver to '<lost@example.net>'\nSMTP module(domain example.net) reports:\n"
        "  host mx.example.net says:\n  550 5.1.1 unknown user\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "CommuniGate loop",
        "MAILER-DAEMON@cgp.example.net",
        "Undeliverable mail: hello",
        "Failed to deliver to '<lost@example.net>'\nLOCAL module(account lost) reports:\n"
        " account is full (quota exceeded)\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Zimbra",
        "MAILER-DAEMON@mx.example.net",
        "Undelivered Mail Returned to Sender",
        "This is the mail system at host mx.example.net.\n\n"
        "I'm sorry to have to inform you that your message could not\n"
        "be delivered to one or more recipients. It's attached below.\n"
        "\n<lost@example.net>: host 127.0.0.1[127.0.0.1] said: 452 4.2.2 Over quota (in\n"
        "    reply to end of DATA command)\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "XMail",
        '"SMTP Server" <postmaster@xmail.example.net>',
        "Error sending message [12345.xmail] from [example.net]",
        "[<01>] XMail bounce: Rcpt=[lost@example.net];Error=[550 5.1.1 User unknown]\n"
        "\n\n[<02>] Error sending message [12345] from [example.net].\n\nID:        <S1>\n"
        "Mail From: <me@example.com>\nRcpt To:   <lost@example.net>\n\n\n"
        "[<03>] The reason of the delivery failure was:\n\n550 5.1.1 User unknown\n"
        "\n\n[<05>] Here is listed the initial part of the message:\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Merak/IceWarp",
        "postmaster@example.net",
        "Undeliverable mail",
        "The message could not be delivered to the following recipients:\n"
        "\n<lost@example.net>\n\nReason: user does not exist\n\n--- Original message ---\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Argosoft",
        "postmaster@example.net",
        "Mail delivery failed",
        "Your message could not be delivered to lost@example.net.\nServer response was: 550 Relaying denied\n",
        {LOST: R.POLICY},
    ),
    Form(
        "602LAN",
        "MAILER-DAEMON@lan.example.net",
        "Undelivered mail",
        "Your mail was not delivered to the following recipients:\nlost@example.net - Host not found\n",
        {LOST: R.HOST_UNKNOWN},
    ),
    Form(
        "MS SMTP 2000",
        "postmaster@example.net",
        "Delivery Status Notification (Failure)",
        "This is an automatically generated Delivery Status Notification.\n"
        "\nDelivery to the following recipients failed.\n\n       lost@example.net\n"
        "\n",
        {LOST: R.OTHER},
    ),
    Form(
        "Exchange 5.5",
        "System Administrator <postmaster@example.net>",
        "Undeliverable: hello",
        "Your message\n\n  To:      lost@example.net\n  Subject: hello\n"
        "  Sent:    Mon, 1 Jan 2024 10:00:00 +0100\n\ndid not reach the following recipient(s):\n"
        "\nlost@example.net on Mon, 1 Jan 2024 10:00:02 +0100\n"
        "    The recipient name is not recognized\n"
        "\tThe MTS-ID of the original message is: c=us;a= ;p=x\n"
        "    MSEXCH:IMS:X:Y:Z 0 (000C05A6) Unknown Recipient\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Sun JES",
        "Internet Mail Delivery <postmaster@mx.example.net>",
        "Delivery Notification: Delivery has failed",
        "This report relates to a message you sent with the following header fields:\n"
        "\n  Message-id: <1@example.com>\n  Date: Mon, 01 Jan 2024 10:00:00 +0100\n"
        "  From: Me <me@example.com>\n  To: lost@example.net\n  Subject: hello\n"
        "\nYour message cannot be delivered to the following recipients:\n"
        "\n  Recipient address: lost@example.net\n"
        "  Reason: Remote SMTP server has rejected address\n"
        "  Diagnostic code: smtp;550 5.1.1 unknown or illegal alias: lost@example.net\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Sun delay",
        "Internet Mail Delivery <postmaster@mx.example.net>",
        "Delivery Notification: Delivery has been delayed",
        "Your message is being delayed; it has been enqueued for 4 hours to the following "
        "recipients:\n\n  Recipient address: lost@example.net\n"
        "  Reason: unable to deliver this message after 4 hours\n\n"
        "Delivery attempt history for your mail:\n"
        "  TCP active open: Failed connect() Error: Connection refused\n"
        "\nThe mail system will continue to try to deliver your message.\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "qmail delay hack",
        "MAILER-DAEMON@mx.example.net",
        "delayed delivery",
        "Hi. This is the qmail-send program at mx.example.net.\nYour message has not been deliv"
        "ered yet to the following addresses. I will keep trying.\n\n<lost@example.net>:\nConnect"
        "ed to 192.0.2.1 but greeting failed.\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "qmail virtual",
        "MAILER-DAEMON@mx.example.net",
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.net.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n"
        "\n<example.net-lost@example.net>:\nThis address no longer accepts mail.\n"
        "\n--- Below this line is a copy of the message.\n",
        {"example.net-lost@example.net": R.USER_UNKNOWN},
    ),
    Form(
        "Exim filter",
        "Mail Delivery System <Mailer-Daemon@mx.example.net>",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n"
        "\nA message that you sent could not be delivered to one or more of its\n"
        "recipients. This is a permanent error. The following address(es) failed:\n"
        "\n  lost@example.net\n    (generated from list@example.org)\n"
        "    SMTP error from remote mail server after end of data:\n"
        "    host mx.example.net [192.0.2.1]: 554 5.7.1 Spam message rejected\n"
        "\n------ This is a copy of the message, including all the headers. ------\n",
        {LOST: R.SPAM},
    ),
    Form(
        "he/none",
        "MAILER-DAEMON@il.example",
        "Undelivered Mail Returned to Sender",
        '<lost@example.net>: unknown user: "lost"\n',
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Novell NIMS",
        "Mail Delivery System <postmaster@nims.example>",
        "Undeliverable message",
        "The message you sent could not be delivered to one or more recipients:\n"
        "   lost@example.net: Mailbox over quota\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Netscape MS",
        "Mail Administrator <Postmaster@ns.example>",
        "Mail System Error - Returned Mail",
        "This Message was undeliverable due to the following reason:\n\n"
        "Your message was not delivered because the destination computer was\n"
        "not found.  Carefully check that it was spelled correctly and try\n"
        "sending it again if there were any mistakes.\n\nHost nowhere.example not found\n"
        "\nThe following recipients did not receive your message:\n\n     <lost@example.net>\n"
        "\nPlease reply to Postmaster@ns.example\nif you feel this message to be in error.\n",
        {LOST: R.HOST_UNKNOWN},
    ),
    Form(
        "Netscape quota",
        "Mail Administrator <Postmaster@ns.example>",
        "Mail System Error - Returned Mail",
        "This Message was undeliverable due to the following reason:\n\n"
        "The user(s) account is temporarily over quota.\n\n<lost@example.net>\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "InterMail",
        "Mail Administrator <Postmaster@im.example>",
        "Mail System Error - Returned Mail",
        "The following message could not be delivered to one or more recipients:\n"
        "\nUnknown recipient: <lost@example.net>\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Post.Office",
        "Postmaster <Postmaster@po.example>",
        "Undeliverable Message",
        "Unable to deliver message to the following recipients, due to being unable to "
        "connect successfully to the destination mail server:\n\n <lost@example.net>\n",
        {LOST: R.NETWORK},
    ),
    Form(
        "AppleShare",
        "postmaster@as.example",
        "Undeliverable mail",
        "The message was not delivered to:\n  lost@example.net (unknown user)\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "SLmail",
        "postmaster@sl.example",
        "Undeliverable Mail - returned",
        "This mail message could not be delivered to lost@example.net\n"
        "The mail server replied: 550 Invalid recipient\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "ArGoSoft2",
        "MAILER-DAEMON@ar.example",
        "Delivery Failure",
        "Delivery to lost@example.net failed: No mailbox here by that name\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Lyris",
        "Lyris ListManager <postmaster@ly.example>",
        "Delivery failed",
        "The following address failed: lost@example.net\n554 Mailbox full\n",
        {LOST: R.MAILBOX_FULL},
    ),
)
