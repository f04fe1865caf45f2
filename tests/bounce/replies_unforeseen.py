"""Replies in words and languages that no phrase had foreseen when they were written, a line each: what each means."""

from emailgw.bounce.report import Reason

UNFORESEEN: dict[Reason, str] = {
    Reason.USER_UNKNOWN: """
    550 that mailbox does not live here
    550 We have no customer under that address
    550 El destinatario indicado no figura en nuestro sistema
    550 Такого пользователя нет
    550 Nu există acest utilizator
    550 Korisnik ne postoji
    550 该用户未开通邮箱
    550 Người nhận không tồn tại
    550 Pengguna tidak ditemukan
    550 ไม่พบผู้ใช้
    550 المستخدم غير موجود
    550 Cuenta no disponible: usuario no registrado
    550 The account cannot be located
    550 The person you are writing to is not one of our users
    550 Il destinatario non è presente nei nostri archivi
    550 O destinatário não consta em nosso cadastro
    550 Der angegebene Empfänger ist hier nicht eingerichtet
    550 宛先アドレスが誤っています
""",
    Reason.MAILBOX_FULL: """
    452 Insufficient storage for this recipient
    550 5.7.1 This customer's mail store has no room left
    554 Message would push the account beyond its allotment
    550 5.2.2 User has too much mail; cannot accept more
    552 Hộp thư đã đầy
    552 Kotak surat penuh
    552 صندوق البريد ممتلئ
    552 В ящике получателя нет места
""",
    Reason.USER_DISABLED: """
    550 This subscriber's service was terminated
    550 5.2.1 This account is not allowed to receive mail until the user logs in
    550 mailbox archived
    550 The account was shut down by its owner
    550 Mailbox switched off
    550 User's subscription lapsed
    550 Аккаунт получателя приостановлен
""",
    Reason.SIZE: """
    552 Wiadomość jest za duża
    552 your mail is heavier than 10 MB
    552 We take no mails above 5 MB
""",
    Reason.SPAM: """
    550 5.7.1 Your message scored 12.4 points (required 5.0)
    550 letter looks like mass mailing
    550 Our classifier calls this junk
    550 Das sieht nach Werbung aus
""",
    Reason.POLICY: """
    550 Absender wurde vom Empfänger gesperrt
    550 Closed mailing list: you are not subscribed
    550 Only members of the staff may mail this list
    550 The recipient has put you on his personal blacklist
    550 DLP rule matched: outbound content blocked
    521 5.2.1 : AOL will not accept delivery of this message.
""",
    Reason.REPUTATION: """
    550 5.7.1 Your sending address range 192.0.2.0/24 is on our local list of abusers
    554 5.7.1 You come from a residential connection
    421 4.7.0 192.0.2.1 has a bad sender score
    550 We do not talk to cable modems
""",
    Reason.RATE_LIMIT: """
    450 4.7.1 Error: too much mail from 192.0.2.1
    421 Not so fast, please
    450 You have sent 500 mails this hour; the limit is 500
    421 Maximal 10 Verbindungen pro IP
    451 Message quota for your domain used up, try again in an hour
""",
    Reason.GREYLISTED: """
    450 4.7.1 Please resend in 60 seconds, new sender/recipient pair
    451 Graulisting aktiv
    451 4.7.1 First time sender, please retry in five minutes
""",
    Reason.HOST_UNKNOWN: """
    550 No mail service is offered for this domain
    550 5.1.2 Le domaine du destinataire est introuvable
""",
    Reason.AUTHENTICATION: """
    550 The From domain publishes p=reject and this mail is not aligned
""",
    Reason.NETWORK: """
    Le serveur distant ne répond pas
    Verbindung zum Zielserver abgebrochen
    No reply after DATA within 600 seconds
""",
    Reason.EXPIRED: """
    message has been waiting for 5 days and was given up
""",
}
