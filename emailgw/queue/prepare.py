"""From claimed rows to bytes ready for the wire: track, compose, sign.

Handing over costs as much as composing, so one request to a signing process serves a whole claim, and so does one hop
to a thread where links are to be tracked. Bytes are a pure function of what was accepted (guarantee G7); the signature
alone is made anew each time.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec

from emailgw.core.directory import DkimKey, Domain
from emailgw.core.model import Content, Envelope, Message
from emailgw.errors import EmailgwError
from emailgw.mime.dkim import Signer
from emailgw.mime.rawtracking import track_raw
from emailgw.mime.returnpath import ReturnPaths
from emailgw.mime.template import render
from emailgw.mime.tracking import Letter, Links, track
from emailgw.queue.forwarding import REPORTS
from emailgw.queue.passing import FORWARDED, FORWARDED_NULL
from emailgw.signing import Draft, Made, MakeAll
from emailgw.store.directory import Directory
from emailgw.store.queue import Claimed
from emailgw.store.rows import decode_content, encode_content
from emailgw.vault import Vault

THREADS = 2  # that rewrite links


class Poison(msgspec.Struct, frozen=True):
    """A message that cannot be made: trying again would fail again, so it is held and shown."""

    fault: str


class UnusableKeys(EmailgwError):
    """The author's domain is gone, has no keys, or has some that cannot be read. The operator may bring them back."""


class Paths(msgspec.Struct, frozen=True):
    """By which what our mail causes comes home. `lifetime` of addresses, in milliseconds from the message's expiry.
    `links_of`: those of a domain's mail.
    """

    bounces: ReturnPaths
    unsubscribing: ReturnPaths
    lifetime: int
    links_of: Callable[[Domain], Links]


class Preparer:
    """Makes envelopes."""

    def __init__(self, directory: Directory, vault: Vault, paths: Paths, make_all: MakeAll) -> None:
        self._directory = directory
        self._vault = vault
        self._paths = paths
        self._signers: dict[str, tuple[tuple[DkimKey, ...], tuple[Signer, ...]]] = {}
        self._make_all = make_all
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="prepare")

    def close(self) -> None:
        self._threads.shutdown()

    async def prepare(self, claimed: Sequence[tuple[Claimed, bytes]], now: int) -> list[Envelope | Poison]:
        """An envelope, or what is wrong, for each (claimed, content). Raises UnusableKeys."""
        signers: dict[str, tuple[Signer, ...]] = {}
        domains: dict[str, Domain] = {}
        for item, _ in claimed:
            name = item.message.author.domain
            if name not in signers:
                domains[name], signers[name] = await self._signers_of(name, now)
        if any(item.message.tracking is not None for item, _ in claimed):
            loop = asyncio.get_running_loop()
            drafts = await loop.run_in_executor(self._threads, self._drafts, claimed, domains, signers)
        else:
            drafts = self._drafts(claimed, domains, signers)
        good = [draft for draft in drafts if isinstance(draft, Draft)]
        made = iter(await self._make_all(good, now) if good else ())
        return [
            draft if isinstance(draft, Poison) else self._envelope(item, domains, next(made))
            for (item, _), draft in zip(claimed, drafts, strict=True)
        ]

    async def _signers_of(self, name: str, now: int) -> tuple[Domain, tuple[Signer, ...]]:
        domain = await self._directory.domain(name, now)
        keys = await self._directory.dkim_keys(domain, now) if domain is not None else ()
        if domain is None or not keys:
            raise UnusableKeys(f"the domain {name} is not set up for sending any more")
        remembered = self._signers.get(name)
        if remembered is None or remembered[0] != keys:
            try:
                signers = tuple(
                    Signer(name, key.selector, self._vault.open_sealed(key.sealed, f"dkim {key.selector}"))
                    for key in keys
                )
            except (EmailgwError, ValueError) as error:
                raise UnusableKeys(f"the DKIM keys of {name} cannot be read: {error}") from error
            remembered = self._signers[name] = (keys, signers)
        return domain, remembered[1]

    def _drafts(
        self,
        claimed: Sequence[tuple[Claimed, bytes]],
        domains: dict[str, Domain],
        signers: dict[str, tuple[Signer, ...]],
    ) -> list[Draft | Poison]:
        contents: dict[int, Content] = {}
        drafts: list[Draft | Poison] = []
        for item, body in claimed:
            name = item.message.author.domain
            try:
                drafts.append(self._draft(item, body, domains[name], signers[name], contents))
            except Exception as error:  # noqa: BLE001  (G6: one poison message must not stop its neighbours)
                drafts.append(Poison(f"{type(error).__name__}: {error}"))
        return drafts

    def _draft(
        self, item: Claimed, body: bytes, domain: Domain, signers: tuple[Signer, ...], contents: dict[int, Content]
    ) -> Draft:
        """`contents`: those decoded so far. What came from others goes on as it came, signed by whom it was."""
        message = item.message
        signers = () if message.key_id in FORWARDED else signers
        if message.tracking is None:
            return Draft(body, message, signers)
        content = contents.get(message.content_id)
        if content is None:
            content = contents[message.content_id] = decode_content(body)
        tracked = self._tracked(render(content, message.variables), item, message, domain)
        return Draft(encode_content(tracked), message, signers)

    def _envelope(self, item: Claimed, domains: dict[str, Domain], made: Made) -> Envelope | Poison:
        if made.fault:
            return Poison(made.fault)
        message, recipient = item.message, item.recipient
        reverse_path = self._reverse_path(item, message, domains[message.author.domain])
        foreign = message.key_id in FORWARDED
        return Envelope(reverse_path, recipient.address, made.data, message.dsn, recipient.dsn, foreign)

    def _tracked(self, content: Content, item: Claimed, message: Message, domain: Domain) -> Content:
        paths, recipient = self._paths, item.recipient
        expires_at = message.expires_at + paths.lifetime
        mailto = paths.unsubscribing.unsubscribe_header(recipient.id, expires_at, domain.return_path_host)
        letter = Letter(message, recipient, paths.links_of(domain), mailto)
        return track(content, letter) if content.raw is None else track_raw(content, letter)

    def _reverse_path(self, item: Claimed, message: Message, domain: Domain) -> str:
        if message.key_id in (
            REPORTS,
            FORWARDED_NULL,
        ):  # what it tells of came back already: nothing shall come back of it
            return ""
        local = self._paths.bounces.local_part(item.recipient.id, message.expires_at + self._paths.lifetime)
        return f"{local}@{domain.return_path_host}"
