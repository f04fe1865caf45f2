"""`sendmail` without a daemon: the message goes into the store itself, to be delivered when the daemon runs again."""

import asyncio
import sys
from pathlib import Path

from emailgw.config import load
from emailgw.core.address import Address, AddressError
from emailgw.core.dsn import MessageRequest, RecipientRequest
from emailgw.errors import ConfigError, EmailgwError, Rejected, StoreUnavailable
from emailgw.queue.keyring import LOCAL
from emailgw.service.core import Core
from emailgw.smtpd.grammar import SyntaxFault, read_mail, read_rcpt
from emailgw.smtpd.letter import Letter, send

EX_USAGE, EX_DATAERR, EX_NOUSER, EX_TEMPFAIL, EX_NOPERM = 64, 65, 67, 75, 77


def queue(config: Path, data: bytes, sender: str, recipients: list[str], mail: str, rcpt: str) -> int:
    """The exit status. `mail` and `rcpt`: sound ESMTP parameters, each with a blank before it."""
    try:
        asyncio.run(_queue(config, data, sender, recipients, mail, rcpt))
    except AddressError as error:
        return _complain(error, EX_NOUSER)
    except SyntaxFault as error:
        return _complain(error, EX_USAGE)
    except Rejected as error:
        return _complain(error, EX_NOPERM if str(error.status).startswith("5.7") else EX_DATAERR)
    except (ConfigError, StoreUnavailable, OSError) as error:
        return _complain(f"the daemon is not running, and {error}", EX_TEMPFAIL)
    except EmailgwError as error:
        return _complain(error, EX_TEMPFAIL)
    return 0


async def _queue(config: Path, data: bytes, sender: str, recipients: list[str], mail: str, rcpt: str) -> None:
    core = await Core.open(load(config))
    try:
        addresses = tuple(map(Address.parse, recipients))
        if sender:
            await core.accept.check_author(Address.parse(sender).domain, LOCAL, core.clock())
        wanted = read_mail(f"FROM:<>{mail}", offers_dsn=True)
        notify = read_rcpt(f"TO:<all>{rcpt}", offers_dsn=True, utf8=False).notify
        dsn = MessageRequest(sender, wanted.ret, wanted.envid) if sender or mail else None
        requests = {address: RecipientRequest(notify) for address in addresses} if notify else {}
        letter = Letter(data, addresses, dsn=dsn, requests=requests)
        await send(letter, LOCAL, core.accept, core.once, core.templates, core.clock)
    finally:
        await core.store.close()


def _complain(error: object, status: int) -> int:
    print(f"sendmail: {error}", file=sys.stderr)
    return status
