"""Scripted SMTP dialogs: `tests/dialogs/*.dialog`, a few lines each that say what is sent and what must come back.

    # why this is a scenario
    on submission                  where to connect: submission, starttls, implicit, inbound, trusted, proxied, care,
                                   narrow (no room on the disk), crowded (no room for connections), choosy
    S: 220 *                       a whole reply: its code, and a pattern for its text; of several lines any must match
    C: EHLO client.test            a line, CR LF is added; {key} and the like stand for what the test knows
    C: raw \x00\r\n                octets as written, with escapes, and no line end
    C: repeat 1000 NOOP            the line so many times, in one write
    C: starttls                    the TLS handshake
    C: wait                        nothing is sent, and nothing may have come yet
    S: 250 2.0.0 OK*
    S: 250 * × 3                   so many replies alike
    S: closed                      the server has ended the connection

Lines `C:` that follow one another go out in one write, so pipelining is written as it is meant.
"""

import fnmatch
import re
import socket
import ssl
from collections.abc import Mapping
from pathlib import Path

DIALOGS = Path(__file__).parents[1] / "dialogs"
PATIENCE = 20  # seconds for a reply

_REPLY_END = re.compile(rb"(?:^|\n)\d{3}(?: [^\n]*)?\r?\n\Z")
_REPLY = re.compile(rb"(?:\d{3}-[^\n]*\n)*\d{3}(?: [^\n]*)?\n")


class Script:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.steps: list[tuple[str, str, int]] = []
        self.place = "submission"
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("on "):
                self.place = line[3:].strip()
            elif line.startswith(("C: ", "S: ")):
                self.steps.append((line[0], line[3:], number))
            elif line == "C:":
                self.steps.append(("C", "", number))
            else:
                assert not line or line.startswith("#"), f"{path.name}:{number}: {line!r}"
        assert any(kind == "S" for kind, _, _ in self.steps), f"{path.name} expects nothing"


def scripts() -> list[Path]:
    return sorted(DIALOGS.glob("*.dialog"))


def play(
    script: Script, address: tuple[str, int], words: Mapping[str, str], *, source: str, implicit: bool = False
) -> None:
    """From `source` against the server at `address`. Fails with the line that was not as it is written."""
    with socket.create_connection(address, PATIENCE, (source, 0)) as connection:
        player = _Player(script, _tls(connection) if implicit else connection, words)
        try:
            player.run()
        finally:
            player.close()


class _Player:
    def __init__(self, script: Script, connection: socket.socket, words: Mapping[str, str]) -> None:
        self._script = script
        self._connection = connection
        self._words = dict(words)
        self._read = b""
        self._said: list[str] = []

    def run(self) -> None:
        pending = b""
        for kind, text, number in self._script.steps:
            self._at = f"{self._script.path.name}:{number}: {kind}: {text}"
            if kind == "C" and text not in ("starttls", "wait"):
                pending += self._octets(text)
                continue
            if pending:
                self._send(pending)
                pending = b""
            if text == "starttls":
                self._connection = _tls(self._connection)
            elif text == "wait":
                self._nothing_comes()
            else:
                self._expect(text)
        if pending:
            self._send(pending)

    def close(self) -> None:
        self._connection.close()  # which TLS made another one of

    def _octets(self, text: str) -> bytes:
        for name, value in self._words.items():
            text = text.replace(f"{{{name}}}", value)
        if text.startswith("raw "):
            return text[4:].encode().decode("unicode_escape").encode("latin-1")
        if match := re.match(r"repeat (\d+) (.*)", text):
            return (match[2].encode() + b"\r\n") * int(match[1])
        return text.encode() + b"\r\n"

    def _send(self, data: bytes) -> None:
        try:
            self._connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # closed already, which the script will say

    def _nothing_comes(self) -> None:
        self._connection.settimeout(0.2)
        try:
            data = self._connection.recv(1000)
        except TimeoutError:
            return
        finally:
            self._connection.settimeout(PATIENCE)
        raise AssertionError(f"{self._at}: got {data!r}")

    def _expect(self, text: str) -> None:
        pattern, _, times = text.partition(" × ")
        for _ in range(int(times or 1)):
            if pattern == "closed":
                left = self._rest()
                assert not left, f"{self._at}: got {left!r} and not the end\n{self._story()}"
                return
            reply = self._reply()
            self._said.append(reply)
            lines = reply.splitlines()
            code, _, wanted = pattern.partition(" ")
            matches = [line for line in lines if line[:3] == code and fnmatch.fnmatchcase(line[4:], wanted or "*")]
            assert matches, f"{self._at}: got {reply!r}\n{self._story()}"

    def _reply(self) -> str:
        while not (match := _REPLY.match(self._read)):
            try:
                data = self._connection.recv(65536)
            except (ConnectionResetError, ssl.SSLError):
                data = b""
            except TimeoutError:
                raise AssertionError(f"{self._at}: no reply\n{self._story()}") from None
            assert data, f"{self._at}: closed after {self._read!r}\n{self._story()}"
            self._read += data
        self._read = self._read[match.end() :]
        return match[0].decode("utf-8", "replace").strip()

    def _rest(self) -> bytes:
        data, self._read = self._read, b""
        try:
            while more := self._connection.recv(65536):
                data += more
        except (ConnectionResetError, ssl.SSLError):
            pass
        except TimeoutError:
            raise AssertionError(f"{self._at}: it stays open\n{self._story()}") from None
        return data

    def _story(self) -> str:
        return "\n".join(self._said[-10:])


def _tls(connection: socket.socket) -> ssl.SSLSocket:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(connection)
