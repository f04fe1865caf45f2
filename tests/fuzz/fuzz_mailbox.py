"""Fuzz target of mailboxes as people write them: `python tests/fuzz/fuzz_mailbox.py -max_total_time=60 [CORPUS_DIR]`.

A finding is any exception but the refusal that is meant, or a mailbox that breaks out of its header line.
"""

import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


def main() -> None:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("fuzz_mailbox: atheris is not installed; hint: pip install atheris")

    with atheris.instrument_imports():
        from emailgw.core.address import AddressError, Mailbox
        from emailgw.mime.headers import mailbox_field

    def one_input(data: bytes) -> None:
        try:
            mailbox = Mailbox.parse(data.decode("utf-8", "surrogateescape"))
        except AddressError:
            return
        field = mailbox_field("From", [mailbox])
        if field.count("\r\n") != field.count("\r\n ") + 1 or "\n" in field.replace("\r\n", ""):
            raise RuntimeError(f"{mailbox!r} makes {field!r}")

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
