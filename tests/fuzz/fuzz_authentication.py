"""Fuzz target of SPF, DKIM and DMARC: `python tests/fuzz/fuzz_authentication.py -max_total_time=60 [CORPUS_DIR]`.

Messages and records are both the input's, since whoever sends a message may publish the records. A finding is any
exception, or more questions to DNS than the limits allow.
"""

import asyncio
import importlib
import logging
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

MOST_QUESTIONS = 250  # ten terms with ten hosts each, signatures, policies
# What an octet of the input stands for.
WORDS = [
    *(
        "all",
        "include:",
        "a",
        "a:",
        "mx",
        "mx:b.test",
        "ptr",
        "ip4:192.0.2.7",
        "ip6:2001:db8::",
        "exists:",
        "redirect=",
    ),
    *(
        "exp=",
        "%{",
        "}",
        "d",
        "l",
        "i",
        "p",
        "S",
        "r",
        "1",
        "7",
        "0",
        ".",
        "/",
        "//",
        "-",
        "~",
        "?",
        " ",
        ";",
        "=",
        ":",
    ),
    *(
        "v=1",
        "a=ed25519-sha256",
        "c=relaxed/simple",
        "h=",
        "from",
        "bh=",
        "b=",
        "l=",
        "x=",
        "t=",
        "i=@",
        "k=rsa;",
        "p=",
    ),
    *(
        "s=",
        "n=",
        "reject",
        "none",
        "pct=",
        "sp=",
        "adkim=s",
        "\t",
        "\r\n ",
        "\r\n",
        "\r\n\r\n",
        "From: ",
        "<",
        ">",
        "@",
    ),
    *(
        "b.test",
        '"',
        "(",
        ")",
        ",",
        "DKIM-Signature: ",
        "Authentication-Results: gw.test;",
        "\\",
        "ä",
        "x" * 70,
        "%",
        "\0",
    ),
]


class _Strict(logging.Handler):
    """What is logged as a fault of ours is one."""

    def emit(self, record: logging.LogRecord) -> None:
        raise RuntimeError(record.getMessage())


def main() -> None:
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        sys.exit("fuzz_authentication: atheris is not installed; hint: pip install atheris")

    with atheris.instrument_imports(include=["emailgw"]):
        from emailgw.authentication.check import Authenticator
        from emailgw.core.dns import Looked
        from emailgw.core.receiving import Incoming
        from emailgw.mime.incoming import without_fields
        from emailgw.mime.results import is_forged, results_field

    logging.getLogger("emailgw").addHandler(_Strict())
    loop = asyncio.new_event_loop()

    def one_input(data: bytes) -> None:
        texts = ["".join(WORDS[octet % len(WORDS)] for octet in part) for part in data.split(b"\xff")]
        texts += [""] * (7 - len(texts))
        helo, reverse_path, body, *records = texts[:7]
        raw = body.encode()
        asked = 0

        class Zone:
            async def look(self, name: str, rdtype: str) -> Looked:
                nonlocal asked
                asked += 1
                if rdtype == "TXT":
                    prefix = "v=DMARC1;p=reject;" if name.startswith("_dmarc.") else ""
                    prefix = prefix or ("" if "._domainkey." in name else "v=spf1 ")
                    return Looked((prefix + records[asked % 4],))
                return Looked(("10 mx.test",) if rdtype == "MX" else ("192.0.2.1",) if rdtype == "A" else ())

            async def close(self) -> None:
                pass

        authenticator = Authenticator(Zone(), 10_000, lambda: 0, lambda: 0.5)
        top = b"From: a@b.test\r\nDKIM-Signature: v=1; a=rsa-sha256; d=b.test; s=s; h=from; bh=AAAA; b=AAAA;"
        mail = Incoming("192.0.2.7", f"{reverse_path}@b.test", top + raw, helo)
        found = loop.run_until_complete(authenticator.check(mail))
        if asked > MOST_QUESTIONS:
            raise RuntimeError(f"{asked} questions")
        field = results_field("gw.test", found)
        if not is_forged(field, "gw.test") or b"\r\n\r\n" in field or not field.endswith(b"\r\n"):
            raise RuntimeError(f"{found!r} makes {field!r}")
        without_fields(raw, lambda one: is_forged(one, "gw.test"))

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
