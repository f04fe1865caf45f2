"""Who may send, and as whom: domains with their DKIM keys, and API keys."""

import enum

import msgspec

from emailgw.core.ids import DomainId, KeyId


class DomainStatus(enum.StrEnum):
    """Only a verified domain may send. One that the operator adds by hand is verified by the operator's word."""

    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"


class RecordStatus(enum.StrEnum):
    """Of one DNS record: not looked up yet, not there yet, right, wrong, or DNS did not tell."""

    NOT_STARTED = "not_started"
    PENDING = "pending"
    VERIFIED = "verified"
    FAILED = "failed"
    TEMPORARY_FAILURE = "temporary_failure"


class DomainRecord(msgspec.Struct, frozen=True):
    """One DNS record to publish; `purpose` is DKIM, SPF, MX, DMARC or Tracking. `message` says what to change."""

    purpose: str
    name: str
    type: str
    value: str
    priority: int | None = None
    required: bool = True
    status: RecordStatus = RecordStatus.NOT_STARTED
    message: str = ""


class Domain(msgspec.Struct, frozen=True):
    """`name` in A-labels; `return_path` and `tracking` are labels below it. `receiving`: mail
    to it is taken, and its own MX record is to lead here. `checked` holds the records as they were
    found at `checked_at`; `failures` counts how often in a row the domain was found broken.
    """

    id: DomainId
    name: str
    status: DomainStatus
    created_at: int
    return_path: str = "send"
    tracking: str = "links"
    open_tracking: bool = False
    click_tracking: bool = False
    tls: str = "opportunistic"
    receiving: bool = False
    checked_at: int | None = None
    failures: int = 0
    checked: tuple[DomainRecord, ...] = ()

    @property
    def return_path_host(self) -> str:
        """Where the reverse-paths of its mail point: its MX record must lead to us, so that bounces come home."""
        return f"{self.return_path}.{self.name}"

    @property
    def tracking_host(self) -> str:
        return f"{self.tracking}.{self.name}"

    @property
    def is_broken(self) -> bool:
        """Whether its records were found wrong twice in a row. It goes on sending: a slip in DNS shall not stop mail
        that receivers may still take.
        """
        return self.status is DomainStatus.VERIFIED and self.failures >= 2


class DkimAlgorithm(enum.StrEnum):
    RSA = "rsa-sha256"
    ED25519 = "ed25519-sha256"


class DkimKeyState(enum.StrEnum):
    NEXT = "next"  # to be published; signs once DNS shows it
    ACTIVE = "active"  # signs
    RETIRED = "retired"  # signs no more; published as long as mail signed with it may be under way


class DkimKey(msgspec.Struct, frozen=True):
    """`sealed`: the PKCS #8 private key as the vault sealed it. `record`: the TXT value to publish."""

    domain_id: DomainId
    selector: str
    algorithm: DkimAlgorithm
    sealed: bytes
    record: str
    created_at: int
    state: DkimKeyState = DkimKeyState.ACTIVE
    retired_at: int | None = None


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
