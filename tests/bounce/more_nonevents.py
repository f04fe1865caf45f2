"""More messages that report nothing final; for the shape of an entry see nonevents."""

from tests.bounce.nonevents import NonEvent

MORE_NONEVENTS = (
    NonEvent(
        "vac1",
        "From: Joe <joe@example.net>\nSubject: Out of Office: hello\nAuto-Submitted: auto-replied\nReturn-Path: <>",
        "I am out of the office until Monday. For urgent matters contact ann@example.net. My "
        "old address joe@old.example is no longer valid.\n",
    ),
    NonEvent(
        "vac fr",
        "From: Jean <jean@example.fr>\nSubject: Absence : bonjour",
        "Je suis absent jusqu'au 3. Votre message n'a pas été lu. Contactez paul@example.fr\n",
    ),
    NonEvent(
        "vac moved",
        "From: Joe <joe@example.net>\nSubject: Re: hello\nAuto-Submitted: auto-replied",
        "My email address has changed. Please use joe@new.example. The address joe@example.net no longer exists.\n",
    ),
    NonEvent(
        "challenge",
        "From: Joe <joe@example.net>\nSubject: Please confirm your message\nReturn-Path: <>",
        "To deliver your message to joe@example.net, click here. Your message is held.\n",
    ),
    NonEvent(
        "ticket",
        "From: Support <support@example.net>\n"
        "Subject: [#12345] Delivery failed - your request has been received\n"
        "Auto-Submitted: auto-generated",
        "Thank you for contacting support about failed delivery to lost@example.net. 550 5.1.1 user unknown\n",
    ),
    NonEvent(
        "person fwd",
        "From: Ann <ann@example.org>\nSubject: Fwd: Undelivered Mail Returned to Sender",
        "Hi, see below what I got.\n\n---------- Forwarded message ----------\n"
        "From: MAILER-DAEMON\n\n<lost@example.net>: 550 user unknown\n",
    ),
    NonEvent(
        "person ask",
        "From: Ann <ann@example.org>\nSubject: Mail delivery failed?",
        "Hi,\n\nmy mail to lost@example.net could not be delivered: 550 5.1.1 user unknown. Can you help?\n\nAnn\n",
    ),
    NonEvent(
        "mailman welcome",
        'From: test-request@lists.example\nSubject: Welcome to the "Test" mailing list\n'
        "Precedence: list\nReturn-Path: <>",
        "Welcome! Your address lost@example.net was added.\n",
    ),
    NonEvent(
        "mailman moderation",
        "From: test-owner@lists.example\nSubject: Your message to Test awaits moderator approval\n"
        "Precedence: bulk\nReturn-Path: <test-bounces@lists.example>",
        "Your mail to 'Test' with the subject hello is being held until the list moderator "
        "can review it. Reason: Post by non-member.\n",
    ),
    NonEvent(
        "mailman reject",
        "From: test-owner@lists.example\nSubject: Request to mailing list Test rejected\nPrecedence: bulk",
        'Your request to the Test mailing list\n\nPosting of your message titled "hello"\n'
        "\nhas been rejected by the list moderator.\n",
    ),
    NonEvent(
        "dmarc",
        "From: noreply-dmarc-support@google.example\n"
        "Subject: Report domain: example.com Submitter: google.com Report-ID: 1",
        "see attached failed delivery\n",
    ),
    NonEvent(
        "invoice",
        "From: billing@shop.example\nSubject: Delivery failed for parcel 123",
        "Your parcel to lost@example.net could not be delivered. Recipient not found at address.\n",
    ),
    NonEvent(
        "newsletter",
        "From: news@news.example\nSubject: How to avoid mailbox full bounces\nList-Unsubscribe: <x>",
        "550 5.1.1 user unknown means the address lost@example.net does not exist\n",
    ),
    NonEvent(
        "cron",
        "From: root@host.example\nSubject: Cron <root@host> /usr/bin/mailq",
        "Delivery to lost@example.net failed: 550 user unknown\n",
    ),
    NonEvent(
        "logwatch",
        "From: logwatch@host.example\nSubject: Logwatch for host",
        "5 messages undeliverable: lost@example.net user unknown\n",
    ),
    NonEvent(
        "boxbe",
        "From: noreply@boxbe.example\nSubject: hello (Action Required)\nAuto-Submitted: auto-replied",
        "Your message to lost@example.net about hello was moved to a waiting list. Click here to be approved.\n",
    ),
    NonEvent(
        "no longer",
        "From: joe@example.net\nSubject: Automatic reply: hello\nX-Auto-Response-Suppress: All\n"
        "Auto-Submitted: auto-generated",
        "I no longer work here. This mailbox is not monitored; mail will not be delivered. Contact ann@example.net\n",
    ),
    NonEvent(
        "postmaster human",
        "From: Postmaster <postmaster@example.net>\nSubject: Re: problem with mail\n"
        "In-Reply-To: <1@x>\nReferences: <1@x>",
        "Hello,\n\nwe checked: mail to lost@example.net was rejected: 550 user unknown. Please fix.\n\nRegards, Joe\n",
    ),
    NonEvent(
        "quarantine",
        "From: postmaster@example.net\nSubject: Spam quarantine summary",
        "You have 3 messages in quarantine:\n from ann@example.org: rejected as spam\n",
    ),
    NonEvent(
        "ja auto",
        "From: info@jp.example\nSubject: 【自動返信】お問い合わせありがとうございます",
        "お問い合わせありがとうございます。lost@example.net 宛に送信できませんでした場合は\n",
    ),
    NonEvent(
        "zh auto",
        "From: a@qq.example\nSubject: 自动回复: hello",
        "您好，我不在。邮件已收到。\n",
    ),
    NonEvent(
        "mailbox almost full",
        "From: Mail Administrator <postmaster@example.com>\nSubject: Your mailbox is almost full\nReturn-Path: <>",
        "Your mailbox me2@example.com has reached 95% of its quota. If it is full, mail will be returned to sender.\n",
    ),
    NonEvent(
        "mailbox full, says a thief",
        "From: IT <it@phish.example>\nSubject: Mailbox full - delivery failed\nReturn-Path: <>",
        "Your mailbox me2@example.com is full. 7 messages could not be delivered. Click to fix.\n",
    ),
    NonEvent(
        "welcome",
        "From: Postmaster <postmaster@example.com>\nSubject: Welcome to your new mailbox\nReturn-Path: <>",
        "Your new mailbox me2@example.com is ready. Message size limit: 20 MB. Mail to unknown users is rejected.\n",
    ),
    NonEvent(
        "statistics of a postmaster",
        "From: Postmaster <postmaster@example.com>\nSubject: Queue statistics\nReturn-Path: <>",
        "12 messages bounced. Top failing recipient: lost@example.net (550 user unknown).\nRecipients: a@x.example\n",
    ),
    NonEvent(
        "list that refuses",
        "From: SYMPA <sympa@lists.example>\nSubject: Message distribution: Message rejected\nReturn-Path: <>\n"
        "Auto-Submitted: auto-replied",
        "Your message for list 'all' has been rejected.\nYou are not allowed to send this message.\n",
    ),
    NonEvent(
        "away, in Croatian",
        "From: Ivo <ivo@example.net>\nSubject: Automatski odgovor: narudžba\nReturn-Path: <>",
        "Na odmoru sam. Vaša poruka nije isporučena nikome. Pišite na ana@example.net\n",
    ),
    NonEvent(
        "away, in Arabic",
        "From: Omar <omar@example.net>\nSubject: رد تلقائي: طلب\nReturn-Path: <>",
        "أنا في إجازة. لم يتم تسليم رسالتك إلى أحد. اكتب إلى ana@example.net\n",
    ),
    NonEvent(
        "application about a user",
        "From: App <noreply@app.example>\nSubject: Email address not found\nReturn-Path: <>",
        "Someone tried to sign in with lost@example.net but this user does not exist.\n",
    ),
    NonEvent(
        "application about a file",
        "From: Drive <drive@cloud.example>\nSubject: Share failed\nReturn-Path: <>",
        "We could not share the file with lost@example.net because this account does not exist.\n",
    ),
    NonEvent(
        "application about invitations",
        "From: Survey <noreply@survey.example>\nSubject: Invitation not delivered?\nReturn-Path: <>",
        "Some invitations were not delivered. Check your list: lost@example.net, gone@example.org\n",
    ),
    NonEvent(
        "left the company, without a reverse-path",
        "From: Old <kim@corp.example>\nSubject: Kim Lee has left\nReturn-Path: <>\nAuto-Submitted: auto-replied",
        "Kim Lee has left the company. The mailbox kim@corp.example does not exist any more. Write to a@x.example.\n",
    ),
    NonEvent(
        "tracker about a bounce",
        "From: Tracker <tracker@example.org>\nSubject: [DESK] (MAIL-12) Undelivered mail to lost@example.net\n"
        "Return-Path: <>\nAuto-Submitted: auto-generated",
        "Ann commented: the message to lost@example.net was not delivered, 550 5.1.1 user unknown\n",
    ),
    NonEvent(
        "maintenance",
        "From: Postmaster <postmaster@example.com>\nSubject: Scheduled maintenance of the mail server\nReturn-Path: <>",
        "The mail server will be down on Sunday. Mail to you@example.com is late, none is returned to sender.\n",
    ),
)
