"""Which addresses of ours take mail, and for what. The inbound door asks; it relays nothing and keeps no mailbox.

Signed paths of recipients, `postmaster` and (for feedback loops) `feedback` of our domains, and plain addresses that
the operator names, left over from an older system.
"""

import enum
from collections.abc import Callable, Sequence

import msgspec

from emailgw.core.address import AddressError, parse_domain
from emailgw.core.ids import RecipientId
from emailgw.mime.returnpath import ReturnPaths
from emailgw.store.directory import Directory

FEEDBACK = "feedback"
POSTMASTER = "postmaster"


class Purpose(enum.StrEnum):
    BOUNCE = "bounce"
    UNSUBSCRIBE = "unsubscribe"
    PLAIN = "plain"  # nothing is signed: what comes must find its message itself


class Destination(msgspec.Struct, frozen=True):
    """`recipient_id`: whose signed path it is; None for plain addresses."""

    purpose: Purpose
    recipient_id: RecipientId | None = None


class Mailboxes:
    """`plain_addresses`: whole, in any case; they count only in domains of this gateway."""

    def __init__(
        self,
        bounce_paths: ReturnPaths,
        unsubscribe_paths: ReturnPaths,
        directory: Directory,
        plain_addresses: Sequence[str],
        clock: Callable[[], int],
    ) -> None:
        self._signed = {Purpose.BOUNCE: bounce_paths, Purpose.UNSUBSCRIBE: unsubscribe_paths}
        self._directory = directory
        self._plain = frozenset(address.lower() for address in plain_addresses)
        self._clock = clock

    async def find(self, address: str) -> Destination | None:
        """What an address is for; None when it is nobody's here. Raises StoreUnavailable."""
        local, at, host = address.rpartition("@")
        if not at:  # RFC 5321 §4.5.1: postmaster is taken without a domain
            return Destination(Purpose.PLAIN) if host.lower() == POSTMASTER else None
        for purpose, paths in self._signed.items():
            recipient_id = paths.read(local, self._clock())
            if recipient_id is not None:
                return Destination(purpose, recipient_id)
        return Destination(Purpose.PLAIN) if await self._is_plain(local.lower(), host) else None

    async def _is_plain(self, local: str, host: str) -> bool:
        try:
            host = parse_domain(host)
        except AddressError:
            return False
        if local not in (POSTMASTER, FEEDBACK) and f"{local}@{host}" not in self._plain:
            return False
        # Feedback of the return-path host alone: in the domain itself the name may be somebody's.
        if await self._is_return_path_host(host):
            return True
        return local != FEEDBACK and await self._directory.domain(host, self._clock()) is not None

    async def _is_return_path_host(self, host: str) -> bool:
        parent = host.partition(".")[2]
        domain = await self._directory.domain(parent, self._clock()) if parent else None
        return domain is not None and domain.return_path_host == host
