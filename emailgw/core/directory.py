"""Who may send, and as whom: domains with their DKIM keys, and API keys."""

import enum

import msgspec

from emailgw.core.ids import DomainId, KeyId


class DomainStatus(enum.StrEnum):
    """Only a verified domain may send. One that the operator adds by hand is verified by the operator's word."""

    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"


class Domain(msgspec.Struct, frozen=True):
    """`name` in A-labels."""

    id: DomainId
    name: str
    status: DomainStatus
    created_at: int

    @property
    def return_path_host(self) -> str:
        """Where the reverse-paths of its mail point: its MX record must lead to us, so that bounces come home."""
        return f"send.{self.name}"


class DkimAlgorithm(enum.StrEnum):
    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"


class DkimKey(msgspec.Struct, frozen=True):
    """`sealed`: the PKCS #8 private key as the vault sealed it. `record`: the TXT value to publish."""

    domain_id: DomainId
    selector: str
    algorithm: DkimAlgorithm
    sealed: bytes
    record: str
    created_at: int


class Dialect(enum.StrEnum):
    """Whose wire format a key's owner expects where the contracts differ."""

    SENDKIT = "sendkit"
    RESEND = "resend"


KEY_PREFIXES = {Dialect.SENDKIT: "sk_", Dialect.RESEND: "re_"}


def dialect_of(key_text: str) -> Dialect:
    """The dialect a key's prefix promises, known even of a key that we do not know."""
    return Dialect.RESEND if key_text.startswith(KEY_PREFIXES[Dialect.RESEND]) else Dialect.SENDKIT


class Permission(enum.StrEnum):
    FULL = "full"
    SENDING = "sending"  # may send, and nothing else


class KeyMode(enum.StrEnum):
    LIVE = "live"
    TEST = "test"  # what it sends goes through the whole machine and never to the network


class ApiKey(msgspec.Struct, frozen=True):
    """`hash`: SHA-256 of the key text, which is shown once and never stored. `hint`: its first characters.

    `domains`: the author domains it is restricted to, in A-labels; empty means all of this gateway's.
    `rate_limit` in requests a second, quotas in recipients a day and a month (UTC); None takes the configuration's,
    0 is no limit. `last_used_at` is at most a minute late.
    """

    id: KeyId
    name: str
    hash: bytes
    hint: str
    dialect: Dialect
    created_at: int
    revoked_at: int | None = None
    permission: Permission = Permission.FULL
    domains: tuple[str, ...] = ()
    mode: KeyMode = KeyMode.LIVE
    expires_at: int | None = None
    rate_limit: int | None = None
    daily_quota: int | None = None
    monthly_quota: int | None = None
    last_used_at: int | None = None

    def sees(self, domain: str) -> bool:
        """Whether mail of this author domain exists for it: it may send as the domain and read its mail."""
        return not self.domains or domain in self.domains

    def is_valid(self, now: int) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)
