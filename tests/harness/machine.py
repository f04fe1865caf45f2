"""How fast this machine is, against the one that the figures of the project's goals were set on.

There the standard library takes 1.3 ms to compose the message of `tests.bench.bench_mime`. The message here is smaller
and takes two thirds of that one's time, so a machine counts as less slow than it is: the strict side to err on.
"""

import time
from email.message import EmailMessage

REFERENCE = 0.0013  # seconds
_TEXT = "The quick brown fox jumps over the lazy dog. Grüße aus Köln!\n" * 32


def slowness(rounds: int = 60) -> float:
    """1 on the reference machine and on any that is faster; the median of `rounds`, so that one pause says nothing."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = "Ann <a@sender.test>", "joe@example.test", "Grüße"
        message.set_content(_TEXT)
        message.add_alternative(f"<p>{_TEXT}</p>", subtype="html")
        message.as_bytes()
        times.append(time.perf_counter() - began)
    return max(1.0, sorted(times)[rounds // 2] / REFERENCE)
