"""How mail systems announce failure, delay and absence, in the languages they speak: phrase tables and nothing else.

A table answers one question about a subject or a notice; `signals` asks them. For how phrases are written and
compared see `folding`.
"""

from emailgw.bounce.folding import phrases

# A message did not arrive. Said of a subject or of the notice before the returned message.
FAILURE = phrases(
    """
    could not be delivered | couldn't be delivered | cannot be delivered | can not be delivered | can't be delivered
    could not be sent to | cannot be sent | could not deliver | couldn't deliver | can't deliver | cannot deliver
    was not delivered | were not delivered | wasn't delivered | weren't delivered | not been delivered | not delivered
    did not receive a copy | undeliver | unable to deliver | able to deliver | failed to deliver | fail to deliver
    not deliverable | delivery failed | delivery failure | delivery fail | delivery has failed | delivery error
    delivery to the following | delivery to these | delivery attempt | delivery problem | delivery has been abandoned
    delivery unsuccessful | delivery status notification | delivery notification | delivery report | delivery of your
    failed permanently | permanent error | permanent fatal | fatal error | delivery subsystem | could not be completed
    did not reach | didn't reach | could not be reached | couldn't be reached | could not reach | unable to reach
    returned mail | returned message | returned to sender | returned to you | returning message | returned email
    been returned | being returned | is returned | mail returned | message returned | return to sender
    (es) failed | addresses failed | address failed | recipient failed | recipients failed | failed recipient
    had delivery errors | had errors | failed address | failed: | failure notice | smtp server: errors from
    was rejected due | was rejected because | mail failed | failed mail | mail failure
    mail delivery | message delivery | nondeliver | non-deliver | non deliver | error delivering | problem delivering
    trouble delivering | to deliver a message | deliver your | error during delivery | mail error | mail system error
    wasn't found at | rejected your message | message was rejected | automatically rejected | mail was rejected
    has been rejected | was rejected by | were rejected | message rejected | rejected by | refused your message
    user unknown | unknown user | no such user | user not found | unknown recipient | unknown address
    invalid user | mailbox full | mailbox is full | mailfolder is full | over quota | quota exceeded
    i've given up | giving up on | message bounced | email bounced | mail bounced | bounce notification | bounced mail
    unable to send | error sending | not processed | processing error | encountered an error | error while
    an error was detected | does not exist | is not a valid | not a known user | invalid recipient | no longer exists
    konnte nicht zugestellt | nicht zugestellt | unzustellbar | zustellung | nicht zustellbar | nicht ubermittelt
    nicht ausgeliefert | nicht gesendet werden | zuruckgesandt | nicht an alle empfanger | fehlgeschlagen
    n'a pas pu etre | n'a pu etre | n'ont pas pu etre | non remis | echec de la remise | echec de remise
    n'a pas ete remis | impossible de remettre | non delivre | non distribu | echec d'envoi | echec de l'envoi
    echec de la distribution | etat de la distribution | delivery of the email was stopped | banned contents
    unsolicited bulk email, apparently | email was stopped | delivery was stopped
    echec de livraison | echec de la livraison | echec de distribution | retourne a l'expediteur | erreur de livraison
    no se pudo entregar | no pudo ser entregad | no se ha podido entregar | no entregad | error de entrega
    no se puede entregar | no ha podido ser entregad | fallo en la entrega | fallo de entrega | fallo al entregar
    error en la entrega | imposible entregar | mensaje devuelto | correo devuelto | no pudo entregarse
    nao pode ser entregue | nao foi entregue | nao foi possivel entregar | falha na entrega | falha de entrega
    falha no envio | nao entregue | mensagem devolvida | erro na entrega | nao pode entregar
    non e stato possibile | impossibile recapitare | impossibile consegnare | mancato recapito | non recapitat
    non consegnat | non e stato consegnato | mancata consegna | errore di consegna
    niet worden afgeleverd | niet afgeleverd | niet bezorgd | niet worden bezorgd | onbestelbaar | kon niet worden
    inte levereras | att leverera | kunne ikke leveres | ikke leveret | ikke levert | olevererbar | ei voitu toimittaa
    toimitus epaonnistui | nie dostarczono | zostac dostarczona | nie mozna dostarczyc | niedostarcz
    zostala dostarczona | nedoruc | mozne dorucit | byt dorucena | dorucenie zlyhalo | nie je mozne dorucit
    не доставлен | не удалось доставить | невозможно доставить | может быть доставлен | не было доставлено
    недоставлен | ошибка доставки | доставить сообщение | teslim edilemedi | iletilemedi | kezbesithetetlen
    sikerult kezbesiteni | nu a putut fi | nu a fost livrat | не може да бъде | δεν ηταν δυνατη
    配信できません | 配信不能 | 配送できません | 送信できません | 届きません | 届けられません | エラーメール | 不達
    未達 | 配達不能
    送信に失敗 | 配信に失敗 | 配信失敗 | お届けできません | 送信エラー | 配信エラー | 届けることができません
    配信できませんでした
    送信することができません | 配信することができません | 配送に失敗 | 配送不能 | 送信できなかった | 配信できなかった
    无法投递 | 无法发送 | 退信 | 投递失败 | 发送失败 | 未能送达 | 无法送达 | 不能送达 | 被退回 | 退回 | 無法傳遞
    無法投遞
    傳送失敗 | 传输失败 | 未送达 | 投遞失敗 | 送达失败 | 无法传递 | 未能投递 | 無法送達 | 無法寄送 | 投递错误
    반송 | 배달되지 | 전달되지 | 배달 실패 | 전송 실패 | 발송 실패 | 전송하지 못 | 배달할 수 없
    get your message through | get your mail through | problem with your mail | problem with your message
    bounced back | not get through | kam zuruck | kommt zuruck | rucklaufer | nicht angekommen | kom inte fram
    kommit fram | devolucao | retornou | devolucion de | nous est revenu | retour de courrier | retour afzender
    nao e possivel entregar | non recapitabil | niedostarczaln | kan ikke leveres | ei voi toimittaa | teslim edileme
    не удается доставить | nepodarilo dorucit | nelivrat | nelivrabil | imposibil de livrat | no s'ha pogut lliurar
    no lliurat | no s'ha lliurat | nije isporucen | nije dostavlj | moguce isporuciti | moguce dostaviti
    isporuka nije usp | neisporuciv | mogoce dostaviti | ni bilo mogoce | ni dostavljen | nedostavljiv
    није испоручен | могуће испоручити | испорука није | не е доставен | не вдалося доставити | неможливо доставити
    nepavyko pristatyti | nebuvo pristatyt | buti pristatyt | nepristatom | neizdevas piegadat | nevareja piegadat
    nav piegadat | nepiegadajam | kohale toimetada | kohaletoimetamatu | toimetada ei | ekki haegt að afhenda
    αποτυχια παραδοσης | να παραδοθει | δεν παραδοθηκε | δεν ειναι δυνατη η παραδοση | μη παραδοτε
    tidak terkirim | tidak dapat dikirim | gagal dikirim | pengiriman gagal | gagal mengirim | gagal dihantar
    tidak dapat disampaikan | tidak dapat dihantar | khong gui duoc | khong the gui | gui that bai
    khong the chuyen | khong the phan phoi | khong chuyen duoc | ไม่สามารถส่ง | ส่งไม่สำเร็จ | ส่งไม่ถึง
    การส่งล้มเหลว | تعذر تسليم | تعذر إرسال | تعذر توصيل | لم يتم تسليم | فشل التسليم | فشل تسليم | فشل إرسال
    لا يمكن تسليم | غير قابل للتسليم | לא ניתן למסור | לא ניתן היה למסור | לא נמסר | מסירה נכשלה | ההודעה נכשלה
    تحویل داده نشد | تحویل نشد | ارسال نشد | قابل تحویل نیست | वितरित नहीं | डिलीवर नहीं
    """
)

# It has not arrived yet, and the system goes on trying.
DELAY = phrases(
    """
    will be retried | be retried until | being retried | been delayed | is delayed | delayed mail | delivery delay
    message delayed | mail delayed | delayed: | delayed message | will keep trying | keep trying to deliver
    still trying
    continue to try | continue trying | continue to attempt | continue to be attempted | continue to retry
    continue delivery | continue attempting | keep retrying | retry sending | retry delivery | further attempts
    not yet been delivered | not been delivered yet | not delivered yet | has not yet been | have not yet received
    warning message only | warning only | warning: could not send | warning--could not send | warning: message
    not need to resend | no need to resend | do not resend | no action is required on your part | advisory-only
    temporary failure report | temporarily unable to deliver | temporary delivery problem | delivery warning
    been postponed
    will try again | be tried again | try to deliver it again | attempt to deliver it again | try again for
    still in the queue | still queued | remains in the queue | remain in the queue | been deferred | incomplete
    attempts to deliver will continue | try to redeliver | (delay) | delivery is delayed | still awaiting delivery
    delayed for | delay in | delivery delays | delay notif | temporary problem delivering
    verzogert | verzogerung | weiterhin versuch | noch nicht zugestellt | weitere zustellversuche | erneut versuch
    retarde | remise differee | differee | nouvelles tentatives | n'a pas encore | tentatives se poursuiv
    en attente de remise
    retrasad | demorad | retraso | se reintentar | seguira intentando | aun no se ha | todavia no se ha
    atrasad | atraso | ainda nao foi | novas tentativas | continuara tentando | in ritardo | ritardat | ritardo
    non e ancora stat | ulteriori tentativi | vertraagd | vertraging | nog niet afgeleverd | nogmaals
    fordroj | forsenad | forsinke | viivast | opozn | zpozd | oneskor | kesedelm | kesik | gecik | amanat
    задерж | отложен | отсрочен | повторные попытки | продолжит попытки | еще не доставлен | попытки доставки будут
    遅延 | 遅れて | 再送を試み | 再送信を試み | 配信を継続 | 引き続き | 再度配信 | 延迟 | 延遲 | 继续尝试 | 将重试
    稍后重试 | 지연
    not yet delivered | go on trying | keep on trying | waiting in the queue | waiting in our queue
    been in our queue for
    transient non-fatal | transient failure | delayed address | καθυστερ | tertunda | penundaan | bi tri hoan | cham tre
    ล่าช้า | تأخر | تأخير | تاخیر | מתעכב | עיכוב | התעכב | odgoden | kasnjenj | zakasnel | endarreri | intarzi
    забавен | затрим | atideta | veluoja | aizkave | viibi
    """
)

# It is over, whatever was said of trying.
FINAL = phrases(
    """
    permanent error | permanent fatal | permanent failure | failed permanently | permanently failed
    permanently rejected
    i've given up | have given up | giving up | gave up | given up | not going to try | will not be retried
    no further attempts | no longer be retried | removed from the queue | removed from the mail queue
    been removed from
    will not be delivered | was not delivered | message was not delivered | stopped trying | unrecoverable
    returned to sender
    could not be delivered to one or more | has been abandoned | action: failed | unsuccessfully tried
    undeliverable to
    endgultig | aufgegeben | keine weiteren | definitiv | errore permanente | error permanente | erro permanente
    """
)

# The reader's own mailbox is spoken of, which bounces nothing. Further languages than the pattern in `signals` reads.
OWN_MAILBOX = phrases(
    """
    scheduled maintenance | planned maintenance | maintenance window | wartungsarbeiten
    your new mailbox | you are running out of | you have used | almost full | nearly full | ihr postfach ist
    ihr postfach hat | ihr neues postfach | ihr speicherplatz | votre boite est | votre boite aux lettres est
    votre boite mail | su buzon esta | tu buzon | la tua casella | la sua casella | sua caixa de | uw postvak is
    uw mailbox is | din postlada | din inkorg | twoja skrzynka | vase schranka | ваш ящик | ваш почтовыи ящик
    您的邮箱已 | あなたのメールボックス
    """
)
# What stands in a report in spite of that: it tells the sender of his message.
ABOUT_YOUR_MESSAGE = phrases(
    """
    your message | your mail to | your email to | your e-mail | the message you sent | message that you sent
    following recipient | following address | ihre nachricht | ihre e-mail an | votre message | su mensaje
    sua mensagem | il messaggio | uw bericht | ditt meddelande | twoja wiadomosc | vase zprava | ваше сообщение
    ваше письмо | 您的邮件 | メッセージ
    """
)

# A mail system introduces itself. Said of the notice's beginning.
INTRODUCTION = phrases(
    """
    hi. this is the | this is the mail | this is the postfix | this is the qmail | this is the exim
    this is the mailer
    this message was created automatically | this is an automatically generated | this is an automatic
    this report relates to a message | the original message was received at | mail server at | mail system at host
    """
)

# It arrived. Said of the subject.
SUCCESS = phrases(
    """
    successful mail delivery | successfully delivered | successfully relayed | successfully sent | (success)
    delivery successful | confirmation of delivery | delivery confirm | has been delivered | erfolgreich zugestellt
    erfolgreich ubermittelt | 配信しました | 已送达
    """
)
SUCCESS_BEGINNING = phrases(
    """
    delivered: | relayed: | expanded: | zugestellt: | weitergeleitet: | remis : | relaye : | entregado: | entregue:
    recapitato: | bezorgd: | levererat: | доставлено:
    """
)

# What else is delivered, or not: said of a text that no mail system wrote.
PARCELS = phrases(
    """
    parcel | package | shipment | tracking number | tracking no | your order | delivery address | paket | sendung
    colis
    paquete | encomenda | pacco | pakket | posylk | посылк | przesylk | zasilk | kargo | 荷物 | 包裹 | 快递 | 택배
    """
)

# Someone is away, or a desk, a robot or a list answers: never an event. Said of the subject's beginning.
VACATION_SUBJECT = phrases(
    """
    out of office | out of the office | out-of-office | ooo: | ooo re: | auto: out | away from my mail
    away from the office
    on vacation | vacation: | vacation reply | vacation response | on holiday | holiday: | i am away | i'm away
    away: | away notice
    automatic reply | auto reply | auto-reply | autoreply | auto response | auto-response | autoresponse
    autoresponder
    automated reply | automatic response | automated response | auto respond | auto-respond | absence | absent
    abwesenheit | abwesend | automatische antwort | automatisch antwoord | autoantwort | urlaub | nicht im buro
    nicht im hause
    reponse automatique | absence du bureau | message d'absence | en conge | en vacances | absent du bureau
    respuesta automatica | fuera de la oficina | ausente | ausencia | de vacaciones | resposta automatica
    fora do escritorio
    ausencia temporaria | risposta automatica | fuori ufficio | fuori sede | assenza | assente dall'ufficio
    afwezig | niet aanwezig | buiten kantoor | autosvar | automatiskt svar | automatisk svar | franvaro | fravaer
    semester
    automaattinen vastaus | poissa | nieobecnosc | automatyczna odpowiedz | odpowiedz automatyczna | poza biurem
    automaticka odpoved | nepritomnost | mimo kancelar | automatikus valasz | hazon kivul | otomatik yanit
    ofis disinda
    raspuns automat | автоматический ответ | автоответ | вне офиса | отсутств | в отпуске | αυτοματη απαντηση
    自動応答 | 自動返信 | 不在 | 休暇 | 自动回复 | 自動回覆 | 自动答复 | 外出 | 休假 | 부재중 | 자동 회신
    자동 응답 | 자동회신
    автоматическии ответ | автоматична | автоматичен отговор | resposta automatica | automatski odgovor
    samodejni odgovor | аутоматски одговор | automatinis atsakymas | automatiska atbilde | automaatvastus
    balasan otomatis | balasan automatik | tra loi tu dong | phan hoi tu dong | ตอบกลับอัตโนมัติ | رد تلقائي
    الرد التلقائي | خارج المكتب | מענה אוטומטי | תשובה אוטומטית | מחוץ למשרד | پاسخ خودکار
    """
)
AUTO_REPLY_SUBJECT = phrases(
    """
    read: | not read: | return receipt | disposition notification | read receipt | gelesen: | lu : | leido: | lido:
    letto:
    awaits moderator approval | request to mailing list | moderat | confirm your | please confirm
    confirmation required
    verification required | verify your | subscription | unsubscribe | thank you for contacting | thank you for your
    we received your | we have received your | your request | ticket | [ticket | case # | message received
    got your message
    challenge | spam arrest | boxbe | your message to | your mail to | please reply to this
    action required to deliver
    welcome to | sms status | ihre anfrage | eingangsbestatigung | accuse de reception | acuse de recibo
    """
)
VACATION_TEXT = phrases(
    """
    out of the office | out of office | on vacation | on holiday | on leave | i am away | i'm away | am currently away
    i will be away | when i return | upon my return | i will be back | be back in the office
    reading my mail for a while
    nicht im buro | nicht im hause | in urlaub | im urlaub | bin abwesend | bin ich wieder | absent du bureau
    en conge
    de mon retour | fuera de la oficina | de vacaciones | fora do escritorio | de ferias | fuori ufficio | in ferie
    afwezig | pa semester | pa ferie | w biurze | na urlopie | в отпуске | 休暇 | 不在 | 休假 | 부재
    """
)
CHALLENGE_TEXT = phrases(
    """
    confirm that you sent | to verify that you | prove that you are | click the link below to | approved sender list
    add your address to | allowed senders | is being held | has been held | held for approval | awaiting approval
    awaits approval | moderator | reply to this message to confirm | requires confirmation | please confirm
    quarantine
    been received and is | your request has been received | type your reply above this line | thank you for contacting
    thank you for your message | we have received your | this inbox is not monitored | mailbox is not monitored
    has been displayed | has been read | return receipt for the mail | to confirm, reply
    """
)
