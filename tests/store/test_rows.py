"""Contents as bytes: what is put together by hand is what the encoder makes, and reads back as it was."""

import msgspec
import pytest

from emailgw.core.address import Mailbox
from emailgw.core.model import Attachment, Content
from emailgw.store.rows import decode_content, encode_content

AUTHOR = Mailbox.parse("Ann <ann@sender.test>")


@pytest.mark.parametrize("size", [0, 1, 255, 65_535, 65_536, 300_000])
def test_a_raw_content(size: int) -> None:
    content = Content(AUTHOR, subject="Grüße", raw=b"\xc4\x00x"[:3] * (size // 3) + b"y" * (size % 3))
    body = encode_content(content)
    assert decode_content(body) == content
    assert decode_content(msgspec.msgpack.encode(content)) == content
    if size >= 65_536:  # the encoder has shorter forms for fewer octets
        assert body == msgspec.msgpack.encode(content)


def test_other_contents() -> None:
    content = Content(AUTHOR, html="<p>x</p>", attachments=(Attachment("a.txt", b"\0\xff"),))
    assert encode_content(content) == msgspec.msgpack.encode(content)
    assert decode_content(encode_content(content)) == content


def test_a_content_of_an_earlier_version() -> None:
    """The fields stood in another order; they are found by name."""
    fields = msgspec.to_builtins(Content(AUTHOR, raw=b"x"), builtin_types=(bytes,))
    body = msgspec.msgpack.encode({name: fields[name] for name in reversed(fields)})
    assert decode_content(body) == Content(AUTHOR, raw=b"x")
