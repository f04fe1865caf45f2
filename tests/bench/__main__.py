"""All figures of docs/performance.md: `make bench`, or `python -m tests.bench [--runs N] [NAME…]`.

Medians of repeated runs with their range. Machines are noisy: compare ratios within one run, not figures across runs;
`machine` says how fast this one is just now (the targets are meant for one where its first figure is 1.3).
"""

import argparse
import statistics
from collections.abc import Callable

from tests.bench import scenarios
from tests.bench.bench_mime import machine
from tests.bench.figures import figures
from tests.bench.lists import lists
from tests.bench.lists_http import lists_over_http
from tests.bench.smtp import idle, stall, submit
from tests.bench.stages import stages
from tests.bench.webhooks import beside, webhooks

SCENARIOS: dict[str, Callable[[], dict[str, float]]] = {
    "machine": machine,
    "accept": scenarios.accept,
    "batch-1000": lambda: scenarios.batch(1_000),
    "batch-10000": lambda: scenarios.batch(10_000),
    "one-domain": lambda: scenarios.drain(10_000, 1),
    "1000-domains": lambda: scenarios.drain(10_000, 1000),
    "one-domain-rsa": lambda: scenarios.drain(10_000, 1, rsa_alone=True),
    "1000-domains-rsa": lambda: scenarios.drain(10_000, 1000, rsa_alone=True),
    "1000-sites": lambda: scenarios.drain(10_000, 1000, one_site=False),
    "drain-1000": lambda: scenarios.drain(1_000, 1),
    "drain-100000": lambda: scenarios.drain(100_000, 1),
    "latency": scenarios.latency,
    "memory": lambda: scenarios.memory(100_000),
    "smtp-reused": lambda: submit(20_000, reuse=True),
    "smtp-new": lambda: submit(5_000, reuse=False),
    "smtp-25mb": lambda: stall(8),
    "smtp-idle": lambda: idle(10_000),
    "stages": stages,
    "webhooks": lambda: webhooks(1),
    "webhooks-100": lambda: webhooks(100),
    "mail-and-hooks": beside,
    "figures-1000000": lambda: figures(1_000_000),
    "list-1000000": lambda: lists(1_000_000),
    "http-list-1000000": lambda: lists_over_http(1_000_000),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(SCENARIOS)}; all of them by default")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(SCENARIOS)
    if unknown:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    print(f"{'benchmark':16} {'figure':18} {'median':>10}   range of {arguments.runs}")
    for name in arguments.names or SCENARIOS:
        runs = [SCENARIOS[name]() for _ in range(arguments.runs)]
        for figure in runs[0]:
            values = [run[figure] for run in runs]
            print(
                f"{name:16} {figure:18} {statistics.median(values):10.3f}   {min(values):.3f} to {max(values):.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
