"""Notices in further languages and wordings, which were written before the parser knew them; for the shape of an
entry see forms.
"""

from emailgw.bounce.report import Action
from tests.bounce.forms import DELAYED, FAILED, GONE, LOST, Form, R

# (language, subject, what is said before the address, what after it, reason, action)
_SENTENCES: tuple[tuple[str, str, str, str, R, Action], ...] = (
    ("uk", "Повідомлення не доставлено", "Не вдалося доставити", "Скринька переповнена.", R.MAILBOX_FULL, FAILED),
    ("ro", "Mesaj nelivrat", "Mesajul nu a putut fi livrat", "Utilizatorul nu există.", R.USER_UNKNOWN, FAILED),
    ("da", "Kunne ikke leveres", "Beskeden kunne ikke leveres", "Postkassen er fyldt.", R.MAILBOX_FULL, FAILED),
    ("bg", "Съобщението не е доставено", "Не е доставено до", "Няма такъв потребител.", R.USER_UNKNOWN, FAILED),
    ("hr", "Poruka nije isporučena", "Nije moguće isporučiti", "Korisnik ne postoji.", R.USER_UNKNOWN, FAILED),
    ("sr", "Порука није испоручена", "Није могуће испоручити", "Корисник не постоји.", R.USER_UNKNOWN, FAILED),
    ("sl", "Sporočilo ni dostavljeno", "Ni bilo mogoče dostaviti", "Uporabnik ne obstaja.", R.USER_UNKNOWN, FAILED),
    ("sk", "Správu sa nepodarilo doručiť", "Nepodarilo doručiť", "Schránka je plná.", R.MAILBOX_FULL, FAILED),
    ("lt", "Nepavyko pristatyti", "Laiško nepavyko pristatyti", "Gavėjas nerastas.", R.USER_UNKNOWN, FAILED),
    ("et", "Kirja ei saa kohale toimetada", "Ei saa kohale toimetada", "Postkast on täis.", R.MAILBOX_FULL, FAILED),
    ("ar", "تعذر تسليم الرسالة", "تعذر تسليم رسالتك إلى", "المستخدم غير موجود.", R.USER_UNKNOWN, FAILED),
    ("he", "לא ניתן למסור את ההודעה", "לא ניתן היה למסור", "תיבת הדואר מלאה.", R.MAILBOX_FULL, FAILED),
    ("fa", "پیام تحویل نشد", "پیام شما تحویل داده نشد", "کاربر یافت نشد.", R.USER_UNKNOWN, FAILED),
    ("th", "ไม่สามารถส่งข้อความได้", "ไม่สามารถส่งข้อความไปยัง", "ไม่พบผู้ใช้", R.USER_UNKNOWN, FAILED),
    ("vi", "Không gửi được thư", "Không thể gửi thư đến", "Hộp thư đã đầy.", R.MAILBOX_FULL, FAILED),
    ("id", "Pesan tidak terkirim", "Tidak dapat dikirim ke", "Pengguna tidak ditemukan.", R.USER_UNKNOWN, FAILED),
    ("ca", "No s'ha pogut lliurar", "No s'ha pogut lliurar a", "La bústia és plena.", R.MAILBOX_FULL, FAILED),
    ("el", "Αποτυχία παράδοσης", "Δεν παραδόθηκε στον", "Ο παραλήπτης δεν βρέθηκε.", R.USER_UNKNOWN, FAILED),
    ("el, delay", "Καθυστέρηση παράδοσης", "Η παράδοση καθυστερεί", "Προσπαθούμε ξανά.", R.EXPIRED, DELAYED),
    ("he, delay", "עיכוב במסירה", "מסירת ההודעה מתעכבת", "ננסה שוב.", R.EXPIRED, DELAYED),
)  # fmt: skip

WORLDWIDE = (
    *(
        Form(
            f"language {name}",
            "postmaster@example.org",
            subject,
            f"{told}:\n\n  {LOST}\n\n{cause}\n",
            {LOST: why},
            action,
        )
        for name, subject, told, cause, why, action in _SENTENCES
    ),
    Form(
        "MDaemon warning",
        "MDaemon at example.org <MDaemon@example.org>",
        "Transient Delivery Failure",
        "The attached message had TRANSIENT non-fatal delivery errors!\n\nDelivery attempts will continue.\n\n"
        f"Delayed address: {LOST}\n\n *  Socket error 10060 - The connection timed out.\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "IMail gave up",
        "Postmaster <postmaster@example.org>",
        "Undeliverable Mail",
        f"Delivery failed 20 attempts: {LOST}\n\nOriginal message follows.\n",
        {LOST: R.EXPIRED},
    ),
    Form(
        "no mail exchanger, in other words",
        "mailer-daemon@example.org",
        "Message undeliverable: hello",
        f"The following recipient(s) could not be reached:\n\n{LOST}\n   Error Type: SMTP\n"
        "   Error Description: No mail servers appear to exists for the recipient's address.\n",
        {LOST: R.HOST_UNKNOWN},
    ),
    Form(
        "number of a phone",
        "<mailer-daemon@mms.example>",
        "Undeliverable: message",
        f"Your message to {LOST} could not be delivered. The subscriber's phone has an invalid mobile number.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "user named by half the address",
        "Mail Delivery Subsystem <MAILER-DAEMON@example.net>",
        "Returned mail: user unknown",
        f"The user 'lost' cannot be found in the campus directory.\nYour message to {LOST} has been returned.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "dialog with a recipient who was accepted",
        "MAILER-DAEMON@example.net",
        "Returned mail",
        ">>> RCPT TO:<good@example.net>\n<<< 250 OK\n>>> RCPT TO:<lost@example.net>\n<<< 550 5.1.1 Unknown user\n"
        ">>> QUIT\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "those who got it and those who did not",
        "MAILER-DAEMON@example.net",
        "Delivery report (partial failure)",
        "Your message was delivered to:\n\n  good@example.net\n\nIt could not be delivered to:\n\n"
        f"  {LOST}  (mailbox full)\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "whom to write to",
        "MAILER-DAEMON@example.net",
        "Mail delivery failed",
        f"Your message to {LOST} was not delivered: no such mailbox.\n\nIn doubt write to desk@example.net.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "numbered list, each with a cause of its own",
        "MAILER-DAEMON@example.net",
        "Undelivered",
        f"Recipients that failed:\n 1. {LOST}: 550 refused\n 2. {GONE}: 452 mailbox full\n",
        {LOST: R.POLICY, GONE: R.MAILBOX_FULL},
    ),
    Form(
        "going on trying, in other words",
        "MAILER-DAEMON@example.net",
        "Your message is waiting in the queue",
        f"Your message to {LOST} has been in our queue for 6 hours. Connection refused. We shall go on trying.\n",
        {LOST: R.NETWORK},
        DELAYED,
    ),
    Form(
        "came back, in German",
        "MAILER-DAEMON@example.net",
        "Rückläufer",
        f"Ihre Mail an {LOST} kam zurück. Grund: Das Konto wurde gelöscht.\n",
        {LOST: R.USER_DISABLED},
    ),
    Form(
        "did not arrive, in Swedish",
        "postmaster@example.org",
        "Din försändelse kom inte fram",
        f"Meddelandet du skickade till {LOST} kom inte fram. Orsak: adressen är felaktig.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "returned, in Portuguese",
        "MAILER-DAEMON@example.net",
        "Devolução de mensagem",
        f"Sua mensagem para {LOST} retornou. Motivo: a caixa postal do destinatário atingiu o limite.\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "space of the mailbox",
        "MAILER-DAEMON@example.net",
        "failure notice",
        f"There's a problem with the address listed below.\n\n<{LOST}>:\n"
        "Mailbox space not enough, this message could not be stored.\n",
        {LOST: R.MAILBOX_FULL},
    ),
)
