"""What servers say, and what they mean by it: the table behind `classify`.

Each entry is (reason, phrases): lower case, accents folded, addresses and URLs taken out of the text beforehand (so
"user <a@b> unknown" holds "user unknown"). The first entry with a phrase that occurs wins, so what is specific comes
before what is general. Phrases stand between `|` and line ends; `&` joins parts that
must all occur, in that order; `_` at an end is a blank. To teach it a phrase, add it to the entry it belongs to
and its sample to tests/bounce/test_classify.py. Phrases in other languages are in `phrases_abroad`.
"""

from emailgw.bounce.report import Reason

Entry = tuple[Reason, str]

ENTRIES: tuple[Entry, ...] = (
    (
        Reason.GREYLISTED,
        """
    greylist | graylist | grey list | gray list | grey-list | gray-list | postgrey
    temporarily deferred, try again in
    """,
    ),
    (
        Reason.MAILBOX_FULL,
        """
    mailbox full | mailbox is full | mailbox exceeded | mailbox size limit | mailbox quota
    mailbox has exceeded | mailbox too large | mailbox would exceed | mailbox over quota | mailbox is over
    mailbox storage | mail box full | mail box is full | mail box space | mailfolder is full
    mail folder is full | inbox is full | inbox full | over quota | overquota | over-quota | over the quota
    over its quota | over their quota | over his quota | over disk quota | over mail quota | over its disk quota
    over the maximum allowed quota | over the maximum allowed mailbox | over the storage | quota exceed
    quota is exceed | quota violation | quota for & exceed | quota full | quota limit | quota reached
    exceeded & quota | exceed & quota | exceeds & quota | exceeding & quota | beyond & quota | out of quota
    disk quota | disc quota | quotaexceeded | exceeded storage | exceeded their storage | exceeded its storage
    exceeded the storage | storage limit | storage quota | storage allocation | storage space
    insufficient disk space for user | not enough storage space | not enough space in | not enough disk space
    does not have enough space | has run out of space | no space left in mailbox | insufficient space in
    space limit exceeded | maildir over | maildir is full | maildir delivery failed: domaindisk | user is full
    account is full | account full | account is over | account has exceeded | account exceeded | mail quota
    email quota | user quota | too many messages in mailbox | too many messages on this mailbox
    message would exceed & quota | would be over quota | recipient full | recipient's mailbox is full
    recipient reached disk | blocks limit exceeded | inode limit exceeded | mailbox & is full | mailbox & full
    boxful | mbox is full | mailbox_full | mailboxfull | mailbox has reached | maximum mailbox size
    mapi_e_folder_full | mapiexceptionshutoffquota | storagequota | exceptionshutoffquota | is out of storage
    out of storage space | full mailbox
    """,
    ),
    (
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
    traffic limit | mail limit exceeded | sending limit | unexpected volume | volume of mail
    daily sending quota | submission quota | sending quota | max defers and failures | has exceeded its max
    quota of messages | recipient limit | recipients limit | too many recipients
    """,
    ),
    (
        Reason.AUTHENTICATION,
        """
    dmarc | dkim | spf_ | spf: | spf. | (spf) | spf- | spfcheck | sender policy framework | sender id_
    domainkeys | unauthenticated email | sender is unauthenticated | authentication checks failed
    authentication information | require all senders to authenticate | unauthenticated mail
    not authenticated mail | email authentication | ptr record | reverse dns | reverse-dns | rdns
    reverse lookup | reverse hostname | reverse host | no ptr | missing ptr | ptr entry | forward-confirmed
    reverse mapping | cannot resolve your | cannot find your hostname | cannot find your reverse | no reverse
    invalid reverse | fix reverse | does not resolve to a fully | forward and reverse | dns ptr
    must have a valid dns | iprev | inaddr | in-addr.arpa | generic hostname | arc seal
    """,
    ),
    (
        Reason.SIZE,
        """
    message too large | message too big | message is too large | message is too big | mail too large
    mail too big | mail is too large | mail is too big | email too large | email is too large | message size
    message length exceeds | message exceeds | message exceeded | message was too large | message was too big
    message file too big | message larger than | size limit exceeded | size limit | sizelimit | maximum message
    max message size | maximum size | maximum allowed size | exceeds maximum | exceeds the maximum
    exceeded maximum | exceeds size | exceeds fixed | exceeds the size | too large to | line limit exceeded
    data size exceeded | recipsizelimit | sendersizelimit | recipientsizelimit | body too large
    attachment too large | attachments too large | attachment size | header size exceeds | headers too large
    is larger than the | larger than the current system limit | max size | too big for system
    message content is too | message too long | line too long | exceeds limit | file is too large | sizeexceeded
    size exceeds | size violation | size exceeded | messagesizelimit | oversize
    """,
    ),
    (
        Reason.POLICY,
        """
    virus | malware | infected | trojan | worm found | clamav | dangerous attachment | banned attachment
    illegal attachment | attachment type | attachment extension | attachments of type | prohibited attachment
    forbidden attachment | banned file | potential security issue | potentially executable | executable file
    unsafe attachment | blocked attachment | attachment blocked | phishing | attachment is not allowed
    attachments are not allowed | suspicious attachment | banned name | malicious
    """,
    ),
    (
        Reason.POLICY,
        """
    relaying denied | relay denied | relay access denied | unable to relay | cannot relay | can't relay
    not permitted to relay | relay not permitted | no relaying | relaying not | relaying is not
    relaying prohibited | relaying mail | relay is not | not relay | we do not relay | we don't relay
    relaying to | relay operation | rcpthosts | relay not allowed | relay prohibited | relay rejected
    relay attempt | not a gateway | local user only | third-party relay | not a relay
    authenticate before sending | pop before smtp | relay restriction
    """,
    ),
    (
        Reason.USER_DISABLED,
        """
    account disabled | account is disabled | account has been disabled | account inactive | account is inactive
    account suspended | account is suspended | account has been suspended | account expired | account is locked
    account locked | account has been locked | account is not active | account not active
    account is temporarily | account that you tried to reach is disabled
    account that you tried to reach is inactive | account closed | account has been closed | account is closed
    account deactivated | account has been deactivated | account is blocked | account blocked
    account has been blocked | account frozen | account is frozen | mailbox disabled | mailbox is disabled
    mailbox has been disabled | mailbox inactive | mailbox is inactive | mailbox suspended
    mailbox is suspended | mailbox locked | mailbox is locked | mailbox is frozen | mailbox frozen
    mailbox is blocked | mailbox blocked | mailbox deactivated | mailbox is deactivated | mailbox currently
    mailbox closed | mailbox is closed | mailbox not active | mailbox expired | user disabled | user is disabled
    user inactive | user is inactive | user suspended | user is suspended | user has been suspended
    user locked | user is locked | user not active | user account is disabled | user is not active
    user deactivated | user account is expired | user temporarily disabled | recipient is disabled
    recipient disabled | recipient suspended | recipient is suspended | recipient inactive
    recipient is inactive | recipient account is | recipient has been disabled | disabled recipient
    inactive recipient | inactive user | inactive account | disabled account | suspended account
    suspended user | email address is disabled | address disabled | address is disabled
    address has been disabled | email account disabled | inactive and has been disabled
    disabled or discontinued | disabled mailbox | disabled user | deactivated mailbox | deactivated account
    is a deactivated | domain is disabled | domain suspended | domain has been suspended | currently suspended
    temporarily suspended user | out of service | extended inactivity | disabled due to inactivity
    account is under | not logged in
    """,
    ),
    (
        Reason.POLICY,
        """
    sender address rejected | sender rejected | sender was rejected | sender denied | sender domain
    sender address does not | sender verify failed | sender verification | domain of sender | sender's domain
    invalid sender | unknown sender | sender unknown | sender not | bad sender | sender address
    sender does not | no such sender | mail from domain | mailfrom domain | from address is not
    from address not | verification failed for | could not verify sender | unable to verify sender
    sender callout | callout verification | envelope sender | return path | return-path | backscatter
    not a registered gateway user | resent-from | from header | from: header | sender is not | sender isn't
    senders are | senderblock | blocked sender | you are not allowed to send | you are not authorized to send
    not permitted to send | not authorized to send to | allowed to post | allowed to send to
    authorized to send to | do not have permission | don't have permission | only accepts messages from
    only accepts mail from | requires authentication | authrequired | authentication required | restricted to
    notauthorized | not authorised | restricted delivery
    """,
    ),
    (
        Reason.REPUTATION,
        """
    blacklist | black list | black-list | block list | blocklist | blocked list | dnsbl | rbl | denylist
    deny list | spamhaus | spamcop | sorbs | barracudacentral | uceprotect | surbl | spamrats | senderscore
    sender score | cloudmark | brightmail | invaluement | psky.me | trustedsource | blocked using | listed in
    listed on | listed at | is listed | reputation | banned sending ip | banned ip | ip banned
    ip address blocked | your ip has been | your ip is | your ip address | source ip | sending ip | ip blocked
    blocked ip | ip address has been | client host rejected | client host blocked | client host & blocked
    client host & rejected | helo command rejected | my name was rejected | bad helo | invalid helo | helo name
    dynamic ip | dynamic address | dial-up | dialup | residential ip | dynamic pool | dynamic/ | open relay
    open proxy | spam source | known spam | use your isp | smtp server of your isp | mail server of your isp
    contact your internet service provider | messages from & weren't sent | messages from & temporarily deferred
    complaints | due to user complaint | access from ip | host access denied | connection refused by policy
    not accepting connections from | not allowed to connect | not authorized to connect | untrusted ip
    spamming issue | blocked for spam | blocked by our | we do not accept mail from | does not accept mail from
    is not allowed to send mail | is blocked | has been blocked | was blocked by | ip is | server is blocked
    domain blocked | ip address & blocked | host & blocked | (bl) | access denied - invalid helo
    connection from & rejected | connections from & rejected | connections not accepted from
    not accepting mail from your | refused mail service | mail from & refused | your network
    """,
    ),
    (
        Reason.HOST_UNKNOWN,
        """
    host unknown | unknown host | host not found | hostname not found | host name not found | domain not found
    unknown domain | domain unknown | no such domain | no such host | domain does not exist
    domain doesn't exist | domain name not found | name server: & host not found | domain name does not exist
    host or domain name not found | nonexistent domain | non-existent domain | non-existent host
    nonexistent host | nxdomain | couldn't find any host | couldn't find host | could not find host
    cannot find host | can't find host | couldn't find any mail exchanger | could not find any mail exchanger
    couldn't find a mail exchanger | no mx or a | no mx found | no mx record | no mail exchanger | no valid mx
    no mx host | mx record & not | no a record | null mx | nullmx | does not accept mail | doesn't accept mail
    does not receive mail | unrouteable mail domain | unroutable mail domain | unrouteable domain
    unroutable domain | unrouteable host | unknown mail host | all host address lookups failed permanently
    all relevant mx records point to non-existent hosts | lowest numbered mx record points to local host
    mx points to | bad destination system | bad destination host | bad destination mailbox domain
    domain is not reachable | domain not reachable | illegal host/domain | invalid domain name & recipient
    address is invalid & domain | domain has expired | domain expired | domain owner has changed
    domain does not accept | recipient domain does not | system not accepting network messages
    name or service not known | no address associated with | server for the domain was not found
    unable to resolve & domain | hostname lookup failed | unknownhostexception | no such domain name | no dns
    name does not exist | not a valid domain | invalid domain | isn't in my control/locals
    is not in my control | mail server not found | site not found | error looking up & domain | domain isn't
    domain has no | domain you are trying to contact
    """,
    ),
    (
        Reason.USER_UNKNOWN,
        """
    user unknown | unknown user | user is unknown | user not found | user not known | user unkown | no such user
    no such address | no such mailbox | no such account | no such recipient | no such person | no such email
    no such mail | no such local | no such alias | no such id | no such domain user | nosuchuser
    user does not exist | user doesn't exist | user not exist | user don't exist | user dose not exist
    no user by that name | doesn't have a & account | does not have a & account | doesn't have an account
    does not have an account | no account by that name | no account here | mailbox does not exist
    mailbox doesn't exist | mailbox not found | mailbox unknown | unknown mailbox | invalid mailbox
    bad destination mailbox | mailbox not exist | mailbox not available | mailbox unavailable
    mailbox is unavailable | no mailbox | not a valid mailbox | mailbox non-existent | mailbox invalid
    bad mailbox | recipient unknown | unknown recipient | recipient not found | recipient does not exist
    recipient doesn't exist | invalid recipient | recipient invalid | recipient not exist | recipient is unknown
    no valid recipient | not a valid recipient | recipient no longer | recipient address does not
    recipient not known | recipient not recognized | recipient name is not recognized | unrecognized recipient
    recipient is not recognized | recipient is not | bad recipient | recipient not on | recipient undeliverable
    recipient address unknown | recipient is not exist | recipnotfound | recipientnotfound | recipient not valid
    nonexistent recipient | non-existent recipient | address does not exist | address doesn't exist
    address not found | address unknown | unknown address | invalid address | address invalid
    address is invalid | address not exist | addresses were unknown | address no longer | address not present
    address isn't | bad address | undeliverable address | unrouteable address | unroutable address
    address rejected | rejected address | malformed address | address error | bad destination
    address not listed | no longer valid | not a valid address | address is not valid | email address is not
    email address could not be found | address couldn't be found | address wasn't found | wasn't found at
    couldn't be found | invalid e-mail address | invalid email address | no longer in use | no longer available
    no longer exists | no longer accept | no longer with | no longer work | no longer an employee
    does not work here | invalid user | user invalid | illegal user | bad user | bad username | user name not
    username not | unknown username | not a known user | not a valid user | not a user | not our customer
    not known here | not known at this | not listed in | is not a user | isn't a user | no one by that name
    nobody by that name | no matches to | not in the | not in directory | not in address book | not in our
    name not found | name is not found | is not known | is unknown | unknown local | local part unknown
    unknown local-part | unknown account | account unknown | account not found | account does not exist
    account doesn't exist | account that you tried to reach does not exist
    email account that you tried to reach does not | account is not available | account is unavailable
    unknown or illegal alias | unknown alias | mailbox & does not exist | user & does not exist | user & unknown
    user & not found | this address no longer | this user doesn't | this user does not | here by that name
    unknown user account | user_unknown | userunknown | no existe | has moved | user moved
    does not like recipient | destination address does not | destination user | delivery to this address is not
    no recipient | not local | dosn't exist | is not a valid | does not exist | doesn't exist | not exist
    not listed | unknownrecipient | not found by smtp address lookup | not present in | resolver.adr
    failed to deliver to list of recipients | user reject
    """,
    ),
    (
        Reason.SPAM,
        """
    spam | unsolicited | junk mail | bulk mail | bulk email | uce_ | ube, | _ube_ | content rejected
    message content | content filter | content violation | content block | content restriction
    rejected for content | content analysis | content is blacklisted | block-send-er | suspected of | advertis
    appears to be unwanted | unwanted | message looks like | high score | bogofilter | score too high | razor
    pyzor | message rejected by filter | rejected by content | gtube | rule imposed | considered suspicious
    mail rejete | mail rejected. ofr_506 | suspicious
    """,
    ),
    (
        Reason.NETWORK,
        """
    connection timed out | connection timeout | connection refused | connection reset | connection lost
    connection failed | connection was | connection dropped | connection died | connection closed
    connection broken | connection to & failed | lost connection | no route to host | network is unreachable
    network unreachable | network error | host is unreachable | host unreachable | host is down | host down
    couldn't connect | could not connect | cannot connect | can't connect | unable to connect
    unable to establish | wasn't able to establish an smtp connection | failed to connect | operation timed out
    timed out | timeout | time out | time-out | no answer from host | did not respond | not responding
    no response | didn't respond | bad connection | handshake | broken pipe | socket | remote host
    temporarily unable to | temporary lookup failure | host lookup did not complete | name service error
    name server timeout | dns failure | dns error | dns lookup | dns server | dns query | dns soft
    dns temporary | try again later & dns | cname lookup failed | cname_lookup_failed | all hosts | no hosts
    no mail hosts | could not be contacted | unreachable | not reachable | too many hops | hop count | mail loop
    mail loops | routing loop | loops back | looping | loop detected | loop count | too many received
    smtp connect failed | connect to & timed | closed connection | remote server is not available
    conversation with & timed | communication failure | unable to contact
    """,
    ),
    (
        Reason.EXPIRED,
        """
    delivery time expired | message expired | expired | retry timeout exceeded | retry time not reached
    delivery timeout | queue too long | in the queue too long | too long in queue | too old | maximum retries
    maximum retry | retry limit | exceeded retry | retries exceeded | too many retries | gave up after
    giving up after | been in queue | on the queue | undeliverable for | undelivered for
    could not be delivered for | couldn't be delivered for | could not be delivered within
    not been delivered after | cannot send message for | could not send message for | could not send mail for
    not been collected | message timed out | delivery attempts | delivery is still | message delayed
    delivery delayed | has been delayed | will be retried | delivery temporarily suspended | delivery has been
    deferred | time limit | maximum time | maximum age | max age | lifetime | hours in queue | days in queue
    """,
    ),
    (
        Reason.SYSTEM,
        """
    internal error | internal server error | system error | internal system error | configuration error
    local configuration error | server configuration | misconfigur | out of memory | insufficient system
    insufficient disk | insufficient storage | no space left | no disk space | disk full | file system
    filesystem | cannot open | can't open | can't create | cannot create | can't write | write error | i/o error
    input/output error | local error | resources temporarily | resources unavailable | service unavailable
    service not available | service currently unavailable | service temporarily | temporarily unavailable
    system busy | server busy | server too busy | overload | try again later | temporary failure
    temporary error | temporary problem | temporary local problem | transaction failed | command not recognized
    command not implemented | parameter not implemented | syntax error | bad sequence | improper sequence
    sequence of commands | out of sequence | command rejected | unrecognized command | upstream error
    queue file write error | processing error | error while processing | error in processing
    error while being processed | encountered an error | mailer error | mailer | procmail | exit status
    unknown mailer error | local delivery failed | local mailer | child status | x-unix | pipe to
    cannot execute | permission denied | perm_failure | premature end | unexpected error | software error
    unable to open | maintenance | database error | ldap | load average | lmtp | server error
    not enough memory | system failure | failed to store | mail system | cannot append | lock
    """,
    ),
    (
        Reason.POLICY,
        """
    policy | policies | not rfc | rfc 5322 | rfc 2822 | rfc5322 | rfc compliant | non-compliant | not compliant
    header error | duplicate header | multiple addresses in from | 8-bit data | improper use of | bare lf
    bare line feed | missing header | missing message-id | invalid header | header syntax | too many hops & spam
    security | not allowed | not permitted | not authorized | unauthorized | administrative prohibition
    administratively | access denied | access rejected | access forbidden | access not | denied | prohibited
    message refused | message rejected | mail refused | mail rejected | message was rejected | email rejected
    message filtered | filtered | delivery not authorized | rejected by & domain | rejected by recipient
    rejected by the recipient | refused by | service refused | banned | forbidden | restricted | restriction
    blocked | protocol violation | no thank | go away | not acceptable | not accepted | not want | unacceptable
    encryption required | must issue a starttls | starttls | tls required | tls is required | requires tls
    requires encryption | certificate | on suppression list | suppression list | suppressed | opt-out
    unsubscribed | country | region
    """,
    ),
)
