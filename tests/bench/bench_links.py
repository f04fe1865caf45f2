"""What tracking costs a message: `python -m tests.bench.bench_links`. CPU time, for neighbours make noise."""

import time
from collections.abc import Callable

from emailgw.core.ids import RecipientId
from emailgw.mime.links import read_page, retarget_page
from emailgw.mime.tokens import Kind, Token, Tokens

ROW = (
    '<tr><td style="padding:10px 20px;font-family:Arial"><p>Some words of a letter that somebody reads.</p>'
    '<a href="https://shop.test/a?b=1&amp;c=2" style="color:#fff">Hello there</a></td></tr>\n'
)
TOKENS = Tokens({1: b"k" * 32}, 1)


def cost(work: Callable[[], object], times: int) -> float:
    """Milliseconds of CPU."""
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) * 1000 / times


def link(target: str) -> str:
    return "https://links.example.com/t/" + TOKENS.make(Token(Kind.CLICK, RecipientId(5), target=target))


def measure(rows: int) -> None:
    source = "<html><body><table>" + ROW * rows + "</table></body></html>"
    page = read_page(source)
    assert page is not None
    found, made = cost(lambda: read_page(source), 10), cost(lambda: retarget_page(source, page, link, "x"), 20)
    print(f"{len(source)} characters, {rows} links: found in {found:.2f} ms, put in in {made:.3f} ms")


def main() -> None:
    measure(30)
    measure(160)
    token = TOKENS.make(Token(Kind.CLICK, RecipientId(5), target="https://shop.test/a?b=1"))
    print(f"a token is read in {cost(lambda: TOKENS.read(token), 2000):.4f} ms")


if __name__ == "__main__":
    main()
