"""Fuzz target of whole SMTP sessions: `python tests/fuzz/fuzz_smtp.py -max_total_time=60 [CORPUS_DIR]`.

The input is what a client sends; it is played whole, octet by octet, and in pieces. A finding is an exception, a reply
that is none, room for messages that is not given back, or a session that depends on how its octets were cut.
"""

import importlib
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

REPLIES = re.compile(rb"(?:\d{3}[ -][ -~]*\r\n)*")
START = b"EHLO a\r\nAUTH PLAIN AGEAYg==\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n"
MOST_STEPS = 10_000


def main() -> None:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("fuzz_smtp: atheris is not installed; hint: pip install atheris")

    with atheris.instrument_imports():
        from emailgw.smtpd.dialog import Dialog
        from emailgw.smtpd.terms import Credentials, Message, Offers, Signal

    offers = Offers("gw.test", max_size=2000, max_recipients=3, junk=5, auth=True, dsn=True)

    def play(pieces: list[bytes]) -> tuple[bytes, list[bytes]]:
        """What was replied, and the messages that were taken."""
        room = 0
        said = b""
        taken: list[bytes] = []

        def take(octets: int) -> bool:
            nonlocal room
            if room + octets > 5000:
                return False
            room += octets
            return True

        dialog = Dialog(offers, take, secure=False, may_start_tls=True, trusted=True, known=False)
        steps = 0
        for piece in pieces:
            dialog.receive(piece)
            while (step := dialog.next()) is not None:
                steps += 1
                if steps > MOST_STEPS:
                    raise RuntimeError("it goes on for ever")
                if isinstance(step, bytes):
                    said += step
                elif step is Signal.CLOSE:
                    dialog.abandon()
                elif step is Signal.START_TLS:
                    dialog.abandon()  # what comes then depends on how it was cut, and is thrown away
                elif isinstance(step, Message):
                    data = b"".join(step.pieces)
                    taken.append(data)
                    stray = data.replace(b"\r\n", b"")
                    if step.bare != (b"\n" in stray or b"\r" in stray):
                        raise RuntimeError(f"stray line ends of {data!r} are not told right")
                    dialog.answer("250 2.0.0 OK")
                elif isinstance(step, Credentials):
                    dialog.answer("235 2.7.0 OK" if step.secret == "b" else "535 5.7.8 No")
                elif not isinstance(step, Signal):
                    dialog.answer("250 2.1.0 OK")
        dialog.abandon()
        if room:
            raise RuntimeError(f"{room} octets of room are not given back")
        if not REPLIES.fullmatch(said):
            raise RuntimeError(f"no replies: {said!r}")
        return said, taken

    def one_input(data: bytes) -> None:
        for prefix in (b"", START + b"DATA\r\n", START):
            whole = prefix + data
            expected = play([whole])
            size = 1 + len(data) % 7
            if play([bytes([octet]) for octet in whole]) != expected:
                raise RuntimeError(f"octet by octet {whole!r} is another session")
            if play([whole[at : at + size] for at in range(0, len(whole), size)]) != expected:
                raise RuntimeError(f"in pieces of {size} {whole!r} is another session")

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
