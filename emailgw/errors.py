"""The exceptions of our own. They are for bugs, refused input and our own storage; a failed delivery is a value.

EmailgwError
├── ConfigError          the operator's file or command line; ends the program with exit status 78
├── Rejected             a submission is refused for what it is; the door maps it to its protocol in one place
│   └── TooManyRequests  refused for now
├── CannotListen         an address is taken or not ours now; temporary
├── NotFound             no such thing, or not yours
├── Conflict             the thing is not in a state that allows it (also: a lost lease)
│   └── Contradiction    a row would contradict what is stored
└── StoreUnavailable     our storage failed or refuses more; temporary to the other side
    ├── NoRoom           the disk is almost full
    └── Locked           another process owns the data directory
"""

from emailgw.core.status import EnhancedStatus


class EmailgwError(Exception):
    """Root of the tree. `str()` is one line for people and never holds a secret or a body."""


class ConfigError(EmailgwError):
    """`str()` names the file, the key, what was found and what is expected."""


class CannotListen(EmailgwError):
    """`str()` names the key, the address and the system's reason."""


class Rejected(EmailgwError):
    """A submission refused. `name` is the API's error name (contracts 2.2), `status` serves SMTP doors."""

    def __init__(self, message: str, *, name: str = "validation_error", status: str = "5.6.0") -> None:
        super().__init__(message)
        self.name = name
        parsed = EnhancedStatus.parse(status)
        if parsed is None:
            raise ValueError(f"not an enhanced status: {status!r}")
        self.status = parsed


class TooManyRequests(Rejected):
    """Refused for now; `retry_after` in seconds."""

    def __init__(self, message: str, *, retry_after: int, name: str = "rate_limit_exceeded") -> None:
        super().__init__(message, name=name, status="4.7.1")
        self.retry_after = retry_after


class NotFound(EmailgwError):
    """No such thing, or one that the asker may not know of."""


class Conflict(EmailgwError):
    """The thing is not in a state that allows what was asked."""


class Contradiction(Conflict):
    """A row would contradict what is stored, such as an id that is taken: a fault of ours, another try may pass."""


class StoreUnavailable(EmailgwError):
    """Our storage failed, is full, or is shutting down. Always temporary to the other side."""


class NoRoom(StoreUnavailable):
    """New mail is refused so that what is queued already can be finished."""


class Locked(StoreUnavailable):
    """Another process owns the data directory; the message names its pid."""
