"""What servers say when they refuse the sender, its host or the message."""

from emailgw.bounce.report import Reason

GREYLISTED = (
    Reason.GREYLISTED,
    """
    graulist | liste grise | lista gris | lista cinza | серыи список | greylist | graylist | grey list | gray list
    grey-list | gray-list | postgrey
    temporarily deferred, try again in | first time sender | first-time sender | new sender/recipient | triplet
    resend in & second | resend in & minute | come back in & minute | come back in & second
    """,
)

RATE_LIMIT = (
    Reason.RATE_LIMIT,
    """
    rate limit | rate-limit | ratelimit | rate exceeded | rate is exceeding | rate control | throttl
    too many connections | too many concurrent | too many simultaneous | too many sessions | too many messages
    too many recipients this | too many emails | too many mails | too many errors | too fast | too quickly
    too frequent | too often | frequency limit | frequency is limited | connection frequency | slow down
    sending too | sent too many | connection limit | connections limit | connections from your
    maximum connections | max connections | exceeded the maximum number of connections | concurrent connections
    simultaneous connections | maximum number of messages | message limit exceeded | messages limit exceeded
    hourly limit | daily limit | limit on the number of messages | receiving mail at a rate
    receiving mail too quickly | unusual rate | unusually high rate | exceeded the rate | flow control
    traffic limit | mail limit exceeded | sending limit | unexpected volume | volume of mail | daily sending quota
    submission quota | sending quota | max defers and failures | has exceeded its max | quota of messages
    recipient limit | recipients limit | too many recipients | too much mail from | too much email from
    not so fast | mails this hour | messages this hour | emails this hour | connections per
    too much traffic | quota for your | exceeded your quota
    """,
)

AUTHENTICATION = (
    Reason.AUTHENTICATION,
    """
    dmarc | dkim | spf_ | spf: | spf. | (spf) | spf- | spfcheck | sender policy framework | sender id_
    domainkeys | mail is unauthenticated | unauthenticated email | sender is unauthenticated
    authentication checks failed | p=reject | p=quarantine | is not aligned | not in alignment
    authentication information | require all senders to authenticate | unauthenticated mail
    not authenticated mail | email authentication | ptr record | reverse dns | reverse-dns | rdns | reverse lookup
    reverse hostname | reverse host | no ptr | missing ptr | ptr entry | forward-confirmed | reverse mapping
    cannot resolve your | cannot find your hostname | cannot find your reverse | no reverse | invalid reverse
    fix reverse | does not resolve to a fully | forward and reverse | dns ptr | must have a valid dns | iprev
    unverifyable sending | unverifiable sending
    _ptr_ | inaddr | in-addr.arpa | generic hostname | arc seal
    """,
)

SIZE = (
    Reason.SIZE,
    """
    message too large | message too big | message is too large | message is too big | mail too large
    mail too big | mail is too large | mail is too big | email too large | email is too large | message size
    message length exceeds | message exceeds | message exceeded | message was too large | message was too big
    message file too big | message larger than | size limit exceeded | size limit | sizelimit | maximum message
    max message size | maximum size | maximum allowed size | exceeds maximum | exceeds the maximum
    exceeded maximum | exceeds size | exceeds fixed | exceeds the size | too large to | line limit exceeded
    data size exceeded | recipsizelimit | sendersizelimit | recipientsizelimit | body too large
    is too big | are too big | is too large | are too large | bigger than | attachment too large
    attachments too large | attachment size | header size exceeds | headers too large
    is larger than the | larger than the current system limit | max size | too big for system
    message content is too | message too long | line too long | exceeds limit | file is too large | sizeexceeded
    mails above & mb_ | messages above & mb_ | heavier than | size exceeds | size violation | size exceeded
    messagesizelimit | oversize
    """,
)

ATTACHMENT = (
    Reason.POLICY,
    """
    virus | malware | infected | trojan | worm found | clamav | dangerous attachment | banned attachment
    illegal attachment | attachment type | attachment extension | attachments of type | prohibited attachment
    forbidden attachment | banned file | potential security issue | potentially executable | executable file
    unsafe attachment | blocked attachment | attachment blocked | phishing | attachment is not allowed
    dlp rule | dlp policy | data loss prevention
    attachments are not allowed | suspicious attachment | banned name | malicious
    """,
)

RELAY = (
    Reason.POLICY,
    """
    relaying denied | relay denied | relay access denied | unable to relay | cannot relay | can't relay
    not permitted to relay | relay not permitted | no relaying | relaying not | relaying is not
    relaying prohibited | relaying mail | relay is not | not relay | we do not relay | we don't relay
    relaying to | relay operation | rcpthosts | relay not allowed | relay prohibited | relay rejected
    relay attempt | not a gateway | local user only | third-party relay | not a relay
    authenticate before sending | pop before smtp | relay restriction
    """,
)

SENDER = (
    Reason.POLICY,
    """
    mail_from_verification | sender address rejected | sender rejected | sender was rejected | sender denied
    sender domain
    sender address does not | sender verify failed | sender verification | domain of sender | sender's domain
    invalid sender | unknown sender | sender unknown | sender not | bad sender | sender address | sender does not
    no such sender | mail from domain | mailfrom domain | from address is not | from address not
    verification failed for | could not verify sender | unable to verify sender | sender callout
    callout verification | envelope sender | return path | return-path | backscatter
    not a registered gateway user | resent-from | from header | from: header | sender is not | sender isn't
    mail from address | from address does | your address could | your address is | of your address | your domain
    from address was | absenderadresse | adresse de l'expediteur | adresse d'expediteur | direccion del remitente
    adreca del remitent
    endereco do remetente | indirizzo del mittente | indirizzo mittente | afzenderadres | адрес отправителя
    发件人地址 | 发信人地址 | 寄件者地址 | 送信者アドレス | 送信元アドレス | 발신자 주소
    senders are | senderblock | blocked sender | you are not allowed to send | you are not authorized to send
    not permitted to send | not authorized to send to | allowed to post | allowed to send to
    authorized to send to | do not have permission | don't have permission | only accepts messages from
    only accepts mail from | requires authentication | authrequired | authentication required | restricted to
    notauthorized | not authorised | restricted delivery | closed mailing list | not subscribed to | not a subscriber
    are not subscribed | not a member of | members-only | members only | only members | may mail this list
    his personal blacklist | absender & gesperrt
    expediteur & bloque | remitente & bloquead | mittente & bloccat | отправител & заблокирован
    sender is blocked by recipient | sender blocked by recipient
    """,
)

REPUTATION = (
    Reason.REPUTATION,
    """
    blacklist | black list | black-list | block list | blocklist | blocked list | dnsbl | rbl | denylist
    deny list | spamhaus | spamcop | sorbs | barracudacentral | uceprotect | surbl | spamrats | senderscore
    sender score | cloudmark | brightmail | invaluement | psky.me | trustedsource | blocked using | listed in
    listed on | listed at | reputation | banned sending ip | banned ip | ip banned | ip address blocked
    your ip has been | your ip is | your ip address | source ip | sending ip | ip blocked | blocked ip
    ip address has been | client host rejected | client host blocked | client host & blocked
    client host & rejected | helo command rejected | my name was rejected | bad helo | invalid helo | helo name
    dynamic ip | dynamic address | dial-up | dialup | residential ip | dynamic pool | dynamic/ | open relay
    open proxy | spam source | known spam | use your isp | smtp server of your isp | mail server of your isp
    contact your internet service provider | messages from & weren't sent | messages from & temporarily deferred
    complaints | due to user complaint | access from ip | host access denied | connection refused by policy
    not accepting connections from | refused to talk to me | not allowed to connect | not authorized to connect
    untrusted ip
    spamming issue | blocked for spam | blocked for abuse | blocked by our | we do not accept mail from
    does not accept mail from
    is not allowed to send mail | is blocked | has been blocked | was blocked by | server is blocked
    domain blocked | ip address & blocked | host & blocked | (bl) | access denied - invalid helo
    connection from & rejected | connections from & rejected | connections not accepted from
    cable modem | list of abusers | history of abuse | residential | range & blocked
    not accepting mail from your | refused mail service | mail from & refused | your network
    """,
)

SPAM = (
    Reason.SPAM,
    """
    spam | like junk | this junk | as junk | is junk | unsolicited | junk mail | bulk mail | bulk email | uce_
    ube, | _ube_ | content rejected
    message content | content filter | content violation | content block | content restriction
    rejected for content | content analysis | content is blacklisted | block-send-er | suspected of
    appears to be unwanted | unwanted | message looks like | high score | bogofilter | score too high | razor
    pyzor | message rejected by filter | rejected by content | gtube | rule imposed | considered suspicious
    mail rejete | mail rejected. ofr_506 | suspicious | mass mailing | mass-mailing | bulk mailing | message scored
    points (required | scored too high | spam points
    """,
)

POLICY = (
    Reason.POLICY,
    """
    policy | policies | not rfc | rfc 5322 | rfc 2822 | rfc5322 | rfc compliant | non-compliant | not compliant
    header error | duplicate header | multiple addresses in from | 8-bit data | improper use of | bare lf
    bare line feed | missing header | missing message-id | invalid header | header syntax | too many hops & spam
    security | not allowed | not permitted | not authorized | administrative prohibition
    administratively | administrative rejection | access denied | access rejected | access forbidden | access not
    prohibited
    message refused | message rejected | mail refused | mail rejected | message was rejected | email rejected
    message filtered | filtered | delivery not authorized | rejected by & domain | rejected by recipient
    rejected by the recipient | refused by | service refused
    protocol violation | no thank | go away | not acceptable | not accepted | not want | unacceptable
    encryption required | must issue a starttls | starttls | tls required | tls is required | requires tls
    requires encryption | certificate | on suppression list | suppression list | suppressed | opt-out
    unsubscribed | will not accept delivery
    """,
)
