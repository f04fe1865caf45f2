"""`sendmail` without a daemon: the message goes into the store itself, to be delivered when the daemon runs again."""

import asyncio
import sys
from pathlib import Path

from emailgw.config import load
from emailgw.core.address import Address, AddressError
from emailgw.core.dsn import MessageRequest
from emailgw.errors import ConfigError, EmailgwError, Rejected, StoreUnavailable
from emailgw.queue.keyring import LOCAL
from emailgw.service.core import Core
from emailgw.smtpd.letter import Letter, send

EX_DATAERR, EX_NOUSER, EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = 65, 67, 75, 77, 78


def queue(config: Path, data: bytes, sender: str, recipients: list[str]) -> int:
    """The exit status."""
    try:
        asyncio.run(_queue(config, data, sender, recipients))
    except AddressError as error:
        return _complain(error, EX_NOUSER)
    except Rejected as error:
        return _complain(error, EX_NOPERM if str(error.status).startswith("5.7") else EX_DATAERR)
    except (ConfigError, StoreUnavailable, OSError) as error:
        return _complain(f"the daemon is not running, and {error}", EX_TEMPFAIL)
    except EmailgwError as error:
        return _complain(error, EX_TEMPFAIL)
    return 0


async def _queue(config: Path, data: bytes, sender: str, recipients: list[str]) -> None:
    core = await Core.open(load(config))
    try:
        addresses = tuple(map(Address.parse, recipients))
        if sender:
            await core.accept.check_author(Address.parse(sender).domain, LOCAL, core.clock())
        letter = Letter(data, addresses, dsn=MessageRequest(sender) if sender else None)
        await send(letter, LOCAL, core.accept, core.once, core.templates, core.clock)
    finally:
        await core.store.close()


def _complain(error: object, status: int) -> int:
    print(f"sendmail: {error}", file=sys.stderr)
    return status
