"""What composing and signing cost on this machine: `python -m tests.bench.bench_mime` in the repository."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.headerregistry import Address as StdlibAddress
from email.message import EmailMessage
from pathlib import Path

from emailgw.core.address import Mailbox
from emailgw.core.directory import DkimAlgorithm
from emailgw.core.ids import ContentId, KeyId, MessageId
from emailgw.core.model import Attachment, Content, Message
from emailgw.mime.canonical import relaxed_body
from emailgw.mime.compose import compose
from emailgw.mime.dkim import Signer, generate_key, sign

_TEXT = "Grüße aus Köln, dear reader: your order 4711 has left our house today.\n" * 28
_HTML = "<p>Grüße aus Köln, <b>dear reader</b>: your order has left our house today.</p>\n" * 25


def median_ms(work: Callable[[], object], times: int = 300) -> float:
    """The median of single runs, in milliseconds."""
    took = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        took.append(time.perf_counter() - start)
    return statistics.median(took) * 1000


def machine() -> dict[str, float]:
    """How fast this machine is just now: composing a mail of 4 KB with the standard library, and a durable write."""
    path = Path(os.environ.get("BENCH_DIR", tempfile.gettempdir())) / f"emailgw-bench-{os.getpid()}"
    with path.open("wb") as file:

        def write() -> None:
            file.write(bytes(4096))
            file.flush()
            os.fdatasync(file.fileno())

        figures = {"stdlib compose ms": median_ms(with_stdlib), "fdatasync ms": median_ms(write)}
    path.unlink()
    return figures


def with_stdlib() -> bytes:
    mail = EmailMessage()
    mail["From"] = StdlibAddress("Jörg Müller", "joerg", "example.com")
    mail["To"] = StdlibAddress("Zoë", "zoe", "example.org")
    mail["Subject"] = "Ihre Bestellung ist unterwegs – order 4711"
    mail["Date"] = "Tue, 14 Nov 2023 22:13:20 +0000"
    mail["Message-ID"] = "<018bcfe5-6800-7000-8000-000000000000@example.com>"
    mail.set_content(_TEXT)
    mail.add_alternative(_HTML, subtype="html")
    return mail.as_bytes()


def main() -> None:
    author = Mailbox.parse("Jörg Müller <joerg@example.com>")
    content = Content(author, subject="Ihre Bestellung ist unterwegs – order 4711", text=_TEXT, html=_HTML)
    message = Message(
        MessageId("018bcfe5-6800-7000-8000-000000000000"),
        ContentId(1),
        KeyId("key"),
        author.address,
        (Mailbox.parse("Zoë <zoe@example.org>"),),
        date=1_700_000_000_000,
    )
    big = Content(author, text="hello", attachments=(Attachment("big.bin", os.urandom(25_000_000)),))
    mail = compose(content, message)

    ours, theirs = median_ms(lambda: compose(content, message)), median_ms(with_stdlib)
    print(f"compose two parts, {len(mail)} octets   {ours:8.3f} ms   stdlib {theirs:.3f} ms, {theirs / ours:.1f} times")
    signers = {kind: Signer("example.com", "s1", generate_key(kind)) for kind in DkimAlgorithm}
    for kind, signer in signers.items():
        took = median_ms(lambda signer=signer: sign(mail, [signer], 0))  # type: ignore[misc]
        print(f"sign {kind:<28} {took:8.3f} ms")
    print(f"sign both                         {median_ms(lambda: sign(mail, [*signers.values()], 0)):8.3f} ms")
    rsa = [signers[DkimAlgorithm.RSA]]
    one = median_ms(lambda: [sign(mail, rsa, 0) for _ in range(200)], 3)
    with ThreadPoolExecutor(2) as pool:
        two = median_ms(lambda: list(pool.map(lambda _: [sign(mail, rsa, 0) for _ in range(100)], range(2))), 3)
    print(f"two threads signing RSA             {one / two:6.2f} times one")
    for name, body in (("blanks", b" " * 2_000_000), ("text", b"some words in a row\r\n" * 95_000)):
        print(f"canonical body, 2 MB of {name:<9} {median_ms(lambda body=body: relaxed_body(body), 20):8.3f} ms")  # type: ignore[misc]
    print(f"compose a 25 MB attachment        {median_ms(lambda: compose(big, message), 5):8.3f} ms")


if __name__ == "__main__":
    main()
