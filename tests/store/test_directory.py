"""Conformance: domains, DKIM keys and API keys; what is remembered is never older than what this process wrote."""

import msgspec
import pytest

from emailgw.core.directory import ApiKey, Dialect, DkimAlgorithm, DkimKey, Domain, DomainStatus
from emailgw.core.ids import DomainId, KeyId
from emailgw.errors import Conflict, NotFound
from emailgw.store.open import Store
from tests.harness.mail import NOW

DOMAIN = Domain(DomainId("d1"), "sender.test", DomainStatus.VERIFIED, NOW)
KEYS = tuple(
    DkimKey(DOMAIN.id, selector, algorithm, b"\0sealed", "v=DKIM1; p=x", NOW)
    for selector, algorithm in (("ed1", DkimAlgorithm.ED25519), ("rsa1", DkimAlgorithm.RSA))
)
API_KEY = ApiKey(KeyId("k1"), "first", b"hash1", "sk_abc123", Dialect.SENDKIT, NOW)


async def test_a_domain_comes_with_its_keys(store: Store) -> None:
    assert await store.directory.domain("sender.test", NOW) is None  # remembered as absent
    await store.directory.add_domain(DOMAIN, KEYS)
    assert await store.directory.domain("sender.test", NOW) == DOMAIN
    assert await store.directory.domain("SENDER.test", NOW) is None
    assert await store.directory.dkim_keys(DOMAIN, NOW) == KEYS
    assert await store.directory.domains() == [DOMAIN]


async def test_a_domain_is_added_whole_or_not_at_all(store: Store) -> None:
    with pytest.raises(Conflict):
        await store.directory.add_domain(DOMAIN, (KEYS[0], KEYS[0]))
    assert await store.directory.domains() == []


async def test_a_name_is_taken_once(store: Store) -> None:
    await store.directory.add_domain(DOMAIN, KEYS)
    with pytest.raises(Conflict, match=r"sender\.test exists"):
        await store.directory.add_domain(msgspec.structs.replace(DOMAIN, id=DomainId("d2")), ())
    assert await store.directory.domains() == [DOMAIN]


async def test_unchanged_keys_are_the_same_object(store: Store) -> None:
    """By which the preparer knows that its loaded keys are still right."""
    await store.directory.add_domain(DOMAIN, KEYS)
    first = await store.directory.dkim_keys(DOMAIN, NOW)
    assert await store.directory.dkim_keys(DOMAIN, NOW + 1) is first
    assert await store.directory.dkim_keys(DOMAIN, NOW + 60_000) is first


async def test_an_api_key_is_found_by_its_hash(store: Store) -> None:
    assert await store.directory.api_key(b"hash1", NOW) is None
    await store.directory.add_api_key(API_KEY)
    assert await store.directory.api_key(b"hash1", NOW) == API_KEY
    assert await store.directory.api_key(b"hash2", NOW) is None
    assert await store.directory.api_keys() == [API_KEY]


async def test_two_keys_cannot_share_a_hash(store: Store) -> None:
    await store.directory.add_api_key(API_KEY)
    with pytest.raises(Conflict):
        await store.directory.add_api_key(msgspec.structs.replace(API_KEY, id=KeyId("k2")))


@pytest.mark.parametrize("name", ["k1", "first", "sk_abc123"])
async def test_a_key_is_revoked_at_once_and_once(store: Store, name: str) -> None:
    await store.directory.add_api_key(API_KEY)
    assert await store.directory.api_key(b"hash1", NOW) == API_KEY  # remembered
    await store.directory.revoke_api_key(name, NOW + 5)
    revoked = await store.directory.api_key(b"hash1", NOW)
    assert revoked is not None
    assert revoked.revoked_at == NOW + 5
    with pytest.raises(Conflict, match="before"):
        await store.directory.revoke_api_key(name, NOW + 6)


async def test_revoking_wants_to_know_which_key(store: Store) -> None:
    await store.directory.add_api_key(API_KEY)
    await store.directory.add_api_key(msgspec.structs.replace(API_KEY, id=KeyId("k2"), hash=b"hash2", hint="sk_def"))
    with pytest.raises(Conflict, match="2 API keys"):
        await store.directory.revoke_api_key("first", NOW)
    with pytest.raises(NotFound):
        await store.directory.revoke_api_key("third", NOW)
