"""The judge of loss and duplication, outside the product: what was promised, and what arrived.

    with Ledger(gateway, sink) as ledger:      # threads that post messages as fast as they are taken
        ledger.wait_for_arrivals(100)
        gateway.kill() ...
    ledger.check_everything_arrived()

A message counts as promised once the answer 202 was read. A request that ended without an answer is in doubt: its
message may exist, but then whole.
"""

import hashlib
import itertools
import re
import threading
from collections import Counter
from typing import Self

import httpx

from tests.harness.gateway import Gateway
from tests.harness.signatures import unsigned
from tests.harness.sink import Received, Sink
from tests.harness.waiting import eventually

DOMAINS = tuple(f"d{i}.test" for i in range(10))
POSTERS = 4
BACKLOG = 400  # recipients promised that have not arrived: more is not posted, so that the end is near at any time


def recipients_of(number: int) -> tuple[str, ...]:
    """One to three, at different domains, all telling which message they belong to."""
    return tuple(f"m{number}-{i}@{DOMAINS[(number + i) % len(DOMAINS)]}" for i in range(1 + number % 3))


def text_of(number: int) -> str:
    """Some kilobytes that only this message has, and whose end shows that it is whole."""
    line = hashlib.sha256(str(number).encode()).hexdigest()
    return f"{line}\n" * (20 + number % 60) + f"end of {number}\n"


class Ledger:
    def __init__(self, gateway: Gateway, sink: Sink) -> None:
        self._gateway = gateway
        self._sink = sink
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._post, name=f"poster {i}") for i in range(POSTERS)]
        self.promised: dict[int, str] = {}  # number → id
        self.in_doubt: set[int] = set()
        self.refused = 0
        self.may_be_twice: Counter[str] = Counter()  # by recipient, at how many kills it was on its way
        self._first_session = 0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)

    def _post(self) -> None:
        with httpx.Client(base_url=self._gateway.url, timeout=20) as client:
            while not self._stop.is_set():
                if self._expected() - len(self._sink.messages) > BACKLOG:
                    self._stop.wait(0.01)
                    continue
                with self._lock:
                    number = next(self._numbers)
                    self.in_doubt.add(number)
                self._post_one(client, number)

    def _post_one(self, client: httpx.Client, number: int) -> None:
        body = {
            "from": "a@sender.test",
            "to": recipients_of(number),
            "subject": f"load {number}",
            "text": text_of(number),
        }
        try:
            response = client.post("/emails", json=body, headers={"authorization": f"Bearer {self._gateway.key}"})
        except httpx.ConnectError:
            with self._lock:
                self.in_doubt.discard(number)  # nobody was there
            self._stop.wait(0.02)
            return
        except httpx.TransportError:
            return
        with self._lock:
            if response.status_code == 202:
                self.promised[number] = response.json()["id"]
            else:
                assert response.status_code == 503, response.text
                self.refused += 1
            self.in_doubt.discard(number)

    def _expected(self) -> int:
        with self._lock:
            return sum(1 + number % 3 for number in self.promised)

    def wait_for_arrivals(self, count: int) -> None:
        """Until `count` more copies have arrived than now."""
        goal = len(self._sink.messages) + count
        self._sink.wait_for(lambda: len(self._sink.messages) >= goal, 30)

    def note_kill(self) -> None:
        """After each kill: which recipients were on their way.

        A lane settles a delivery before it sends the next MAIL, or QUIT, over its session. So of each session that the
        kill cut off only the last message may be unsettled, and only if the host had it whole and nothing followed:
        exactly these may come once more, and no others. Read when the host has seen the end of every session, because
        what was sent before the kill may still be on its way to it.
        """
        sessions = self._sink.sessions[self._first_session :]
        self._sink.wait_for(lambda: all(session.closed for session in sessions), 10)
        last: dict[int, tuple[int, Received]] = {}
        for message in list(self._sink.messages):
            last[message.session] = (last[message.session][0] + 1 if message.session in last else 1, message)
        for session in sessions:
            begun = sum(command.startswith("MAIL ") for command in session.commands)
            if session.number in last and session.commands[-1] != "QUIT":
                taken, unsettled = last[session.number]
                if taken == begun:
                    self.may_be_twice.update(unsettled.recipients)
        self._first_session = len(self._sink.sessions)

    # Judging.

    def wait_for_quiet(self, timeout: float = 60) -> None:
        """Until nothing waits in the queue any more."""
        eventually(
            lambda: sum(self._gateway.ask("queue", "list")["counts"].values()) == 0, "the queue is empty", timeout, 0.5
        )

    def copies(self) -> dict[str, list[Received]]:
        """By recipient, what arrived."""
        found: dict[str, list[Received]] = {}
        for message in list(self._sink.messages):
            [recipient] = message.recipients
            found.setdefault(recipient, []).append(message)
        return found

    def check_everything_arrived(self) -> None:
        """0 lost, 0 partial: of every promised message every recipient has it, whole; of one in doubt all or none."""
        copies = self.copies()
        lost = [r for number in self.promised for r in recipients_of(number) if r not in copies]
        assert lost == []
        for number in self.in_doubt:
            arrived = [recipient in copies for recipient in recipients_of(number)]
            assert all(arrived) or not any(arrived), f"message {number} is there in part"
        for recipient, received in copies.items():
            number = int(recipient[1:].partition("-")[0])
            assert number in self.promised or number in self.in_doubt, f"{recipient} was never asked for"
            whole = text_of(number).replace("\n", "\r\n").encode()
            for copy in received:
                assert copy.data.partition(b"\r\n\r\n")[2] == whole, f"{recipient} got another text"
                assert re.search(rb"(?m)^Subject: load %d\r$" % number, copy.data)

    def check_copies_are_alike(self) -> None:
        """Byte by byte apart from the signature, over all recipients of a message."""
        by_number: dict[str, set[bytes]] = {}
        for recipient, received in self.copies().items():
            number = recipient.partition("-")[0]
            by_number.setdefault(number, set()).update(unsigned(copy.data) for copy in received)
        assert [number for number, forms in by_number.items() if len(forms) != 1] == []

    def check_no_needless_copies(self) -> int:
        """A copy beyond the first only for a recipient that was on its way at a kill, and one for each such kill."""
        extra = {recipient: len(received) - 1 for recipient, received in self.copies().items() if len(received) > 1}
        needless = {recipient: count for recipient, count in extra.items() if count > self.may_be_twice[recipient]}
        assert needless == {}
        return sum(extra.values())

    def check_every_outcome(self) -> None:
        """Of every promised message: each recipient is delivered, finally, and told so once."""
        with httpx.Client(base_url=self._gateway.url, timeout=20) as client:
            for number, id in self.promised.items():
                shown = client.get(f"/emails/{id}", headers={"authorization": f"Bearer {self._gateway.key}"}).json()
                states = {recipient["address"]: recipient["state"] for recipient in shown["recipients"]}
                assert states == dict.fromkeys(recipients_of(number), "delivered"), id
                told = Counter((event["type"], event["recipient"]) for event in shown["events"])
                for recipient in recipients_of(number):
                    assert told["queued", recipient] == told["delivered", recipient] == 1, (id, told)
