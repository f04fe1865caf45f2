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


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """One method's result in the words of RFC 8601 (`pass`, `fail`, `none`, `temperror`…); `domain`: of whom."""

    result: str = "none"
    domain: str = ""
    reason: str = ""


class Authentication(msgspec.Struct, frozen=True, omit_defaults=True):
    """What SPF, DKIM and DMARC say of a message. `policy`: what the author's domain wants done when DMARC fails."""

    spf: Verdict = Verdict()
    dkim: tuple[Verdict, ...] = ()
    dmarc: Verdict = Verdict()
    policy: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the author's domain asks for such mail to be rejected. Trouble with DNS never counts."""
        return self.dmarc.result == "fail" and self.policy == "reject"


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
