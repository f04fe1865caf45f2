"""Fuzz target of the HTML rewriter: `python tests/fuzz/fuzz_links.py -max_total_time=60 [CORPUS_DIR]`.

Needs `atheris`, which is no dependency of the project. A finding is an exception, a page that changed where no link
is, or one that takes more than a second.
"""

import importlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

SECONDS = 1.0


def main() -> None:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("fuzz_links: atheris is not installed; hint: pip install atheris")

    with atheris.instrument_imports():
        from emailgw.mime.links import read_page, retarget_page, retarget_text

    def one_input(data: bytes) -> None:
        source = data.decode("utf-8", "replace")
        began = time.process_time()
        page = read_page(source)
        retarget_text(source, lambda url: None)
        took = time.process_time() - began
        if took > SECONDS:
            raise RuntimeError(f"{len(data)} bytes took {took:.2f} s of CPU")
        if page is None:
            return
        made = retarget_page(source, page, lambda target: "https://t.test/")
        rest = source
        for link in reversed(page.links):
            rest = rest[: link.start] + '"https://t.test/"' + rest[link.end :]
        if made != rest:
            raise RuntimeError("something else changed")

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
