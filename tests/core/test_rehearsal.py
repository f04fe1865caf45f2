"""What becomes of mail to test recipients."""

import pytest

from emailgw.core.address import Address, AddressError, parse_domain
from emailgw.core.rehearsal import REHEARSAL, Outcome, rehearsed_outcome


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("delivered@t.test", Outcome.DELIVERED),
        ("BOUNCED+a+b@t.test", Outcome.BOUNCED),
        ("complained+@t.test", Outcome.COMPLAINED),
        ("suppressed@t.test", Outcome.SUPPRESSED),
        ("+delivered@t.test", Outcome.BOUNCED),
        ("ann@t.test", Outcome.BOUNCED),
        ("bounced@example.test", Outcome.DELIVERED),
    ],
)
def test_by_name(address: str, outcome: Outcome) -> None:
    assert rehearsed_outcome(Address.parse(address), "t.test") is outcome


def test_no_domain_is_called_like_their_next_hop() -> None:
    with pytest.raises(AddressError):
        parse_domain(REHEARSAL)
