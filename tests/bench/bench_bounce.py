"""How many reports a second one core parses: `python tests/bench/bench_bounce.py`."""

import sys
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from emailgw.bounce.parse import parse

SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "bounces" / "samples"
ROUNDS = 5


def main() -> None:
    messages = [path.read_bytes() for path in sorted(SAMPLES.iterdir())]
    if not messages:
        sys.exit("bench_bounce: no samples beside the repository")
    took = []
    began = time.process_time()
    for _ in range(ROUNDS):
        for message in messages:
            start = time.process_time()
            parse(message)
            took.append(time.process_time() - start)
    total = time.process_time() - began
    took.sort()
    tracemalloc.start()
    for message in messages:
        parse(message)
    peak = tracemalloc.get_traced_memory()[1]
    print(f"{len(took) / total:.0f} messages/s on one core; median {1e3 * took[len(took) // 2]:.2f} ms, ", end="")
    print(f"p99 {1e3 * took[len(took) * 99 // 100]:.2f} ms, worst {1e3 * took[-1]:.2f} ms; peak {peak / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
