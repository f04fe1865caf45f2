"""Addresses that get no mail: who they are, for whose mail it holds, and why."""

import enum

import msgspec

from emailgw.core.address import Address


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
