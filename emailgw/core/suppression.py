"""Addresses that get no mail: who they are, for whose mail it holds, why, and what is told of mail withheld for it."""

import enum

import msgspec

from emailgw.core.address import Address
from emailgw.core.events import Detail


class SuppressionReason(enum.StrEnum):
    MANUAL = "manual"
    BOUNCE = "bounce"  # refused for good: the mailbox or its domain does not exist
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"


class Suppression(msgspec.Struct, frozen=True):
    """`id`: UUID version 7. `address` whole in lower case. `domain`: the author domain whose mail it stops, in
    A-labels; empty stops the whole gateway's. `cause`: what was said, in words. `list`: the list of that domain whose
    mail alone it stops; empty stops all of the domain's.
    """

    id: str
    address: Address
    reason: SuppressionReason
    domain: str
    cause: str
    created_at: int
    list: str = ""


def suppression_key(address: Address) -> Address:
    """The address as suppressions compare it. Case in a local part means nothing to any host that is known (though
    RFC 5321 §2.4 would allow it), and `Bob@` must not get what `bob@` refused.
    """
    return Address(address.local.lower(), address.domain)


def withheld(entry: Suppression) -> Detail:
    """The story of a recipient that gets no mail for an entry."""
    where = f"the suppression list of {entry.domain}" if entry.domain else "the suppression list"
    reason = f"the address is on {where} {_WHY[entry.reason]}"
    was_said = entry.reason in (SuppressionReason.BOUNCE, SuppressionReason.COMPLAINT)
    return Detail(
        category=entry.reason.value,
        reason=f"{reason}: {entry.cause}" if entry.cause else reason,
        diagnostic=entry.cause or None if was_said else None,
    )


_WHY = {
    SuppressionReason.MANUAL: "by hand",
    SuppressionReason.BOUNCE: "after a bounce",
    SuppressionReason.COMPLAINT: "after a complaint",
    SuppressionReason.UNSUBSCRIBE: "after unsubscribing",
}
