"""Composing and DKIM signing in processes of their own, for they are two thirds of what a delivered message costs.

OpenSSL lets go of the GIL for RSA, but a thread has to wait until it gets that back, three times a message, and so do
the loop and the writer behind it: signed by threads, two cores are never busier than three quarters; composed by
threads, nine tenths. The processes are forked before there is a loop or a thread, listen to nobody else, keep nothing
but loaded keys (each request brings its own), and end with the program, however that ends. Whatever happens to one of
them, whoever asked it does the work himself.
"""

import atexit
import contextlib
import functools
import logging
import multiprocessing
import os
import queue
import signal
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from multiprocessing.connection import wait
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
_KEYS = 4_096  # loaded at a time in each process


class Draft(NamedTuple):
    """What one message is made of: its content as the store keeps it, its own part, and who signs it, if anybody."""

    content: bytes
    message: Message
    signers: Iterable[Signer]


class Made(NamedTuple):
    """A message as it is sent, or why there is none."""

    data: bytes
    fault: str = ""


MakeAll = Callable[[Sequence[Draft], int], list[Made]]


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
    """Open it before the first thread starts, and close it when nobody asks any more."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._lost: list[BaseProcess] = []
        self._idle: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        self._processes: dict[socket.socket, BaseProcess] = {}
        pipes = [[_pipe() for _ in range(DEPTH)] for _ in range(count)]
        for own in pipes:
            theirs = [end for _, end in own]
            others = [end for pipe in pipes for pair in pipe for end in pair if end not in theirs]
            process = multiprocessing.get_context("fork").Process(target=_work, args=(theirs, others), daemon=True)
            process.start()
            for ours, _ in own:
                self._processes[ours] = process
        for ends in zip(*pipes, strict=True):  # so that the processes take turns
            for ours, end in ends:
                end.close()
                self._idle.put(ours)
        atexit.register(self.close)  # before `multiprocessing`, which waits for processes that end as their pipes do

    def close(self) -> None:
        """They end as their pipes do."""
        atexit.unregister(self.close)
        for connection in self._processes:
            connection.close()
        for process in dict.fromkeys(self._processes.values()):
            process.join(1)
            process.kill()

    def warnings(self) -> list[str]:
        """What the operator should know."""
        lost = len(self._lost)
        return [f"{lost} of {self.count} signing processes ended; restart to have them back"] if lost else []

    def make_all(self, drafts: Sequence[Draft], at: int) -> list[Made]:
        """As `make_here`. From any thread, which waits for the answer without the GIL."""
        if not self._processes or sum([len(draft.content) for draft in drafts]) > LARGE:
            return make_here(drafts, at)
        try:
            asked = _asked(drafts, at)
        except Exception:  # noqa: BLE001  (a number of more than 64 bits in variables, for one)
            return make_here(drafts, at)
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:  # there are fewer than before
            return make_here(drafts, at)
        try:
            _send(connection, asked)
            made = _answers.decode(_receive(connection))
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            self._lose(connection, error)
            return make_here(drafts, at)
        self._idle.put(connection)
        return made

    def _lose(self, connection: socket.socket, error: Exception) -> None:
        connection.close()
        process = self._processes.pop(connection)
        if process in self._lost:
            return
        self._lost.append(process)
        process.kill()  # it may only have stalled
        log.error(
            "a signing process ended or did not answer (%s); until the next start threads do its work",
            error or type(error).__name__,
        )


def _pipe() -> tuple[socket.socket, socket.socket]:
    """Our end, which waits for PATIENCE at most, and the process's."""
    ours, theirs = socket.socketpair()
    for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        ours.setsockopt(socket.SOL_SOCKET, limit, struct.pack("ll", PATIENCE, 0))
    return ours, theirs


def _send(connection: socket.socket, data: bytes) -> None:
    """In one call with its size, or the other side wakes up for the size alone (as with multiprocessing's own)."""
    connection.sendall(_SIZE.pack(len(data)) + data)


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
        signers = tuple(draft.signers)
        return Made(b"".join((sign(data, signers, at), data)) if signers else data)
    except Exception as error:  # noqa: BLE001  (G6: one poison message must not stop its neighbours)
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
    while connections:
        for ready in wait(connections):
            connection = cast(socket.socket, ready)
            try:
                _send(connection, _answer(_receive(connection), load))
            except (OSError, EOFError):
                connections.remove(connection)


def _answer(data: bytearray, load: Callable[[str, str, bytes], Signer]) -> bytes:
    request = _requests.decode(data)
    drafts = (
        Draft(request.contents[content], message, (load(*request.keys[place]) for place in places))
        for content, message, places in request.drafts
    )
    return _encoder.encode(make_here(drafts, request.at))
