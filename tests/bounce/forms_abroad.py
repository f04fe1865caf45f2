"""Notices in the languages of the world; for the shape of an entry see forms."""

from tests.bounce.forms import DELAYED, LOST, Form, R

ABROAD = (
    Form(
        "Exchange de html",
        "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@example.net>",
        "Unzustellbar: hallo",
        "<html><body><p><b>Fehler bei der Nachrichtenzustellung an folgende Empfänger oder "
        'Gruppen:</b></p><p><a href="mailto:lost@example.net">lost@example.net</a><br>Die '
        "eingegebene E-Mail-Adresse konnte nicht gefunden werden. Überprüfen Sie die "
        "E-Mail-Adresse.</p><p>Diagnoseinformationen für Administratoren:</p><p>Generierender "
        "Server: mx.example.net</p><p>lost@example.net<br>#550 5.1.1 "
        "RESOLVER.ADR.RecipNotFound; not found ##</p></body></html>",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Notes es",
        "Router de correo <postmaster@example.net>",
        "FALLO EN LA ENTREGA: User lost (lost@example.net) not listed in Domino Directory",
        "Su mensaje\n\n  Asunto: hola\n\nno fue entregado a:\n\n  lost@example.net\n"
        "\nporque:\n\n  User lost (lost@example.net) not listed in Domino Directory\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Exim translated de",
        "Mail Delivery System <Mailer-Daemon@mx.example.net>",
        "Mail-Zustellung fehlgeschlagen: Rücksendung an Absender",
        "Diese Nachricht wurde automatisch von der Mail-Software erstellt.\n\nEine von Ihnen ges"
        "endete Nachricht konnte einem oder mehreren Empfängern nicht zugestellt werden. Dies "
        "ist ein dauerhafter Fehler. Folgende Adresse(n) schlugen fehl:\n\n  lost@example.net\n  "
        "  Postfach ist voll\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "t-online style de",
        "Mail Delivery System <mailer-daemon@t.example.net>",
        "Undelivered Mail Returned to Sender",
        "|------------------------- Failed addresses follow: ---------------------|\n"
        " <lost@example.net> ... unknown user\n"
        "|------------------------- Message text follows: ------------------------|\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "GMX de",
        "GMX Mailer Daemon <mailer-daemon@gmx.example>",
        "Mail delivery failed: returning message to sender",
        "Diese Nachricht wurde automatisch durch den Mailserver erzeugt.\n"
        "\nDie von Ihnen versandte E-Mail konnte nicht an folgende Empfänger zugestellt werden:\n"
        "\nlost@example.net:\n"
        "Remote-Server antwortete: 550 Requested action not taken: mailbox unavailable\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "fr Free/Postfix",
        "MAILER-DAEMON@fr.example.net",
        "Message non remis / Undelivered",
        "Ceci est le système de messagerie de l'hôte fr.example.net.\n\n"
        "Nous sommes désolés de vous informer que votre message n'a pas pu être remis à un ou "
        "plusieurs destinataires.\n\n<lost@example.net>: boîte aux lettres pleine\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "fr Exchange",
        "postmaster@example.net",
        "Échec de la remise : bonjour",
        "Votre message n'a pas pu être remis aux destinataires suivants :\n\nlost@example.net\nL'"
        "adresse de messagerie que vous avez entrée est introuvable. Vérifiez l'adresse de mes"
        "sagerie du destinataire.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "es Exchange",
        "postmaster@example.net",
        "No se puede entregar: hola",
        "Error al entregar el mensaje a los siguientes destinatarios o grupos:\n\nlost@example.n"
        "et\nNo se encontró la dirección de correo electrónico que especificó. Compruebe la dir"
        "ección del destinatario.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "es Gmail",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        "** No se ha encontrado la dirección **\n\nTu mensaje no se ha entregado a lost@example."
        "net porque no se ha encontrado la dirección o esta no puede recibir correo.\n\nLa respu"
        "esta fue:\n\nThe email account that you tried to reach does not exist.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "pt Gmail",
        "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
        "Delivery Status Notification (Failure)",
        "** Endereço não encontrado **\n\nSua mensagem não foi entregue a lost@example.net porqu"
        "e o endereço não foi encontrado ou não pode receber e-mails.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "pt locaweb",
        "Mail Delivery System <MAILER-DAEMON@br.example.net>",
        "Mensagem não entregue",
        "Sua mensagem não pôde ser entregue ao(s) seguinte(s) destinatário(s):\n"
        "\n<lost@example.net>: a caixa postal está cheia\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "it Aruba",
        "MAILER-DAEMON@it.example.net",
        "Mancato recapito",
        "Il messaggio non è stato consegnato ai seguenti destinatari:\n\n<lost@example.net>\nUtente sconosciuto\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "it quota",
        "postmaster@it.example.net",
        "Avviso di mancata consegna",
        "Impossibile recapitare il messaggio a lost@example.net: casella piena, quota superata.\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "nl Exchange",
        "postmaster@nl.example.net",
        "Niet bestelbaar: hallo",
        "Uw bericht kan niet worden bezorgd bij de volgende geadresseerden:\n"
        "\nlost@example.net\nHet e-mailadres dat u hebt ingevoerd, is niet gevonden.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "nl KPN",
        "MAILER-DAEMON@nl.example.net",
        "Onbestelbare e-mail",
        "De e-mail kon niet worden afgeleverd bij lost@example.net.\nReden: postvak is vol\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "ru Yandex",
        "mailer-daemon@yandex.example",
        "Недоставленное сообщение",
        "Это письмо отправлено почтовым сервером yandex.\n\nК сожалению, мы вынуждены сообщить В"
        "ам о том, что Ваше письмо не может быть отправлено одному или нескольким адресатам. Т"
        "ехнические подробности можно найти ниже.\n\nВозможные причины недоставки указаны по адр"
        "есу: http://help.example/\n\n<lost@example.net>: host mx.example.net[192.0.2.1] said: 5"
        "50 5.7.1 No such user! (in reply to RCPT TO command)\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "ru mail",
        "mailer-daemon@corp.example.ru",
        "Mail failure.",
        "Ваше сообщение не доставлено следующему получателю:\n\nlost@example.net\n"
        "\nПричина: почтовый ящик переполнен\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "zh netease",
        "Postmaster@163.example",
        "系统退信",
        "抱歉，您的邮件被退回来了……\n原邮件信息：\n时 间：2024-01-01 10:00:00\n主 题：hello\n收件人：lost@example.net\n"
        "\n退信原因：收件人邮件地址(lost@example.net)不存在，邮件无法送达。\n\n"
        "英文说明：SMTP error, RCPT TO: 550 User not found\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "zh qq",
        "PostMaster@qq.example",
        "来自qq.example的退信",
        "尊敬的用户，您好：\n\n很抱歉您发送的邮件被退回，以下是该邮件的相关信息：\n\n被退回邮件\n主题：hello\n时间：2024-01-01\n"
        "\n无法发送到 lost@example.net\n\n退信原因 收件人邮箱已满，拒绝收信。\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "zh tw",
        "postmaster@tw.example",
        "無法傳遞的郵件",
        "您的郵件無法傳遞給下列收件者：\n\nlost@example.net\n\n原因：收件者信箱已滿\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "ja docomo",
        "postmaster@jp.example",
        "配信エラー通知",
        "次のあて先へのメッセージはエラーのため送信できませんでした。\n\n送信先メールアドレスが見つかりませんでした。\n\n<lost@example.net>\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "ja biglobe",
        "postmaster@biglobe.example",
        "Returned mail: User unknown",
        "このメールは相手先に配送できませんでした。\n\n------- 配送不能の宛先 -------\n<lost@example.net>\n"
        "\n理由: メールボックスが一杯です\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "ko",
        "postmaster@kr.example",
        "[반송] 메일 전송 실패",
        "보내신 메일이 다음 수신자에게 전달되지 못했습니다.\n\n받는 사람: l"
        "ost@example.net\n사유: 존재하지 않는 메일 주소입니다.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "ko full",
        "MAILER-DAEMON@kr.example",
        "메일 발송 실패 안내",
        "lost@example.net 님에게 메일을 발송하지 못했습니다.\n사유: 수신자의 메일함 용량이 초과되었습니다.\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "sv",
        "Mail Delivery System <MAILER-DAEMON@se.example>",
        "Kunde inte levereras: hej",
        "Meddelandet kunde inte levereras till följande mottagare:\n\nlost@example.net\n\nMottagaren finns inte.\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "da",
        "postmaster@dk.example",
        "Ikke leveret: hej",
        "Din meddelelse kunne ikke leveres til følgende modtagere:\n\nlost@example.net\nPostkassen er fuld.\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "no",
        "postmaster@no.example",
        "Kan ikke leveres: hei",
        "Meldingen kunne ikke leveres til følgende mottakere:\n\nlost@example.net\nBrukeren finnes ikke\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "fi",
        "postmaster@fi.example",
        "Ei voida toimittaa: moi",
        "Viestiä ei voitu toimittaa seuraaville vastaanottajille:\n\nlost@example.net\nVastaanottajaa ei löydy\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "pl",
        "MAILER-DAEMON@pl.example",
        "Niedostarczona wiadomość",
        "Wiadomość nie została dostarczona do następujących odbiorców:\n\n<lost@example.net>: nieznany użytkownik\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "cs",
        "MAILER-DAEMON@cz.example",
        "Nedoručená zpráva",
        "Vaši zprávu se nepodařilo doručit následujícím příjemcům:\n\nlost@example.net\nDůvod: schránka je plná\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "hu",
        "MAILER-DAEMON@hu.example",
        "Kézbesíthetetlen levél",
        "Az üzenet nem volt kézbesíthető a következő címzettnek:\n\nlost@example.net\nA felhasználó nem létezik\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "tr",
        "postmaster@tr.example",
        "Teslim edilemedi: merhaba",
        "İletiniz aşağıdaki alıcılara teslim edilemedi:\n\nlost@example.net\nKullanıcı bulunamadı\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "el",
        "MAILER-DAEMON@gr.example",
        "Αποτυχία παράδοσης",
        "Το μήνυμά σας δεν ήταν δυνατό να παραδοθεί στους παρακάτω παραλήπτες:\n\nlost@example.net\nΆγνωστος χρήστης\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "uk",
        "MAILER-DAEMON@ua.example",
        "Лист не доставлено",
        "Ваш лист не вдалося доставити отримувачу:\n\nlost@example.net\n\nКористувача не знайдено\n",
        {LOST: R.USER_UNKNOWN},
    ),
    Form(
        "Sympa-sent vac? no",
        "MAILER-DAEMON@x.example",
        "Message Delivery Failure",
        "This is an automatic message from the mail system.\n\nRecipient: lost@example.net\n"
        "Error: 5.7.1 Blocked by SPF policy\n",
        {LOST: R.AUTHENTICATION},
    ),
    Form(
        "Kerio de",
        "postmaster@kerio.example",
        "Unzustellbare Nachricht",
        "Ihre Nachricht an <lost@example.net> konnte nicht zugestellt werden.\nGrund: 552 Mailbox voll\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "Exim delay fr?",
        "Mail Delivery System <Mailer-Daemon@x.example>",
        "Warning: message 1abc delayed 24 hours",
        "This message was created automatically by mail delivery software.\n"
        "A message that you sent has not yet been delivered to one or more of its\n"
        "recipients after more than 24 hours on the queue on x.example.\n"
        "\nThe address to which the message has not yet been delivered is:\n"
        "\n  lost@example.net\n"
        "    Delay reason: mailbox is full (MTA-imposed quota exceeded while writing to /x)\n"
        "\nNo action is required on your part. Delivery attempts will continue for\n"
        "some time.\n",
        {LOST: R.MAILBOX_FULL},
        DELAYED,
    ),
    Form(
        "Outlook.com delay es",
        "postmaster@outlook.example",
        "Entrega retrasada: hola",
        "La entrega a los siguientes destinatarios o grupos se ha retrasado:\n"
        "\nlost@example.net\n\n"
        "Este mensaje no se ha entregado todavía. Se seguirá intentando la entrega.\n",
        {LOST: R.EXPIRED},
        DELAYED,
    ),
    Form(
        "fr delay",
        "MAILER-DAEMON@fr.example",
        "Remise retardée: bonjour",
        "La remise de votre message à lost@example.net est retardée. De nouvelles tentatives "
        "seront effectuées pendant 2 jours.\n",
        {LOST: R.EXPIRED},
        DELAYED,
    ),
    Form(
        "ja delay",
        "MAILER-DAEMON@jp.example",
        "配信遅延のお知らせ",
        "以下の宛先への配信が遅延しています。引き続き再送を試みます。\n\n<lost@example.net>\n",
        {LOST: R.EXPIRED},
        DELAYED,
    ),
    Form(
        "DSN fr mixed",
        "MAILER-DAEMON@mx.example.net",
        "Notification d'état de la distribution (échec)",
        "Ceci est une notification automatique d'état de distribution.\n"
        "\nÉchec de la distribution aux destinataires suivants.\n\n       lost@example.net\n",
        {LOST: R.OTHER},
    ),
    Form(
        "Exchange notification pt",
        "postmaster@br.example",
        "Não é possível entregar: oi",
        "Falha na entrega para estes destinatários ou grupos:\n\nlost@example.net\n"
        "A caixa de correio do destinatário está cheia e não pode aceitar mensagens agora.\n",
        {LOST: R.MAILBOX_FULL},
    ),
    Form(
        "host unknown de",
        "Mailer-Daemon@de.example",
        "Nachricht nicht zustellbar",
        "Ihre Nachricht an lost@example.net konnte nicht zugestellt werden: Die Domain existiert nicht.\n",
        {LOST: R.HOST_UNKNOWN},
    ),
    Form(
        "blocked de",
        "Mailer-Daemon@de.example",
        "Zustellung fehlgeschlagen",
        "<lost@example.net>\nIhre E-Mail wurde als Spam eingestuft und abgewiesen.\n",
        {LOST: R.SPAM},
    ),
    Form(
        "size fr",
        "postmaster@fr.example",
        "Échec de remise",
        "Votre message à lost@example.net n'a pas été remis : le message est trop volumineux "
        "pour la boîte du destinataire.\n",
        {LOST: R.SIZE},
    ),
)
