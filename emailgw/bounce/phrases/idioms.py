"""Turns of phrase that hold a word of another table, and are therefore asked first; and vague ones, asked last."""

from emailgw.bounce.report import Reason

# The numbers are exit statuses, sysexits(3).
IDIOMS = (
    (
        Reason.SYSTEM,
        """
    procmail: & create | aliasing/forwarding loop | forwarding loop | ldap server | may not follow
    disk space on server | disk space on the server | procmail & service unavailable | couldn't create | x-unix; 69
    x-unix; 70 | x-unix; 71 | x-unix; 73 | x-unix; 74 | x-unix; 75
    x-unix; 77 | x-unix; 78
    """,
    ),
    (
        Reason.USER_UNKNOWN,
        """
    recipient access denied | rejected: undeliverable address | recipnotfound | not listed in
    recipientnotfound | mailbox unavailable or access denied | user unknown or not available
    unknown recipient or mailbox unavailable | mailbox is disabled (554.30) | user unknown in | recipient unknown
    account that you tried to reach does not exist | this user doesn't have a | not our customer
    invalid mailbox (call
    """,
    ),
    (
        Reason.POLICY,
        """
    permission to post | sender verify failed | verification failed for & sender
    """,
    ),
    (
        Reason.RATE_LIMIT,
        """
    sending quota | submission quota | sending limit
    """,
    ),
    (
        Reason.HOST_UNKNOWN,
        """
    account or domain may not exist | system not accepting network messages | domain owner has changed
    no route to host | indicated no smtp service | unrouteable address | unroutable address | host is a null | null mx
    """,
    ),
    (
        Reason.NETWORK,
        """
    for domain & host not found, try again | mail loop
    mail is looping | loops back to | too many hops
    hop count exceeded | routing loop | too many received | loop detected
    """,
    ),
    (
        Reason.POLICY,
        """
    policy violation | violates our policy | email policy
    duplicate header | multiple addresses in from: header
    rfc 5322 | rfc 2822 | rfc5322 | rfc2822 | rfc 822 | not rfc compliant | smtputf8 | header error
    multiple subject | multiple from | missing from | improper use of 8-bit | bare lf | presents a potential
    potential security | protocol violation | region is blocked | country is blocked | media error
    content type not | valid from: | provide a valid from
    """,
    ),
    (
        Reason.REPUTATION,
        """
    sender score | senderscore
    ip reputation | reputation of the | low reputation | bad reputation | poor reputation | due to reputation
    sender reputation | user complaints | complaints from users | spamhaus | blocked using | dnsbl | blacklisted
    blocklist | not accepting connections | from & weren't sent | new or untrusted ip | untrusted ip
    """,
    ),
    (
        Reason.SPAM,
        """
    message content rejected | detected as spam | flagged as spam | identified as spam | classified as spam
    considered spam | considered as spam | looks like spam | looked like spam | spam message | spam detected
    spam content | is spam | block-send-er | spam firewall | bulk email filter | spam filter | spam score
    marked as spam | spam rejected | rejected as spam
    spam from | likely spam | suspected spam | to be spam | - spam | spam mail
    """,
    ),
)

# What may stand in any refusal, and means this when nothing else was said in any language.
VAGUE = (
    (
        Reason.EXPIRED,
        """
    undeliverable after
    """,
    ),
    (
        Reason.SYSTEM,
        """
    try again later | please try later
    """,
    ),
    (
        Reason.USER_UNKNOWN,
        """
    address rejected | rejected address | does not exist | doesn't exist | not exist | not listed | not local
    is not a valid | no recipient | is not in the | not in the directory | not in the database | is unknown
    is not known | recipient is not | not present in
    address error | malformed address | requested action not taken | does not like recipient | no longer accept
    user reject | recipient rejected | rejected recipient
    """,
    ),
    (
        Reason.REPUTATION,
        """
    is listed
    """,
    ),
    (
        Reason.POLICY,
        """
    denied | prohibited | banned | forbidden | restricted | restriction | blocked | unauthorized | restricts
    no relay
    richtlinie | abgelehnt | abgewiesen | verweigert | politique | refus | rejete | politica | rechazad | rejeitad
    rifiutat | respint | beleid | geweigerd | policyn | avvisad | avvist | afvist | hylatty | zasad | odrzucon
    odmitnut
    politik | reddedil | политик | отклонен | отказано | вiдхилен | απορρ | 策略 | 拒绝 | 拒絕 | 拒收 | 拒否
    ポリシー
    정책 | 거부 | 차단
    """,
    ),
)
