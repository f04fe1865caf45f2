"""Times as each dialect writes and reads them; inside they are integer milliseconds UTC."""

from datetime import UTC, datetime

from emailgw.core.directory import Dialect


def show_time(at: int, dialect: Dialect) -> str:
    """`2023-04-03 22:13:42.674000+00` for Resend, `2026-03-11 14:30:00` for Sendkit (contracts 3)."""
    moment = datetime.fromtimestamp(at / 1000, UTC)
    if dialect is Dialect.RESEND:
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f+00")
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def show_iso(at: int) -> str:
    """`2026-11-23T20:15:00.123Z`."""
    return datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_time(text: str) -> int:
    """ISO 8601, `T` or a blank between date and time; without a zone it is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text.strip())
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.timestamp() * 1000)
