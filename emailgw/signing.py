"""DKIM signing in processes of their own, for RSA is half of what a delivered message costs.

OpenSSL lets go of the GIL for it, but a thread has to wait until it gets that back, three times a message, and so do
the loop and the writer behind it: signed by threads, two cores are never busier than three quarters. The processes are
forked before there is a loop or a thread, listen to nobody else, keep nothing but loaded keys (each request brings its
own), and end with the program, however that ends. Whatever happens to one of them, whoever asked it signs by himself.
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
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import NamedTuple, cast

import msgspec

from emailgw.mime.dkim import Signer, sign

log = logging.getLogger("emailgw.signing")

MOST = 4  # processes, unless told otherwise: beside so many the loop's core is the limit
DEPTH = 2  # requests for each process: one that it works on, and one that waits, so that it never does
LARGE = 1 << 20  # octets of messages in one request; more is not copied twice, since hashing it takes longer than RSA
NICE = 5  # less urgent than the loop and the writer, which each want a little of a core at once
PATIENCE = 10  # seconds; ten messages take ten milliseconds
_KEYS = 4_096  # loaded at a time in each process

Letters = Sequence[tuple[bytes, Sequence[Signer]]]  # messages with CRLF line ends, and by whom each is signed


class Signed(NamedTuple):
    """The fields to be put before a message, or why there are none."""

    fields: bytes
    fault: str = ""


SignAll = Callable[[Letters, int], list[Signed]]


class _Request(msgspec.Struct, array_like=True):
    """`at` in milliseconds. `keys`: domain, selector, private key; of each letter, the places of its keys in them."""

    at: int
    keys: list[tuple[str, str, bytes]]
    letters: list[tuple[bytes, list[int]]]


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(_Request)
_answers = msgspec.msgpack.Decoder(list[Signed])


def sign_here(letters: Letters, at: int) -> list[Signed]:
    """What stands before each of `letters`; `at` in milliseconds becomes t=."""
    return [_sign(message, signers, at) for message, signers in letters]


def processes_for(cores: int) -> int:
    """How many are worth their memory. What is left of the cores is enough for the rest, which waits a good deal."""
    return min(MOST, cores) if cores > 1 else 0


class SigningProcesses:
    """Open it before the first thread starts, and close it when nobody asks any more."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._lost: list[BaseProcess] = []
        self._idle: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._processes: dict[Connection, BaseProcess] = {}
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

    def sign_all(self, letters: Letters, at: int) -> list[Signed]:
        """As `sign_here`. From any thread, which waits for the answer without the GIL."""
        if sum([len(message) for message, _ in letters]) > LARGE:
            return sign_here(letters, at)
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:  # there are none, or fewer than before
            return sign_here(letters, at)
        try:
            connection.send_bytes(_asked(letters, at))
            signed = _answers.decode(connection.recv_bytes())
        except (OSError, EOFError, msgspec.MsgspecError) as error:
            self._lose(connection, error)
            return sign_here(letters, at)
        self._idle.put(connection)
        return signed

    def _lose(self, connection: Connection, error: Exception) -> None:
        connection.close()
        process = self._processes.pop(connection)
        if process in self._lost:
            return
        self._lost.append(process)
        process.kill()  # it may only have stalled
        log.error(
            "a signing process ended or did not answer (%s); until the next start threads sign in its place",
            error or type(error).__name__,
        )


def _pipe() -> tuple[Connection, Connection]:
    """Our end, which waits for PATIENCE at most, and the process's."""
    ours, theirs = socket.socketpair()
    for limit in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        ours.setsockopt(socket.SOL_SOCKET, limit, struct.pack("ll", PATIENCE, 0))
    return Connection(ours.detach()), Connection(theirs.detach())


def _asked(letters: Letters, at: int) -> bytes:
    places: dict[Signer, int] = {}
    for _, signers in letters:
        for signer in signers:
            places.setdefault(signer, len(places))
    keys = [(signer.domain, signer.selector, signer.private_der) for signer in places]
    return _encoder.encode(
        _Request(at, keys, [(message, [places[signer] for signer in signers]) for message, signers in letters])
    )


def _sign(message: bytes, signers: Iterable[Signer], at: int) -> Signed:
    try:
        return Signed(sign(message, signers, at))
    except Exception as error:  # noqa: BLE001  (G6: one poison message must not stop its neighbours)
        return Signed(b"", f"{type(error).__name__}: {error}")


# The process.


def _work(connections: list[Connection], others: list[Connection]) -> None:
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
            connection = cast(Connection, ready)
            try:
                connection.send_bytes(_answer(connection.recv_bytes(), load))
            except (OSError, EOFError):
                connections.remove(connection)


def _answer(data: bytes, load: Callable[[str, str, bytes], Signer]) -> bytes:
    request = _requests.decode(data)
    return _encoder.encode(
        [
            _sign(message, (load(*request.keys[place]) for place in places), request.at)
            for message, places in request.letters
        ]
    )
