"""Tokens in links: what was signed comes back, and nothing else does."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emailgw.core.ids import RecipientId
from emailgw.mime.tokens import LONGEST_TARGET, Kind, Token, Tokens, is_target

KEYS = {1: b"a" * 32, 2: b"b" * 32}
TOKENS = Tokens(KEYS, 1)
RECIPIENT = RecipientId((1 << 63) - 1)
SAMPLES = [
    Token(Kind.OPEN, RECIPIENT),
    Token(Kind.CLICK, RecipientId(1), target="https://shop.test/ü?a=1&b=2#c"),
    Token(Kind.UNSUBSCRIBE, RecipientId(7), domain="sender.test", list="news", address="jö@example.test"),
]


@pytest.mark.parametrize("token", SAMPLES)
def test_what_was_signed_comes_back(token: Token) -> None:
    text = TOKENS.make(token)
    assert text == TOKENS.make(token)
    assert TOKENS.read(text) == token


@pytest.mark.parametrize("token", SAMPLES)
def test_every_change_is_noticed(token: Token) -> None:
    text = TOKENS.make(token)
    for at, character in enumerate(text):
        for other in "A_z":
            if other != character:
                assert TOKENS.read(text[:at] + other + text[at + 1 :]) is None
        assert TOKENS.read(text[:at]) is None
    assert TOKENS.read(text + "A") is None
    assert TOKENS.read(text + "=") is None


def test_another_spelling_of_the_last_character_is_a_change() -> None:
    texts = [TOKENS.make(Token(Kind.CLICK, RecipientId(1), target=f"https://a.test/{'x' * n}")) for n in range(3)]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    spellings = 0
    for text in texts:
        for last in alphabet:
            other = text[:-1] + last
            same = base64.urlsafe_b64decode(other + "==") == base64.urlsafe_b64decode(text + "==")
            spellings += same and other != text
            assert (TOKENS.read(other) is not None) == (other == text)
    assert spellings  # there are some, and they were refused


def test_keys_rotate() -> None:
    old = TOKENS.make(SAMPLES[0])
    after = Tokens(KEYS, 2)
    assert after.read(old) == SAMPLES[0]
    assert after.make(SAMPLES[0]) != old
    assert Tokens({2: KEYS[2]}, 2).read(old) is None
    assert Tokens({1: KEYS[2]}, 1).read(old) is None
    with pytest.raises(ValueError, match="16 octets"):
        Tokens({1: b"short"}, 1)


@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "data:text/html,x", "//evil.test", "http:///x", "http:", "https://", "ftp://a.test/",
     "https://a.test/\r\nx", "https://a.test/" + "x" * LONGEST_TARGET, "", " https://a.test", "https://?x",
     "mailto:a@b"],
)  # fmt: skip
def test_links_lead_to_http_only(url: str) -> None:
    assert not is_target(url)
    with pytest.raises(ValueError, match="http or https"):
        TOKENS.make(Token(Kind.CLICK, RECIPIENT, target=url))


@given(st.text(max_size=200))
def test_anything_else_is_nobodys(text: str) -> None:
    assert TOKENS.read(text) is None
