"""Messages that report nothing final, composed by hand for these tests: (name, header, body)."""

from typing import NamedTuple


class NonEvent(NamedTuple):
    name: str
    header: str
    body: str


NONEVENTS = (
    NonEvent(
        "parcel",
        "From: Parcel Service <news@parcel.example>\nSubject: Delivery failure: your parcel",
        "Dear me@example.com,\n\nyour parcel could not be delivered to your address. Pay here.\n",
    ),
    NonEvent(
        "parcel, list of addresses",
        "From: Parcel Service <news@parcel.example>\nSubject: Undelivered parcel",
        "We were unable to deliver the parcel to the following address:\n\nlost@example.net\n\nBook a new date.\n",
    ),
    NonEvent(
        "newsletter",
        "From: Deliverability Weekly <hello@news.example>\nList-Unsubscribe: <mailto:u@news.example>\n"
        "Subject: Mail delivery failed: what to do when your mail bounces",
        "A bounce looks like this:\n\n<lost@example.net>: 550 5.1.1 User unknown\n\nYours, the editors\n",
    ),
    NonEvent(
        "reply to a bounce",
        "From: Ann <ann@example.net>\nSubject: Re: Undelivered Mail Returned to Sender\nIn-Reply-To: <1@x>",
        "Hi,\n\nwhy did this come back?\n\n> <lost@example.net>: host mx said: 550 5.1.1 User unknown\n",
    ),
    NonEvent(
        "forward by the postmaster",
        "From: Postmaster <postmaster@example.net>\nSubject: Fwd: Undelivered Mail Returned to Sender",
        "Please have a look.\n\n---------- Forwarded message ---------\nFrom: MAILER-DAEMON@x.example\n\n"
        "<lost@example.net>: host mx said: 550 5.1.1 User unknown\n",
    ),
    NonEvent(
        "vacation, null sender",
        "Return-Path: <>\nFrom: Bob <bob@example.net>\nSubject: Automatische Antwort: Unzustellbar?",
        "Ich bin nicht im Büro. Ihre Nachricht wird nicht zugestellt, bitte schreiben Sie an lost@example.net.\n",
    ),
    NonEvent(
        "vacation without a word in its subject",
        "Return-Path: <>\nFrom: Bob <bob@example.net>\nSubject: Re: hello\nAuto-Submitted: auto-replied",
        "I am on vacation until Monday. Urgent: lost@example.net\n",
    ),
    NonEvent(
        "vacation, Japanese",
        "Return-Path: <>\nFrom: Bob <bob@example.ne.jp>\nSubject: 自動返信: 休暇中です",
        "lost@example.net まで\n",
    ),
    NonEvent(
        "no longer with the company",
        "From: Bob <bob@example.net>\nSubject: Automatic reply: hello\nAuto-Submitted: auto-replied",
        "Bob is no longer with the company. Please write to lost@example.net.\n",
    ),
    NonEvent(
        "ticket",
        "Return-Path: <>\nFrom: Desk <support@example.net>\nSubject: [#123] Mail delivery failed\n"
        "Auto-Submitted: auto-replied",
        "Thank you, we received your request.\n> <lost@example.net>: 550 5.1.1 User unknown\n",
    ),
    NonEvent(
        "challenge",
        "Return-Path: <>\nFrom: Bob <bob@example.net>\nSubject: Please confirm your message",
        "To have your message delivered to lost@example.net, confirm that you sent it: http://x.example/\n",
    ),
    NonEvent(
        "moderation",
        "Return-Path: <>\nFrom: list-owner@lists.example\nSubject: Your message to list awaits moderator approval",
        "Your mail to 'list@lists.example' is being held until the list moderator can review it.\n",
    ),
    NonEvent(
        "unread receipt",
        "From: Bob <bob@example.net>\nSubject: Not read: hello\nContent-Type: multipart/report; boundary=b; "
        "report-type=disposition-notification",
        "--b\n\nYour message was deleted without being read.\n--b\n"
        "Content-Type: message/disposition-notification\n\n"
        "Final-Recipient: rfc822; lost@example.net\n"
        "Disposition: automatic-action/MDN-sent-automatically; deleted\n--b--\n",
    ),
    NonEvent(
        "DMARC aggregate",
        "From: noreply-dmarc-support@report.example\nSubject: Report domain: example.com Submitter: report.example "
        "Report-ID: <1>\nContent-Type: multipart/mixed; boundary=b",
        "--b\n\nThis is a DMARC aggregate report; 3 messages were rejected.\n--b\n"
        "Content-Type: application/gzip\n\nH4sI\n--b--\n",
    ),
    NonEvent(
        "TLS report",
        "From: tlsrpt@report.example\nSubject: Report Domain: example.com Submitter: report.example\n"
        "Content-Type: multipart/report; report-type=tlsrpt; boundary=b",
        "--b\n\nTLS failures\n--b\nContent-Type: application/tlsrpt+gzip\n\nH4sI\n--b--\n",
    ),
    NonEvent(
        "bounce attached to a person's mail",
        "From: Ann <ann@example.net>\nSubject: Look at this\nContent-Type: multipart/mixed; boundary=b",
        "--b\n\nWhat does it mean?\n--b\nContent-Type: message/rfc822\n\nFrom: MAILER-DAEMON@x.example\n"
        "Content-Type: "
        "multipart/report; boundary=c\n\n--c\nContent-Type: message/delivery-status\n\n"
        "Final-Recipient: rfc822; lost@example.net\n"
        "Action: failed\nStatus: 5.1.1\n--c--\n--b--\n",
    ),
    NonEvent(
        "delivery-status fields quoted in a person's mail",
        "From: Ann <ann@example.net>\nSubject: question",
        "Hello,\n\nwhat does this mean?\n\nFinal-Recipient: rfc822; lost@example.net\nAction: failed\nStatus: 5.1.1\n",
    ),
    NonEvent(
        "postmaster as a person",
        "From: Postmaster <postmaster@example.net>\nSubject: Maintenance tonight",
        "Dear colleagues,\n\nthe disk was full, so some mail could not be delivered. Ask lost@example.net.\n",
    ),
    NonEvent(
        "postmaster's note",
        "From: Postmaster <postmaster@example.net>\nSubject: disk full",
        "The disk is full; talk to lost@example.net about it.\n",
    ),
    NonEvent(
        "order confirmation",
        "From: shop@example.net\nSubject: Your order\nAuto-Submitted: auto-generated",
        "It will be delivered to lost@example.net.\n",
    ),
    NonEvent(
        "list post about errors",
        "From: Bob <bob@example.net>\nList-Id: <users.lists.example>\nPrecedence: list\n"
        "Subject: [users] 550 user unknown",
        "I get\n\n<lost@example.net>: 550 5.1.1 User unknown\n",
    ),
    NonEvent(
        "monitoring",
        "From: Cron Daemon <root@example.net>\nSubject: Cron <root@host> /usr/bin/backup",
        "disk full on /dev/sda1\n",
    ),
    NonEvent(
        "quarantine digest",
        "From: Mail Gateway <postmaster@gw.example>\nSubject: Quarantine summary",
        "You have 3 new messages in quarantine:\n\nlost@example.net  Buy now\n",
    ),
    NonEvent("empty", "Subject: hi\nFrom: a@example.net", ""),
)
