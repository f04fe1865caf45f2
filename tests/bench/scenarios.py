"""What is measured end to end, each as one run that returns figures by name. `__main__` repeats them."""

import asyncio
import http.client
import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import httpx

from tests.bench.world import ROOT, World, stopwatch, world
from tests.harness.waiting import eventually

Figures = dict[str, float]
CONNECTIONS = 50
LOAD_SECONDS = 8


def accept() -> Figures:
    """Messages accepted over HTTP with fsync, 50 connections, 4 KB; nothing is delivered meanwhile."""
    with world(sink=False) as w:
        w.gateway.start()
        before = w.cpu()
        command = [sys.executable, "-m", "tests.bench.load", w.gateway.url, w.gateway.key, CONNECTIONS, LOAD_SECONDS]
        output = subprocess.run(list(map(str, command)), cwd=ROOT, check=True, capture_output=True, text=True).stdout
        result = json.loads(output)
        return {
            "accepted/s": result["per_second"],
            "CPU ms a message": (w.cpu() - before) / result["requests"] * 1000,
            "p50 ms": result["p50_ms"],
            "p99 ms": result["p99_ms"],
        }


def batch(count: int) -> Figures:
    """One request: a template for `count` recipients with variables of their own, and as many whole emails."""
    later = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3_600))
    shared = {"from": "a@sender.test", "subject": "Hello {{NAME}}", "html": "<p>Dear {{NAME}}, hello.</p>" * 100}
    variables = [{"NAME": f"Reader number {number}", "CODE": f"{number:08}"} for number in range(count)]
    to = [f"user{number}@d{number % 1000}.test" for number in range(count)]
    recipients = [{"to": address, "variables": own} for address, own in zip(to, variables, strict=True)]
    mailing = {**shared, "scheduled_at": later, "recipients": recipients}
    emails = [{**shared, "to": address, "text": own["CODE"], "scheduled_at": later}
              for address, own in zip(to, variables, strict=True)]  # fmt: skip
    figures: Figures = {}
    with world(sink=False) as w:
        w.gateway.start()
        w.gateway.send("warm@rcpt.test", scheduled_at=later)
        for name, body in (("recipients", mailing), ("emails", emails)):
            content = json.dumps(body).encode()
            before, peak, cpu = w.rss(), _Peak(w), w.cpu()
            with peak:
                started = stopwatch()
                headers = {"authorization": f"Bearer {w.gateway.key}"}
                answer = httpx.post(f"{w.gateway.url}/emails/batch", content=content, headers=headers, timeout=60)
                figures[f"{name} s"] = stopwatch() - started
            assert len(answer.json()["data"]) == count, answer.text[:500]
            figures[f"{name} CPU s"] = w.cpu() - cpu
            figures[f"{name} + MB"] = peak.most - before
    return figures


class _Peak(threading.Thread):
    """The most resident memory, looked at every few milliseconds."""

    def __init__(self, w: World) -> None:
        super().__init__(daemon=True)
        self._world = w
        self._done = threading.Event()
        self.most = 0.0

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self.join()

    def run(self) -> None:
        while not self._done.wait(0.005):
            self.most = max(self.most, self._world.rss())


def drain(count: int, domains: int, *, one_site: bool = True, rsa_alone: bool = False) -> Figures:
    """`count` queued messages delivered to smtp-sink, from the start of the first to the end of the last but 1 %."""
    with world(one_site=one_site) as w:
        if rsa_alone:
            w.sign_with_rsa_alone()
        w.fill(count, domains)
        w.gateway.start(timeout=60)
        first, started, cpu = when(w, lambda done: done > 0)
        last, ended, cpu_after = when(w, lambda done: done >= count * 0.99)
        return {
            "delivered/s": (last - first) / (ended - started),
            "CPU ms a message": (cpu_after - cpu) / (last - first) * 1000,
            "RSS MB": w.rss(),
            "in all, PSS MB": w.memory(),
        }


def memory(count: int) -> Figures:
    """Resident memory with `count` recipients queued and not due."""
    with world(sink=False) as w:
        w.fill(count, 1000, delay=3600)
        started = stopwatch()
        w.gateway.start(timeout=60)
        ready = stopwatch() - started
        return {"RSS MB": w.rss(), "in all, PSS MB": w.memory(), "start s": ready}


def latency(per_second: int = 20, seconds: int = 15) -> Figures:
    """From the first byte of the POST to the sink's last byte of the message, at a steady rate."""
    sent: dict[str, float] = {}
    arrived: dict[str, float] = {}
    with world(sink=False) as w, _TimingSink(w.port, arrived):
        w.gateway.start()
        w.gateway.send("warm@rcpt.test", subject="warm-up")
        eventually(lambda: arrived, "the first message arrives")
        pause = threading.Event()
        begin = stopwatch()
        connection = http.client.HTTPConnection("127.0.0.1", w.gateway.http_port)
        headers = {"authorization": f"Bearer {w.gateway.key}", "content-type": "application/json"}
        for number in range(per_second * seconds):
            pause.wait(max(0.0, begin + number / per_second - stopwatch()))
            subject = f"number-{number}"
            fields = {"from": "a@sender.test", "to": "user@rcpt.test", "subject": subject, "text": "Hello. " * 500}
            body = json.dumps(fields)
            sent[subject] = stopwatch()
            connection.request("POST", "/emails", body, headers)
            response = connection.getresponse()
            assert response.status == 202, response.read()
            response.read()
        connection.close()
        eventually(lambda: len(arrived) > len(sent), "all messages arrive")
        times = sorted((arrived[subject] - at) * 1000 for subject, at in sent.items())
        return {"p50 ms": times[len(times) // 2], "p99 ms": times[len(times) * 99 // 100]}


def when(w: World, condition: Callable[[float], bool]) -> tuple[float, float, float]:
    """(delivered, time, CPU) at the first look at which `condition` holds.

    Four looks a second: what they cost the gateway would be counted as its own. Rates are exact all the same, since
    count, time and CPU are read together.
    """

    def probe() -> tuple[float, float, float] | None:
        done = w.delivered()
        return (done, stopwatch(), w.cpu()) if condition(done) else None

    found = eventually(probe, "messages are delivered", timeout=600, every=0.25)
    assert found is not None
    return found


class _TimingSink(threading.Thread):
    """The smallest SMTP server that writes down when each subject's message was complete."""

    def __init__(self, port: int, arrived: dict[str, float]) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._arrived = arrived
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()

    def __enter__(self) -> "_TimingSink":
        self.start()
        self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end)
        self.join(5)

    def _end(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.call_soon(self._loop.stop)

    def run(self) -> None:
        self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", self._port))
        self._ready.set()
        self._loop.run_forever()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"DATA":
                writer.write(b"354 go\r\n")
                data = await reader.readuntil(b"\r\n.\r\n")
                at = time.perf_counter()
                subject = data.split(b"\r\nSubject: ", 1)[1].split(b"\r\n", 1)[0].decode()
                self._arrived[subject] = at
            writer.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
            if word == b"QUIT":
                break
        writer.close()
