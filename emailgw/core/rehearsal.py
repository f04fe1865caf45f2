"""Test recipients: addresses whose mail goes through the whole machine and never to the network.

`accept` gives them a next hop of their own, which no domain can be called, and the composition root gives that next hop
an agent that answers by `rehearsed_outcome`. All mail of a key in test mode goes the same way.
"""

import enum

from emailgw.core.address import Address

REHEARSAL = "test:"  # as a next hop: a colon is in no domain name


class Outcome(enum.StrEnum):
    """What becomes of mail to the test recipient of that name."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    COMPLAINED = "complained"
    SUPPRESSED = "suppressed"


def rehearsed_outcome(address: Address, test_domain: str) -> Outcome:
    """By the local part up to a `+`. A name that is none of these bounces; another domain's address (that of a key in
    test mode) is delivered.
    """
    if address.domain != test_domain:
        return Outcome.DELIVERED
    name = address.local.partition("+")[0].lower()
    return _OUTCOMES.get(name, Outcome.BOUNCED)


_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
