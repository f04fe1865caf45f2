"""Mail that comes in for people or programs: the rules that say who wants it, and what is known of each piece.

A domain that receives and has no rules wants all of its mail stored. With rules, only what one of them names is taken.
"""

import enum

import msgspec

from emailgw.core.address import Address

ANY = "*"


class RuleAction(enum.StrEnum):
    """What becomes of mail. BOTH: it is stored and told, and forwarded as well."""

    STORE = "store"
    FORWARD = "forward"
    BOTH = "both"


class Rule(msgspec.Struct, frozen=True):
    """`local`: lower case, with or without `+tag`, or `*`; `domain` in A-labels. `forward_to`: `name@example.com`, or
    `[host]` and perhaps `:port` for a mail host that takes it for the address it came to.
    """

    id: str
    local: str
    domain: str
    action: RuleAction = RuleAction.STORE
    forward_to: str = ""
    created_at: int = 0

    @property
    def pattern(self) -> str:
        return f"{self.local}@{self.domain}"

    @property
    def stores(self) -> bool:
        return self.action is not RuleAction.FORWARD


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of an attachment without its content. `index`: its place among the message's attachments."""

    index: int
    filename: str = ""
    content_type: str = "application/octet-stream"
    content_id: str | None = None
    inline: bool = False
    size: int = 0


class Incoming(msgspec.Struct, frozen=True):
    """What a client hands over. `client`: its address, empty for a Unix socket; `helo`: the name it gave itself;
    `protocol`: by which it came (RFC 3848); `raw` with CRLF line ends.
    """

    client: str
    reverse_path: str
    raw: bytes
    helo: str = ""
    protocol: str = "ESMTP"


# Verdicts are in the words of RFC 8601: pass, fail, none, neutral, softfail, policy, temperror, permerror.


class SpfVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """`domain`: whose record it is, of the reverse-path or, with the null one, of the name the client gave itself;
    `identity` says which.
    """

    result: str = "none"
    domain: str = ""
    reason: str = ""
    identity: str = "mailfrom"


class DkimVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of one signature."""

    result: str = "none"
    domain: str = ""
    selector: str = ""
    reason: str = ""


class DmarcVerdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """`domain`: the author's. `policy`: what its record asks for when it fails; `disposition`: what that means for this
    message, which a percentage may spare. `aligned`: which of `spf` and `dkim` speak for the author's domain.
    """

    result: str = "none"
    domain: str = ""
    policy: str = ""
    disposition: str = "none"
    aligned: tuple[str, ...] = ()
    reason: str = ""


class Authentication(msgspec.Struct, frozen=True, omit_defaults=True):
    """What SPF, DKIM and DMARC say of a message; of no signature at all, DKIM says nothing."""

    spf: SpfVerdict = SpfVerdict()
    dkim: tuple[DkimVerdict, ...] = ()
    dmarc: DmarcVerdict = DmarcVerdict()

    @property
    def is_refused(self) -> bool:
        """Whether the author's domain asks for this message to be rejected, or nobody can tell who its author is.
        Trouble with DNS never counts.
        """
        return self.dmarc.result in ("fail", "permerror") and self.dmarc.disposition == "reject"


class Summary(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a list or a webhook says of a received message: its header as people read it, its attachments.

    Mailboxes are as they stand in the header, decoded and cleaned. `message_id` with its brackets. `received_for`: the
    recipients that it was taken for, in whatever header it has. `unreadable`: nothing
    could be made of it, but it is kept. `spam`: the configured field says so.
    """

    author: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    subject: str = ""
    message_id: str = ""
    received_for: tuple[str, ...] = ()
    attachments: tuple[Part, ...] = ()
    spam: bool = False
    unreadable: bool = False
    authentication: Authentication | None = None


class Received(msgspec.Struct, frozen=True):
    """One message as it came for one domain. `recipients`: those it was taken for; an empty `reverse_path` is null."""

    id: str
    domain: str
    at: int
    client: str
    reverse_path: str
    recipients: tuple[Address, ...]
    size: int
    summary: Summary


def best_rule(rules: tuple[Rule, ...], local: str) -> Rule | None:
    """The rule that names an address most closely: itself, then without its tag, then any."""
    by_local = {rule.local: rule for rule in rules}
    wanted = local.lower()
    return by_local.get(wanted) or by_local.get(wanted.partition("+")[0]) or by_local.get(ANY)
