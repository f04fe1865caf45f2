"""Fuzz target of the bounce parser: `python tests/fuzz/fuzz_bounce.py -max_total_time=60 [CORPUS_DIR]`.

Needs `atheris`, which is no dependency of the project. A finding is an exception, or a message that takes more than
half a second of CPU (so that a busy machine finds nothing). The labelled messages make a good corpus to begin with.
"""

import importlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

SECONDS = 0.5


def main() -> None:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("fuzz_bounce: atheris is not installed; hint: pip install atheris")

    with atheris.instrument_imports():
        from emailgw.bounce.classify import classify
        from emailgw.bounce.describe import describe
        from emailgw.bounce.parse import parse

    def one_input(data: bytes) -> None:
        began = time.process_time()
        describe(parse(data))
        classify(None, None, data[:4000].decode("utf-8", "replace"))
        took = time.process_time() - began
        if took > SECONDS:
            raise RuntimeError(f"{len(data)} bytes took {took:.2f} s of CPU")

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
