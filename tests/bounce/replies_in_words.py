"""Replies in everybody's words and in many languages, a line each: what each means."""

from emailgw.bounce.report import Reason

WORDS: dict[Reason, str] = {
    Reason.USER_UNKNOWN: """
    550 No recipients
    550 a.b is not an active address at this host
    550 Delivery to this address is restricted - unknown
    550 5.1.1 the addressee is unknown
    550 Nonexisting user
    550 cuda_nsu No such user
    550 recipient verification failed: no such address
    550 Invalid mailbox: a@x.example
    550 This is not a valid address on this system
    550 Destination user unknown
    550 Der Empfaenger ist uns nicht bekannt
    550 Dieser Empfänger existiert nicht
    550 El usuario no existe en este servidor
    550 Usuário não encontrado
    550 L'utilisateur n'existe pas
    550 L'utente non esiste
    550 Gebruiker bestaat niet
    550 Пользователь не найден
    550 该用户不存在
    550 ユーザーが見つかりません
    550 존재하지 않는 사용자
    550 Użytkownik nie istnieje
    550 Uživatel neexistuje
    550 Användaren finns inte
    550 Kullanıcı bulunamadı
    550 5.1.1 Sorry, that recipient does not exist on our system
    550 The mailbox you are writing to doesn't exist
    550 5.1.1 Rejected: <joe> - no such person at this site
    550-5.1.1 No account with that address. 550 Check the spelling
    550 unknown local part joe in <joe@x.example>
    550 Unable to find joe in our directory
    550 5.1.1 Recipient not in our database
    550 sorry, nobody by that name lives here
    550 This person is no longer employed by our organisation
    550 5.7.1 Unknown or invalid recipient
    550 5.1.1 account doesnt exist
    550 Mail to joe is not deliverable here: no such user
    550 Email address does not appear to be valid
    550 Non existent account
    553 5.1.3 Malformed recipient address
    501 5.1.3 Bad recipient address syntax
    550 5.1.0 recipient lookup returned nothing
    550 Address invalid or mistyped
    550 the user you are trying to reach has left
    550 5.1.1 User joe not in table
    550 Der Benutzer ist unbekannt
    550 Diese Adresse gibt es nicht
    550 Cette adresse est inconnue
    550 Esta dirección no es válida
    550 O endereço não existe
    550 Indirizzo non trovato
    550 Het adres is onbekend
    550 Adres nie istnieje
    550 Адрес получателя неизвестен
    550 收件人地址无效
    550 宛先のメールアドレスは存在しません
    550 수신자가 존재하지 않습니다
    550 5.1.1 The recipient you entered cannot be located
    550 We have no record of this mailbox
    550 Recipient address is bogus
    550 5.1.1 No such local mailbox
    550 Account has been removed
    550 This address has been deleted
    550 Mailbox deleted
    550 5.1.1 user has been purged
    550 Former employee
    550 joe has left the company
    550 Recipient cannot be verified
    550 no record of user
    554 5.1.1 The email address you typed could not be matched
    550 5.1.1 Delivery to non-existent inbox
    """,
    Reason.MAILBOX_FULL: """
    550 <a@x.example> Benutzer hat zuviele Mails auf dem Server
    550 Das Postfach des Benutzers ist voll
    552 El buzón del destinatario está lleno
    552 A caixa postal do destinatário está cheia
    552 La boîte aux lettres du destinataire est pleine
    552 La casella del destinatario è piena
    552 Postvak van de ontvanger zit vol
    552 Почтовый ящик переполнен
    552 用户邮箱已满
    552 メールボックスの容量が不足
    552 사서함 용량 초과
    552 Skrzynka odbiorcy jest przepełniona
    552 5.2.2 mailbox has reached its maximum size
    452 4.2.2 user's quota reached
    550 Recipient has no disk space left
    550 5.2.2 inbox at capacity
    552 Message would exceed the user's quota
    450 4.2.2 This mailbox cannot accept mail right now because it is full
    554 Account storage limit hit
    552 5.7.0 user exceeded allotted space
    552 5.2.2 Das Postfach ist überfüllt
    552 La boîte de réception est saturée
    552 El buzón ha superado su cuota
    552 A caixa de entrada está lotada
    552 Quota della casella superata
    552 Het postvak is vol
    552 Przekroczono limit skrzynki
    552 Превышена квота почтового ящика
    552 对方邮箱已满
    552 メールボックスが一杯です
    552 메일함이 가득 찼습니다
    552 mailbox out of space
    452 quota temporarily exceeded
    550 mailbox storage is exhausted
    552 5.2.2 The user's message store is full
    550 user over his limit
    """,
    Reason.USER_DISABLED: """
    554 5.2.1 <a@x.example>: mailbox temporarily disabled
    550 5.7.1 Recipient has been deactivated by administrator
    450 The account is temporarily disabled
    550 account is dormant
    550 5.2.1 Recipient's account has been closed
    550 5.2.1 This account was closed by its owner
    550 Mailbox has been suspended for abuse
    550 This e-mail address has been disabled by the administrator
    450 4.2.1 mailbox is locked
    550 the account you are mailing is dormant and refuses mail
    550 5.2.1 Account deactivated due to non-use
    550 address terminated
    550 Das Konto wurde deaktiviert
    550 Ce compte a été désactivé
    550 La cuenta ha sido desactivada
    550 Почтовый ящик отключён
    550 该账号已被冻结
    550 This user has been banned
    550 Mailbox currently unavailable due to account suspension
    550 this account is on hold
    550 5.7.1 account blocked by administrator
    554 mailbox temporarily locked
    """,
    Reason.HOST_UNKNOWN: """
    550 The domain is not hosted here / domain unknown
    550 5.4.4 Invalid domain name
    DNS Error: Domain name not found
    DNS Error: 1234 DNS type 'mx' lookup of x.example responded with code NXDOMAIN. Domain name not found: \
    x.example
    550 5.1.2 Domain part of the address could not be resolved
    550 no such host x.example
    554 5.4.4 unresolvable address: host does not exist
    550 Mail domain is not known
    550 Domain expired and no longer hosted here
    550 no such domain at this location
    550 host lookup failed: NXDOMAIN
    550 domain does not accept mail at all
    """,
    Reason.SIZE: """
    550 attachment size exceeds the allowable limit
    554 5.3.4 too big
    552 5.2.3 Length of message exceeds administrative limit
    413 body is bigger than allowed
    550 Max message size exceeded
    552 Data size limit exceeded: maximum is 20MB
    552 Email exceeds size limit of 10 MB
    552 5.3.4 Your mail is bigger than we accept
    554 message rejected: attachments are too big
    550 5.2.3 Message exceeds the recipient's maximum size
    552 Die Nachricht überschreitet die maximale Größe
    552 Le message dépasse la taille maximale
    552 El mensaje supera el tamaño máximo permitido
    552 邮件大小超过限制
    554 5.3.4 Message length exceeds limit
    552 your mail is over the size limit
    550 mail exceeds 10240 KB
    """,
    Reason.SPAM: """
    550 This message scored 12.3 spam points.
    550 'The mail server detected your message as spam and has prevented delivery.'
    550 5.7.1 content filter rejection
    550 High spam probability
    554 5.7.1 Rejected as spam by Cloudmark
    550 5.7.0 Message considered unsolicited bulk email
    550 5.7.1 Junk mail refused
    571 Message Refused: looks like SPAM
    554 UCE detected
    550 We believe your message is spam
    554 5.7.1 message scored too high on the spam filter
    550 This looks like junk
    550 5.7.1 mail rejected: detected as unsolicited bulk
    554 5.7.1 Bayesian filter says SPAM
    550 Ihre Nachricht wurde als unerwünscht eingestuft
    550 Message refusé car considéré comme indésirable
    550 Mensaje rechazado por ser spam
    550 Письмо отклонено как спам
    550 邮件被判定为垃圾邮件
    550 迷惑メールと判定されました
    550 message refused by our antispam system
    554 5.7.1 suspected junk e-mail
    550 spammy content
    550 5.7.1 our filters think this is UCE
    """,
    Reason.POLICY: """
    552 5.7.0 Message contains banned content: .js
    550 5.7.1 You are not authorized to send to this distribution list
    550 5.7.2 This list only accepts mail from members
    550 Only authenticated senders may send to this address
    554 5.7.1 The sender address has been blocked by the recipient
    550 5.7.1 sender rejected (refused by recipient)
    550 5.7.1 Recipient refuses mail from this sender
    553 5.7.1 Sender address is not allowed
    550 5.1.7 sender address verification failed
    550 5.7.1 message violates corporate email policy
    554 5.6.0 Message contains NUL characters
    550 5.6.0 RFC2822 violation: missing From header
    554 5.6.1 8bit not supported
    550 5.6.7 SMTPUTF8 is required, but was not offered by host
    550 Messages without a Date header are not accepted here
    550 5.7.1 more than one From header
    550 5.7.1 rejected by local policy
    550 5.7.1 relaying is not permitted
    554 5.7.1 not our domain, relay denied
    550 5.7.1 you may not send to this group
    550 5.7.1 your message contains a forbidden attachment
    552 virus Eicar found in message
    550 5.7.1 sender domain is not acceptable
    550 sender does not exist
    530 5.7.0 STARTTLS required
    554 5.6.0 malformed MIME
    550 5.7.1 message lacks a valid From header
    550 administrative rejection
    571 delivery not authorized, message refused
    550 Nachricht aus Richtliniengründen abgelehnt
    550 5.7.1 This message breaks our rules
    550 executable attachments refused
    550 encrypted attachments are not accepted
    550 5.7.1 Recipient restricts who can send
    550 no relay for you
    553 5.5.4 Domain of sender required
    550 5.7.1 TLS needed
    """,
    Reason.REPUTATION: """
    571 192.0.2.1 listed on psbl.surriel.com
    504 5.5.2 <localhost>: Helo command rejected: need fully-qualified hostname
    450 4.7.1 <bad.example>: Helo command rejected: Host not found
    554 5.7.1 <x[192.0.2.1]>: Client host rejected: Access denied
    521 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org
    550 5.7.1 Your mail server is on our blocklist
    554 5.7.1 Your IP address has been blacklisted
    421 4.7.1 Intrusion prevention active for [192.0.2.1]
    554 5.7.1 Connection refused due to abuse
    521 blocked by our blacklist
    550 Mail from your country is not accepted
    554 5.7.1 Refused: your host is a known spammer
    550 5.7.1 Email from this host is refused: dynamic IP
    421 too much spam from your IP
    550 Mail is rejected by recipients server reputation filter
    554 no SMTP service here; sender IP reputation
    550 blocked by recipient's mail server: sending IP listed
    550 The IP 192.0.2.1 is on a DNS blacklist
    554 5.7.1 Mail from 192.0.2.1 refused, see RBL
    550 your server is listed in our blocklist
    554 5.7.1 connection from your network is not welcome
    550 5.7.1 Sending host has a poor sender score
    550 IP address is blocked for sending spam
    554 Ihre IP-Adresse ist gesperrt
    554 Votre adresse IP est bloquée
    554 Su dirección IP está bloqueada
    554 您的IP已被列入黑名单
    554 You are listed in our RBL
    550 Bad IP reputation, contact postmaster
    421 4.7.0 IP not in whitelist, try later
    554 5.7.1 your IP range has been banned
    550 Sorry, your host is on our deny list
    """,
    Reason.AUTHENTICATION: """
    550 DKIM verification failed
    550 5.7.1 Mail from IP 192.0.2.1 was rejected due to SPF -all
    550 Sender is forged (SPF Fail)
    554 5.7.1 FCrDNS check failed
    550 No PTR in DNS for your IP
    450 4.7.1 Your host has no hostname: missing rDNS
    554 your ip does not have a valid reverse dns entry
    550 5.7.1 Fix reverse DNS for 192.0.2.1
    535 5.7.8 Authentication credentials invalid
    550 5.7.1 rejected by DMARC
    550 #5.7.1 Your access to submit messages to this e-mail system has been rejected: dmarc
    550 5.7.1 DMARC failure
    550 message failed DKIM checks
    554 SPF says this host may not send for your domain
    450 4.7.1 no reverse lookup for your address
    550 PTR missing for 192.0.2.1
    550 5.7.23 SPF hard fail
    550 5.7.1 SPF record does not authorise your server
    550 your message failed authentication (DKIM/SPF)
    554 5.7.1 Reverse lookup of your IP failed
    """,
    Reason.RATE_LIMIT: """
    421 4.7.0 mx.example.com Error: too many errors
    421 4.7.0 mx Error: too many connections from 192.0.2.1
    452 4.3.1 Too many messages, slow down
    450 4.7.1 rate limit exceeded
    421 too many messages in this connection
    451 4.3.0 Exceeded sending limits
    452 4.2.1 mailbox is receiving too many messages
    421 4.7.0 You have reached the limit of messages per hour
    450 Requested action aborted: throttled
    421 concurrency limit reached
    451 4.7.1 You've exceeded your sending limit to this domain
    452 Domain recipient limit exceeded
    451 4.7.1 slow down, sending too fast
    421 too many connections
    450 4.7.1 message rate is too high
    452 4.5.3 too many recipients in one message
    421 4.7.0 connections per hour limit exceeded
    450 you are sending mails too quickly
    550 sender exceeded daily message limit
    421 Zu viele Verbindungen von Ihrer Adresse
    421 发送过于频繁
    421 Too many messages from your IP in the last hour
    450 rate exceeded, come back later
    451 4.3.2 please slow down
    421 session limit reached
    """,
    Reason.GREYLISTED: """
    450 4.7.1 Please try again later, temporarily rejected (graylisted)
    451 Temporary local problem - please try later (greylist)
    421 Service temporarily unavailable. Please retry in 5 minutes. (Graylisting)
    451 4.7.1 greylisting: try again later
    450 4.2.0 Recipient is greylisted for 300 seconds
    421 you are being greylisted
    450 4.7.1 try again in 5 minutes (greylist)
    """,
    Reason.NETWORK: """
    450 4.4.1 No answer from host
    451 4.4.2 Bad connection
    TLS handshake failed: certificate verify failed
    421 4.4.0 Connection dropped while talking
    Network is unreachable
    400 4.4.3 unable to lookup DNS for x.example
    connect to mx.x.example: connection refused
    Connection reset by peer while sending
    timeout while waiting for greeting
    DNS server failure for x.example
    host mx.x.example unreachable
    TLS negotiation failed with the remote host
    mail loop detected
    connection to remote host failed
    remote host closed connection unexpectedly
    unable to resolve MX: temporary DNS failure
    SMTP timeout after DATA
    """,
    Reason.EXPIRED: """
    Delivery attempts exceeded the maximum message lifetime
    Message has been in the queue for too long
    Final attempt failed; message aged out
    message expired after 5 days in queue
    could not deliver for 3 days, giving up
    maximum retry time exceeded
    undeliverable after 72 hours
    message too old, discarded
    """,
    Reason.SYSTEM: """
    501 5.5.4 Syntax error in parameters
    503 5.5.1 RCPT first
    554 Transaction failed
    550 5.3.5 system incorrectly configured
    451 Unable to complete command, DB not available
    451 4.3.2 Please retry later; LDAP lookup failed
    452 Out of memory
    452 4.3.1 Mail system full
    550 5.3.0 Other mail system problem
    5.3.0 Command died with status 2: '/usr/bin/vacation'
    can't create user output file
    451 4.3.0 internal server failure
    421 service shutting down
    452 4.3.1 not enough disk space on server
    451 backend unavailable
    451 mail system is overloaded
    503 command out of order
    554 5.3.5 config error: mail for x loops?
    451 4.3.2 system under maintenance
    451 4.3.0 unexpected internal condition
    451 storage backend error
    421 server too loaded
    554 5.3.0 delivery agent crashed
    """,
}
