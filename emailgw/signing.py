"""Composing and DKIM signing in processes of their own, for they are two thirds of what a delivered message costs.

OpenSSL lets go of the GIL for RSA, but a thread has to wait until it gets that back, three times a message, and so do
the loop and the writer behind it: signed by threads, two cores are never busier than three quarters; composed by
threads, nine tenths. The processes are forked before there is a loop or a thread, listen to nobody else, keep nothing
but loaded keys (each request brings its own), and end with the program, however that ends. The loop itself speaks with
them: a thread for it would be one more that waits for the GIL. Whatever happens to one of them, a thread does its work.
"""

import asyncio
import atexit
import contextlib
import functools
import logging
import multiprocessing
import os
import selectors
import signal
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from emailgw.core.model import Content, Message
from emailgw.mime.compose import compose
from emailgw.mime.dkim import Signer, sign
from emailgw.mime.template import render
from emailgw.store.rows import decode_content

log = logging.getLogger("emailgw.signing")

MOST = 4  # processes, unless told otherwise: beside so many the loop's core is the limit
DEPTH = 2  # requests for each process: one that it works on, and one that waits, so that it never does
LARGE = 1 << 20  # octets of contents in one request; more is not copied twice, since hashing it takes longer than RSA
NICE = 10  # less urgent than the loop and the writer, which each want a little of a core at once; 5 costs a fifteenth
PATIENCE = 30  # seconds; ten messages take ten milliseconds, and ten of two million characters one second
LAST = 1  # seconds more, in which is read what came while the program itself was stopped
THREADS = 2  # that do it where there are no processes
_KEYS = 4_096  # loaded at a time in each process


class Draft(NamedTuple):
    """What one message is made of: its content as the store keeps it, its own part, and who signs it, if anybody."""

    content: bytes
    message: Message
    signers: Sequence[Signer]


class Made(NamedTuple):
    """A message as it is sent, or why there is none."""

    data: bytes
    fault: str = ""


MakeAll = Callable[[Sequence[Draft], int], Awaitable[list[Made]]]


class _Request(msgspec.Struct, array_like=True):
    """`at` in milliseconds. `keys`: domain, selector, private key. `drafts`: of each the place of its content, its
    message, and the places of its keys.
    """

    at: int
    keys: list[tuple[str, str, bytes]]
    contents: list[bytes]
    drafts: list[tuple[int, Message, list[int]]]


_SIZE = struct.Struct("!Q")
_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(_Request)
_answers = msgspec.msgpack.Decoder(list[Made])


def make_here(drafts: Iterable[Draft], at: int) -> list[Made]:
    """Compose and sign each of `drafts`, in their order; `at` in milliseconds becomes t=."""
    decoded: dict[bytes, Content] = {}
    return [_make(draft, decoded, at) for draft in drafts]


def processes_for(cores: int) -> int:
    """How many are worth their memory. What is left of the cores is enough for the rest, which waits a good deal."""
    return min(MOST, cores) if cores > 1 else 0


class SigningProcesses:
    """Open it before the first thread starts, and close it when nobody asks any more. In between it is `connected` to
    the loop on which it is asked.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._lost: list[BaseProcess] = []
        self._open = False
        self._idle: asyncio.Queue[_Pipe | None] = asyncio.Queue()  # None: there is none any more
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="signing")
        self._processes: dict[socket.socket, BaseProcess] = {}  # by our ends of their pipes
        pipes = [[socket.socketpair() for _ in range(DEPTH)] for _ in range(count)]
        for own in pipes:
            theirs = [end for _, end in own]
            others = [end for pipe in pipes for pair in pipe for end in pair if end not in theirs]
            process = multiprocessing.get_context("fork").Process(target=_work, args=(theirs, others), daemon=True)
            process.start()
            for ours, _ in own:
                self._processes[ours] = process
        for own in pipes:
            for _, end in own:
                end.close()
        atexit.register(self.close)  # before `multiprocessing`, which waits for processes that end as their pipes do

    def close(self) -> None:
        """They end as their pipes do."""
        atexit.unregister(self.close)
        self._threads.shutdown()
        for end in self._processes:
            end.close()
        for process in dict.fromkeys(self._processes.values()):
            process.join(1)
            process.kill()

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """For as long as they are asked, on the running loop."""
        loop = asyncio.get_running_loop()
        pipes: list[_Pipe] = []
        try:
            for end, process in self._processes.items():
                made = functools.partial(_Pipe, self._idle.put_nowait, functools.partial(self._lose, process))
                pipes.append((await loop.create_unix_connection(made, sock=end))[1])
            for number in range(DEPTH):  # so that the processes take turns
                for pipe in pipes[number::DEPTH]:
                    self._idle.put_nowait(pipe)
            self._open = len(self._lost) < self.count
            yield
        finally:
            self._end()
            for pipe in pipes:  # all at once, whatever interrupts us: uvloop waits for ever for one that is left open
                pipe.abort()
            for pipe in pipes:
                await pipe.gone.wait()

    def warnings(self) -> list[str]:
        """What the operator should know."""
        lost = len(self._lost)
        return [f"{lost} of {self.count} signing processes ended; restart to have them back"] if lost else []

    async def make_all(self, drafts: Sequence[Draft], at: int) -> list[Made]:
        """As `make_here`, which threads do for what is large, and when there is no process."""
        if self._open and sum([len(draft.content) for draft in drafts]) <= LARGE:
            made = await self._ask(drafts, at)
            if made is not None:
                return made
        return await asyncio.get_running_loop().run_in_executor(self._threads, make_here, drafts, at)

    async def _ask(self, drafts: Sequence[Draft], at: int) -> list[Made] | None:
        """None from a process that is lost, or for what cannot be handed over."""
        while (pipe := await self._idle.get()) is not None:
            if pipe.gone.is_set():
                continue
            try:
                asked = _asked(drafts, at)  # not before: hundreds may wait here
            except Exception:  # noqa: BLE001  (a number of more than 64 bits in variables, for one)
                self._idle.put_nowait(pipe)
                return None
            try:
                return await pipe.ask(asked, len(drafts))
            except ConnectionError:
                return None
        self._idle.put_nowait(None)
        return None

    def _end(self) -> None:
        """Whoever waits for a process, or asks from now on, has a thread instead."""
        self._open = False
        self._idle.put_nowait(None)

    def _lose(self, process: BaseProcess) -> None:
        if process in self._lost:
            return
        self._lost.append(process)
        process.kill()  # it may only have stalled
        if len(self._lost) == self.count:
            self._end()
        log.error("a signing process ended or did not answer; until the next start threads do its work")


class _Pipe(asyncio.Protocol):
    """Our end of one to a process, for one request at a time. `free(pipe)` is told when an answer is complete, also one
    that nobody waits for any more: it is none to the next request. `lost()` when there will be no answer.
    """

    def __init__(self, free: "Callable[[_Pipe], None]", lost: Callable[[], None]) -> None:
        self._free = free
        self._lost = lost
        self._received = bytearray()
        self._wanted = 0  # messages
        self._asked: asyncio.Future[list[Made]] | None = None
        self._patience: asyncio.TimerHandle | None = None  # while an answer is to come
        self._transport: asyncio.Transport | None = None
        self._aborted = False
        self.gone = asyncio.Event()

    async def ask(self, request: bytes, wanted: int) -> list[Made]:
        """The answer of so many messages. Raises ConnectionError when the process ends, does not answer, or answers
        anything else.
        """
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        self._wanted = wanted
        self._asked = loop.create_future()
        self._patience = loop.call_later(PATIENCE, self._look_again)
        self._transport.write(_framed(request))
        return await self._asked

    def abort(self) -> None:
        """What is not answered never will be."""
        self._aborted = True
        self._give_up()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._patience is None:  # nobody asked
            self._give_up()
        elif len(self._received) >= _SIZE.size:
            (size,) = _SIZE.unpack_from(self._received)
            if len(self._received) >= _SIZE.size + size:
                self._answer(memoryview(self._received)[_SIZE.size :])

    def _answer(self, data: memoryview) -> None:
        try:
            made = _answers.decode(data)
        except msgspec.MsgspecError:
            made = []
        if len(made) != self._wanted or self._patience is None:
            self._give_up()
            return
        self._received = bytearray()
        self._patience.cancel()
        self._patience = None
        if self._asked is not None and not self._asked.done():
            self._asked.set_result(made)
        self._free(self)

    def connection_lost(self, error: Exception | None) -> None:
        self.gone.set()
        if self._patience is not None:
            self._patience.cancel()
        if self._asked is not None and not self._asked.done():
            self._asked.set_exception(ConnectionError("a signing process gave no answer"))
        if not self._aborted:
            self._lost()

    def _look_again(self) -> None:
        self._patience = asyncio.get_running_loop().call_later(LAST, self._give_up)

    def _give_up(self) -> None:
        assert self._transport is not None
        self._transport.abort()


def _framed(data: bytes) -> bytes:
    """In one piece with its size, or the other side wakes up for the size alone (as with multiprocessing's own)."""
    return _SIZE.pack(len(data)) + data


def _asked(drafts: Sequence[Draft], at: int) -> bytes:
    keys: dict[Signer, int] = {}
    contents: dict[bytes, int] = {}
    parts = [
        (
            contents.setdefault(content, len(contents)),
            message,
            [keys.setdefault(signer, len(keys)) for signer in signers],
        )
        for content, message, signers in drafts
    ]
    known = [(signer.domain, signer.selector, signer.private_der) for signer in keys]
    return _encoder.encode(_Request(at, known, list(contents), parts))


def _make(draft: Draft, decoded: dict[bytes, Content], at: int) -> Made:
    try:
        content = decoded.get(draft.content)
        if content is None:
            content = decoded[draft.content] = decode_content(draft.content)
        data = compose(render(content, draft.message.variables), draft.message)
        return Made(b"".join((sign(data, draft.signers, at), data)) if draft.signers else data)
    except Exception as error:  # noqa: BLE001  (G6: one poison message must not stop its neighbours)
        return _not_made(error)


def _not_made(error: Exception) -> Made:
    return Made(b"", f"{type(error).__name__}: {error}")


# The process.


def _work(connections: list[socket.socket], others: list[socket.socket]) -> None:
    """Until the program has closed all of them. The service manager's signals go to every process of a service, and
    what is on its way then is still signed.
    """
    for connection in others:
        connection.close()  # else nobody would see the program's end
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text("emailgw-sign")  # for `ps` and `top`
    os.nice(NICE)
    load = functools.lru_cache(_KEYS)(Signer)
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                connection = cast(socket.socket, key.fileobj)
                try:
                    connection.sendall(_framed(_answer(_receive(connection), load)))
                except (OSError, EOFError):
                    selector.unregister(connection)


def _answer(data: bytearray, load: Callable[[str, str, bytes], Signer]) -> bytes:
    request = _requests.decode(data)
    decoded: dict[bytes, Content] = {}
    made: list[Made] = []
    for content, message, places in request.drafts:
        try:
            signers = [load(*request.keys[place]) for place in places]
        except Exception as error:  # noqa: BLE001  (as in _make)
            made.append(_not_made(error))
        else:
            made.append(_make(Draft(request.contents[content], message, signers), decoded, request.at))
    return _encoder.encode(made)


def _receive(connection: socket.socket) -> bytearray:
    """What was sent at once. Raises EOFError."""
    (size,) = _SIZE.unpack(_exactly(connection, _SIZE.size))
    return _exactly(connection, size)


def _exactly(connection: socket.socket, size: int) -> bytearray:
    data = bytearray(size)
    with memoryview(data) as view:
        while size:
            received = connection.recv_into(view[-size:], size, socket.MSG_WAITALL)
            if not received:
                raise EOFError("closed")
            size -= received
    return data
