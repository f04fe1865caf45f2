"""The codes by which large providers name their causes, and their own turns of phrase; asked before all else."""

from emailgw.bounce.report import Reason

PROVIDERS = (
    (
        Reason.AUTHENTICATION,
        """
    spf authentication | dkim authentication | spf or dkim | required authentication level | cxdns | pt000001
    pt000002
    """,
    ),
    (
        Reason.RATE_LIMIT,
        """
    mi:sfq | mi:cel | mi:stc | mi:dmc | mi:qfb | hl:icc | hl:itc | hl:ifc | hl:mep | rp:cel | rp:trc | rp:qrc
    rl000001
    rl000002 | rl000003 | cxcnct | cxthrt | cxmxrt | ofr_104 | ofr_109 | ofr004_104 | ofr005_104 | ofr006_104
    limits for how many messages | reached the limit of messages
    """,
    ),
    (
        Reason.REPUTATION,
        """
    mi:blk | rtr:bl | rtr:du | dyn:t1 | con:b1 | rly:b | bl000000 | bl000001 | bl000010 | cxbl | [tss0
    permanently deferred | [bl20] | [bl21] | [bl22] | [bl23] | banned sender | traffic not accepted from this ip
    intrusion prevention | dnsbls | (nowl)
    dialup/transfer | blocked - see | spam from your ip | spam from your host | spam from your network
    ip temporarily blacklisted | due to abuse | from your country | helo/ehlo argument
    """,
    ),
    (
        Reason.SPAM,
        """
    likely unsolicited | dt:spm | mi:spb | mi:spf | mi:spm | mail content denied | hvu:b | hvu:nr
    bad outbound sender | ofr_506 | lpn_506 | lpn007_506
    """,
    ),
    (
        Reason.POLICY,
        """
    not sent over a tls | encryption needed | certificate validation | anti-spoofing | smtplf
    due to security policies
    sender mx must exist | only authenticated senders | reject due to policy
    """,
    ),
    (
        Reason.MAILBOX_FULL,
        """
    ofr_417 | ofr204_417 | ofr_422 | ofr_514 | temporarily full
    """,
    ),
    (
        Reason.USER_DISABLED,
        """
    ofr_420 | ofr_423 | ofr_426 | ofr_413 | ofr_515 | been deactivated
    """,
    ),
    (
        Reason.USER_UNKNOWN,
        """
    ofr_416 | ofr204_416 | ofr_418 | ofr204_418 | ofr_513 | mailing list expansion | not an active address
    """,
    ),
    (
        Reason.EXPIRED,
        """
    maximum message lifetime | aged out
    """,
    ),
    (
        Reason.SYSTEM,
        """
    commands allowed to pipeline | ldap lookup
    """,
    ),
)
