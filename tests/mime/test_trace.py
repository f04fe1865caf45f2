"""The Received field on top of mail that comes in."""

import pytest

from emailgw.mime.trace import received_field

AT = 1_795_471_200_000


@pytest.mark.parametrize(
    ("helo", "client", "beginning"),
    [
        ("mx.example.net", "192.0.2.7", "from mx.example.net ([192.0.2.7])\r\n"),
        ("[IPv6:2001:db8::1]", "2001:db8::1", "from [IPv6:2001:db8::1] ([IPv6:2001:db8::1])\r\n"),
        ("php", "", "from php\r\n"),
        ("", "192.0.2.7", "from unknown ([192.0.2.7])\r\n"),
        ("a by b; (x\r\nBcc: y", "192.0.2.7", "from a?by?b???x??Bcc:?y ([192.0.2.7])\r\n"),
        ("x" * 1000, "192.0.2.7", f"from {'x' * 255} ([192.0.2.7])\r\n"),
        ("müller.test", "192.0.2.7", "from m?ller.test ([192.0.2.7])\r\n"),
    ],
)
def test_the_client_is_named_and_can_write_nothing_else(helo: str, client: str, beginning: str) -> None:
    field = received_field(helo, client, "gw.test", "ESMTPS", "id-1", "joe@example.test", AT).decode()
    assert field == (
        f"Received: {beginning}\tby gw.test with ESMTPS id id-1\r\n\tfor <joe@example.test>;\r\n"
        "\tMon, 23 Nov 2026 22:00:00 +0000\r\n"
    )


def test_of_several_recipients_none_is_named() -> None:
    assert b" for " not in received_field("a", "192.0.2.7", "gw.test", "SMTP", "id-1", "", AT)
