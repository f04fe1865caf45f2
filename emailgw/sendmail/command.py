"""`emailgw sendmail`: hands a message to the daemon over its Unix socket, or queues it itself when none runs.

Exit status as sysexits.h has it: 0 queued, 64 wrong usage, 65 the message is refused, 67 a recipient is, 77 the sender
may not, 75 try again later; nothing is lost silently. Imports no more than it needs: a start costs 30 ms.
"""

import os
import re
import select
import socket
import sys
import tomllib
from pathlib import Path
from typing import Any

from emailgw.sendmail.client import Client, Refused
from emailgw.sendmail.letter import Letter, addresses
from emailgw.sendmail.options import Options, UsageError, read_options

EX_USAGE, EX_DATAERR, EX_NOUSER, EX_UNAVAILABLE, EX_SOFTWARE, EX_TEMPFAIL, EX_NOPERM = 64, 65, 67, 69, 70, 75, 77
DEFAULT_CONFIG = "/etc/emailgw/emailgw.toml"
DEFAULT_SOCKET = "/run/emailgw/submit.sock"  # where the configuration cannot be read
SOCKET = "submit.sock"

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def run(arguments: list[str], config: str = "") -> int:
    try:
        options = read_options(arguments)
    except UsageError as error:
        return _complain(str(error), EX_USAGE)
    settings = _Settings(Path(options.config or config or DEFAULT_CONFIG))
    match options.mode:
        case "i":
            return 0  # there are no aliases to rebuild
        case "q":
            return 0  # the daemon runs the queue by itself
        case "p":
            print("hint: `emailgw queue list` shows what waits", file=sys.stderr)
            return 0
        case "s":
            return _speak(settings)
    try:
        return _submit(options, settings)
    except Refused as refusal:
        return _complain(str(refusal), _status(refusal))
    except OSError as error:
        return _complain(str(error), EX_TEMPFAIL)


def _submit(options: Options, settings: "_Settings") -> int:
    letter = Letter(sys.stdin.buffer.read(), options.dots_are_text)
    named = [address for argument in options.recipients for address in addresses(argument)]
    named += letter.addressees if options.from_header else ()
    recipients = list(dict.fromkeys(settings.whole(name) for name in named))
    if not recipients:
        return _complain("no recipients: name them as arguments, or in To, Cc or Bcc with -t", EX_USAGE)
    given = next(iter(addresses(options.sender or "")), "")  # empty: the null reverse-path
    author = settings.whole(letter.author or given or _login())
    sender = author if options.sender is None else given and settings.whole(given)
    if odd := next(filter(_CONTROL.search, (author, sender, *recipients)), None):  # of the header
        return _complain(f"{odd!r} has a control character", EX_NOUSER)
    data = letter.complete(author, options.full_name)
    mail = (f" RET={options.ret}" if options.ret else "") + (f" ENVID={options.envid}" if options.envid else "")
    rcpt = f" NOTIFY={options.notify}" if options.notify else ""
    connection = settings.connect()
    if connection is None:
        from emailgw.sendmail.offline import queue

        return queue(settings.path, data, sender, recipients, mail, rcpt)
    client = Client(connection)
    try:
        client.send(data, sender, recipients, mail, rcpt)
    finally:
        client.close()
    return 0


def _speak(settings: "_Settings") -> int:
    """-bs: SMTP on standard input and output, which is the daemon's."""
    try:
        connection = settings.connect()
    except OSError as error:
        return _complain(str(error), EX_TEMPFAIL)
    if connection is None:
        return _complain("the daemon is not running", EX_TEMPFAIL)
    inputs = [0, connection.fileno()]
    with connection:
        while connection.fileno() in inputs:
            for ready in select.select(inputs, [], [])[0]:
                data = os.read(ready, 65536)
                if ready == 0 and data:
                    connection.sendall(data)
                elif ready == 0:
                    inputs.remove(0)
                    connection.shutdown(socket.SHUT_WR)
                elif data:
                    os.write(1, data)
                else:
                    inputs.clear()
    return 0


class _Settings:
    """The few settings that matter here, read without the whole of `config`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        data: dict[str, Any] = {}
        self._readable = True
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            self._readable = False
        submission = data.get("submission", {})
        socket_path = submission.get("socket") or str(Path(data.get("data_dir", "/var/lib/emailgw"), SOCKET))
        self._socket = socket_path if self._readable else DEFAULT_SOCKET
        self._plain = submission.get("listen_plain", []) if submission.get("trusted_key") else []
        self._domain = data.get("sendmail", {}).get("domain") or data.get("ehlo_name")

    def whole(self, address: str) -> str:
        """The address, with our domain where it has none."""
        address = address.strip().removeprefix("<").removesuffix(">")
        return address if "@" in address else f"{address}@{self._domain or socket.getfqdn()}"

    def connect(self) -> socket.socket | None:
        """To the daemon; None when it does not run. Raises OSError when this user may not reach it."""
        connection = socket.socket(socket.AF_UNIX)
        try:
            connection.connect(self._socket)
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
            return None
        except OSError as error:
            connection.close()
            return self._connect_plain(error)
        return connection

    def _connect_plain(self, error: OSError) -> socket.socket:
        """Who may not use the socket may still be on a trusted network."""
        for endpoint in self._plain:
            host, _, port = str(endpoint).rpartition(":")
            try:
                return socket.create_connection((host.strip("[]") or "127.0.0.1", int(port)), 10)
            except (OSError, ValueError):
                continue
        raise PermissionError(f"{self._socket}: {error.strerror} (see submission.socket_group)") from None


def _status(refusal: Refused) -> int:
    if " 4.5.3 " in str(refusal):  # too many recipients are as many later
        return EX_UNAVAILABLE
    if refusal.is_temporary:
        return EX_TEMPFAIL
    if " 5.7." in str(refusal):
        return EX_NOPERM
    return {"rcpt": EX_NOUSER, "data": EX_DATAERR}.get(refusal.about, EX_UNAVAILABLE)


def _login() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid{os.getuid()}"


def _complain(text: str, status: int) -> int:
    print(f"sendmail: {text}", file=sys.stderr)
    return status
