"""The daemon's end of its Unix socket. Who may open the socket may do everything (mode 0600). See `client`."""

import asyncio
import logging
import os
import secrets
from pathlib import Path

import msgspec

from emailgw import errors, metrics
from emailgw.control.client import KINDS, LONGEST_LINE, SOCKET
from emailgw.control.operations import Operations
from emailgw.control.requests import AnyRequest, Reply

log = logging.getLogger("emailgw.control")

_requests: msgspec.json.Decoder[AnyRequest] = msgspec.json.Decoder(AnyRequest)


class ControlServer:
    def __init__(self, operations: Operations, data_dir: Path) -> None:
        self._operations = operations
        self._path = data_dir / SOCKET
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """The data directory's lock is ours, so a socket file that is still there is a dead process's."""
        self._path.unlink(missing_ok=True)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(self._serve, self._path, limit=LONGEST_LINE)
        finally:
            os.umask(mask)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            for client in self._clients:
                client.close()
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._clients.add(writer)
        try:
            while line := await reader.readline():
                writer.write(await self._reply(line) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the client left, or sent a line without end
        finally:
            self._clients.discard(writer)
            writer.close()

    async def _reply(self, line: bytes) -> bytes:
        try:
            answer = await self._operations.run(_requests.decode(line))
            return msgspec.json.encode(Reply(msgspec.Raw(msgspec.json.encode(answer))))
        except msgspec.MsgspecError as error:
            reply = Reply(error="error", message=f"the daemon does not understand: {error} (another version?)")
        except errors.EmailgwError as error:
            kind = next(name for name, kind in KINDS.items() if isinstance(error, kind))
            reply = Reply(error=kind, message=str(error))
        except Exception:
            fault = secrets.token_hex(4)
            log.exception("fault %s while answering the operator", fault)
            metrics.faults.labels("control").inc()
            reply = Reply(error="error", message=f"internal error {fault}; see the daemon's log")
        return msgspec.json.encode(reply)
