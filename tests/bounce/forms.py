"""Notices as mail systems of the world write them, composed by hand for these tests: one entry per form.

(name, From, Subject, notice, what must be read from it: recipient → reason, action). `failed` unless it says otherwise.
"""

from typing import NamedTuple

from emailgw.bounce.report import Action, Reason

FAILED, DELAYED = Action.FAILED, Action.DELAYED
R = Reason


class Form(NamedTuple):
    name: str
    author: str
    subject: str
    notice: str
    expected: dict[str, Reason]
    action: Action = FAILED


LOST = "lost@example.net"
GONE = "gone@example.org"

RETURNED = """
Received: from mail.example.com (mail.example.com [192.0.2.7]) by mx.example.net; Mon, 1 Jan 2024 10:00:00 +0000
Return-Path: <me@example.com>
Message-ID: <42@example.com>
From: Me <me@example.com>
To: other@example.org
Subject: hello

hello
"""

FORMS = (
    Form(
        "Lotus Domino",
        "Mail Router <postmaster@example.net>",
        "DELIVERY FAILURE: User lost (lost@example.net) not listed in Domino Directory",
        "Your message\n\n  Subject: hello\n\nwas not delivered to:\n\n  lost@example.net\n\nbecause:\n\n"
        "  User lost (lost@example.net) not listed in Domino Directory\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "GroupWise",
        "Mail Transport Agent <Mailer-Daemon@example.net>",
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\tlost@example.net (550 no such recipient)\n\n"
        "Possibly truncated original message follows:\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "IMail, unknown user",
        "postmaster@example.net",
        "Undeliverable Mail",
        "Unknown user: lost@example.net\n\nRCPT TO generated following response:\n550 unknown user\n\n"
        "Original message follows.\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "IMail, mailbox size",
        "Postmaster <postmaster@example.net>",
        "Undeliverable Mail",
        "User mailbox exceeds allowed size: lost@example.net\n\nOriginal message follows.\n\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Courier",
        '"Courier mail server at mx.example.net" <@mx.example.net>',
        "NOTICE: mail delivery status.",
        "This is a delivery status notification from mx.example.net,\nrunning the Courier mail server.\n\n"
        "The original message was received on Mon, 1 Jan 2024 10:00:00 +0000\nfrom mail.example.com\n\n"
        "---------------\n\n"
        "                           UNDELIVERABLE MAIL\n\n"
        "Your message to the following recipients cannot be delivered:\n\n<lost@example.net>:\n"
        "    <<< 550 User <lost@example.net> unknown.\n\n---------------\n\n"
        "If your message was also sent to additional recipients, their delivery\n"
        "status is not included in this report.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "CommuniGate Pro",
        "<MAILER-DAEMON@example.net>",
        "Undeliverable mail: hello",
        "Failed to deliver to 'lost@example.net'\nSMTP module(domain example.net) reports:\n"
        " host mx.example.net says:\n"
        " 550 5.1.1 unknown user account\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Smail",
        "<MAILER-DAEMON@mx.example.net>",
        "mail failed, returning to sender",
        "|------------------------- Message log follows: -------------------------|\n"
        " no valid recipients were found for this message\n"
        "|------------------------- Failed addresses follow: ---------------------|\n"
        " <lost@example.net> ... unknown host\n"
        "|------------------------- Message text follows: ------------------------|\n",
        {LOST: R.HOST_UNKNOWN},
    ),
    Form(
        "InterScan",
        "MAILER-DAEMON <MAILER-DAEMON@mx.example.net>",
        "Mail could not be delivered",
        "****** Message from InterScan Messaging Security Suite ******\n\nSent <<< RCPT TO:<lost@example.net>\n"
        "Received >>> 550 5.1.1 <lost@example.net>... user unknown\n\n"
        "Unable to deliver message to <lost@example.net>.\n\n"
        "************************     End of message     **********************\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "VPOP3",
        "<vpop3@example.net>",
        "Failed mail delivery",
        "Your message could not be delivered to the following recipient(s)\n\n  lost@example.net\n"
        "    No such user\n\nThis is an automatically generated message\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "hMailServer, quota",
        "mailer-daemon@example.net",
        "Message undeliverable: hello",
        "Your message did not reach some or all of the intended recipients.\n\n"
        "   Sent: Mon, 1 Jan 2024 10:00:00 +0000\n"
        "   Subject: hello\n\nThe following recipient(s) could not be reached:\n\nlost@example.net\n"
        "   550 Mailbox is full. Quota exceeded.\n\n\nhMailServer\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "two recipients, qmail manner",
        "MAILER-DAEMON@mx.example.net",
        "failure notice",
        "Hi. This is the mail program at mx.example.net.\nI'm afraid I wasn't able to deliver your message.\n\n"
        "<lost@example.net>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "<gone@example.org>:\nThe user's mailbox is over quota. (#5.2.2)\n\n"
        "--- Below this line is a copy of the message.\n",
        {LOST: R.USER_UNKNOWN, GONE: R.MAILBOX_FULL},
    ),
    Form(
        "address: reason on one line",
        "Mail Administrator <postmaster@example.net>",
        "Mail System Error - Returned Mail",
        "This Message was undeliverable due to the following reason:\n\n"
        "The following destination addresses were unknown "
        "(please check\nthe addresses and re-mail the message):\n\n"
        "SMTP <lost@example.net>\n\nPlease reply to Postmaster@example.net\nif you feel this message to be in error.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Kerio",
        "Mail Delivery Subsystem <postmaster@example.net>",
        "Delivery failed",
        "Your message to lost@example.net could not be delivered: recipient's mailbox is over quota.\n\n"
        "Subject: hello\n\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Zoho manner",
        "mailer-daemon@mail.example.net",
        "Undelivered Mail Returned to Sender",
        "This message was created automatically by mail delivery software.\n"
        "A message that you sent could not be delivered "
        "to one or more of its recipients. This is a permanent error.\n\n"
        "lost@example.net Invalid Recipient, ERROR_CODE :550, "
        "ERROR_CODE :5.1.1 user does not exist\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Exchange 2007, German",
        "Microsoft Exchange <postmaster@example.net>",
        "Unzustellbar: Hallo",
        "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Verteilerlisten:\n\nlost@example.net\n"
        "Die eingegebene E-Mail-Adresse konnte nicht gefunden werden. Der Empfänger existiert nicht.\n\n"
        "Diagnoseinformationen für Administratoren:\n\nGenerierender Server: ex.example.net\n\nlost@example.net\n"
        "#550 5.1.1 RESOLVER.ADR.RecipNotFound; not found ##\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Exchange, French",
        "Microsoft Exchange <postmaster@example.net>",
        "Non remis : Bonjour",
        "Échec de la remise pour ces destinataires ou groupes :\n\nlost@example.net\n"
        "La boîte aux lettres du destinataire est pleine et n'accepte plus de messages.\n\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Spanish",
        "Mail Delivery System <MAILER-DAEMON@example.net>",
        "Correo no entregado",
        "No se pudo entregar su mensaje a los siguientes destinatarios:\n\n  lost@example.net: el usuario no existe\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Portuguese",
        "MAILER-DAEMON@example.net",
        "Falha na entrega da mensagem",
        "A sua mensagem não pôde ser entregue ao destinatário abaixo:\n\n<lost@example.net>\n"
        "Motivo: caixa postal cheia\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Italian",
        "postmaster@example.net",
        "Mancato recapito",
        "Non è stato possibile consegnare il messaggio al seguente indirizzo:\n\nlost@example.net\n\n"
        "Utente sconosciuto\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Russian",
        "Mail Delivery System <mailer-daemon@example.net>",
        "Недоставленное сообщение",
        "Ваше сообщение не было доставлено следующим получателям:\n\nlost@example.net\n"
        "    Такой пользователь не найден\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Japanese",
        "MAILER-DAEMON@example.ne.jp",
        "メールを配信できませんでした",
        "次の宛先へのメールを配信できませんでした。\n\n<lost@example.net>\n\n宛先のメールアドレスは存在しません。\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Japanese, glued to the address",
        "MAILER-DAEMON@example.ne.jp",
        "送信エラー",
        "宛先lost@example.netへのメールはお届けできませんでした。メールボックスの容量を超えています。\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Chinese",
        "Postmaster <postmaster@example.cn>",
        "系统退信",
        "抱歉,您的邮件被退回来了……\n\n收件人: lost@example.net\n退信原因: 收件人不存在\n\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Polish delay",
        "MAILER-DAEMON@example.pl",
        "Opóźnienie w dostarczeniu wiadomości",
        "Wiadomość do lost@example.net nie została jeszcze dostarczona; opóźnienie 4 godziny. Connection timed out\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "German delay",
        "Mail Delivery System <mailer-daemon@example.de>",
        "Warnung: Zustellung verzögert",
        "Ihre Nachricht konnte noch nicht zugestellt werden an:\n\n  lost@example.net\n    Verbindung abgelehnt\n\n"
        "Es wird weiterhin versucht, sie zuzustellen.\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "Exim delay",
        "Mail Delivery System <Mailer-Daemon@mx.example.net>",
        "Warning: message 1abc delayed 24 hours",
        "This message was created automatically by mail delivery software.\nA message that you sent has not yet been "
        "delivered to one or more of its\nrecipients after more than 24 hours on the queue.\n\n"
        "The address to which the message has not yet been delivered is:\n\n  lost@example.net\n"
        "    Delay reason: Connection timed out\n\nNo action is required on your part. Delivery attempts will "
        "continue.\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "SMTP dialog only",
        "Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>",
        "Returned mail: User unknown",
        "   ----- Transcript of session follows -----\n... while talking to mx.example.org.:\n"
        ">>> RCPT To:<lost@example.net>\n"
        "<<< 550 5.1.1 unknown or illegal alias\n550 lost@example.net... User unknown\n\n"
        "   ----- Unsent message follows -----\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "X.400 gateway",
        "Internet Gateway <postmaster@gw.example.net>",
        "Non-Delivery Report",
        "Your message could not be delivered to the following recipient:\n\n"
        "Recipient name: lost@example.net\nReason code: unable-to-transfer\nDiagnostic code: unrecognised-OR-name\n"
        "Supplementary info: unknown recipient\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "PMDF",
        "PMDF e-Mail Interconnect <postmaster@example.net>",
        "Delivery Notification: Delivery has failed",
        "This report relates to a message you sent with the following header fields:\n\n"
        "  Message-id: <42@example.com>\n  Date: Mon, 01 Jan 2024 10:00:00 +0000\n  From: Me <me@example.com>\n"
        "  To: lost@example.net\n  Subject: hello\n\n"
        "Your message cannot be delivered to the following recipients:\n\n"
        "  Recipient address: lost@example.net\n  Reason: Illegal user or user disk quota exceeded\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "LISTSERV",
        '"L-Soft list server at EXAMPLE.NET" <LISTSERV@EXAMPLE.NET>',
        "Delivery error: lost@example.net",
        "The following message could not be delivered:\n\nlost@example.net: 550 5.1.1 no such user\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Mercury",
        "Electronic Postmaster <postmaster@example.net>",
        "Postmaster notify: delivery failure.",
        "The attached message has failed delivery and has been referred\n"
        "to you as postmaster. The following error report "
        "or reports were given\nto explain the problem:\n\n   *** lost@example.net\n   User not known at this site.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "carrier gateway",
        "MMS Gateway <MAILER-DAEMON@mms.example.net>",
        "Delivery failure",
        "The message to 15551234567@mms.example.net could not be delivered because the subscriber is not in service.\n",
        {"15551234567@mms.example.net": R.USER_DISABLED},
    ),
    Form(
        "Barracuda block",
        "postmaster@barracuda.example.net",
        "**Message you sent blocked by our bulk email filter**",
        "Your message to: lost@example.net\nwas blocked by our Spam Firewall. The email you sent with the "
        "following subject "
        "has NOT BEEN DELIVERED:\n\nSubject: hello\n",
        {LOST: R.SPAM},
    ),
    Form(
        "oversize, explanation first",
        "Mail Gateway <mailer@gw.example.net>",
        "Message not delivered",
        "The message exceeds the maximum size allowed by this server (10 MB) and was not delivered to:\n\n"
        "* lost@example.net\n"
        "* gone@example.org\n",
        {LOST: R.SIZE, GONE: R.SIZE},
    ),
    Form(
        "HTML table",
        "Mail Delivery System <noreply-bounce@example.net>",
        "Undeliverable: hello",
        "<html><head><style>p {color: red}</style></head><body><p>Your message to <a href='mailto:lost@example.net'>"
        "lost@example.net</a> couldn&#39;t be delivered.</p><table><tr><td>The recipient&rsquo;s mailbox is "
        "full</td></tr>"
        "</table></body></html>",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Gmail delay",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Delay)",
        "This is an automatically generated Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\n"
        "YOU DO NOT NEED TO RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n"
        "     lost@example.net\n\nMessage will be retried for 2 more day(s)\n\n"
        "Technical details of temporary failure:\nThe recipient server did not accept our requests to connect.\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "SurgeMail",
        "<postmaster@example.net>",
        "Unable to deliver mail",
        "Your message cannot be delivered to the following address(es)\n\n"
        "lost@example.net - Remote host said: 550 Blocked, "
        "see http://bl.example.org/ - your ip is on a blacklist\n",
        {LOST: R.REPUTATION},
    ),
    Form(
        "relay expired",
        "Postmaster <postmaster@relay.example.net>",
        "Returned mail: Cannot send message for 5 days",
        "The original message was received at Mon, 1 Jan 2024 10:00:00 +0000\n\n"
        "   ----- The following addresses had permanent fatal errors -----\n<lost@example.net>\n\n"
        "   ----- Transcript of session follows -----\n"
        "<lost@example.net>... Deferred: Connection refused by mx.example.net.\n"
        "Message could not be delivered for 5 days\nMessage will be deleted from queue\n",
        {LOST: R.NETWORK},
    ),
)
