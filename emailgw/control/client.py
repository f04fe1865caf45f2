"""Asking the daemon through its Unix socket: one JSON line asks, one answers.

Apart from `channel`, the daemon's end, so that a command which only asks need not load what answers.
"""

import asyncio
import contextlib
from pathlib import Path

import msgspec

from emailgw import errors
from emailgw.control.requests import AnyRequest, Reply

SOCKET = "control.sock"
LONGEST_LINE = 64 << 20
KINDS: dict[str, type[errors.EmailgwError]] = {
    "rejected": errors.Rejected,
    "not_found": errors.NotFound,
    "conflict": errors.Conflict,
    "unavailable": errors.StoreUnavailable,
    "error": errors.EmailgwError,
}
_replies = msgspec.json.Decoder(Reply)


async def ask_daemon(data_dir: Path, request: AnyRequest) -> msgspec.Struct | None:
    """The running daemon's answer, or None when none runs. Raises the EmailgwError that it met."""
    try:
        reader, writer = await asyncio.open_unix_connection(data_dir / SOCKET, limit=LONGEST_LINE)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except OSError as error:
        raise errors.StoreUnavailable(f"{data_dir / SOCKET}: {error.strerror}; are you the daemon's user?") from None
    with contextlib.closing(writer):
        writer.write(msgspec.json.encode(request) + b"\n")
        line = await reader.readline()
    if not line:
        raise errors.StoreUnavailable("the daemon closed the connection without an answer; see its log")
    reply = _replies.decode(line)
    if reply.error is not None:
        raise KINDS.get(reply.error, errors.EmailgwError)(reply.message)
    return msgspec.json.decode(reply.answer, type=type(request).answer)
