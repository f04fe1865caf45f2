"""The PROXY protocol, versions 1 and 2: who the client behind a load balancer is. Pure; used by `protocol`.

Taken only from addresses that the operator named, and then required: nobody else may say who he is.
"""

import ipaddress
import struct

V2 = b"\r\n\r\n\x00\r\nQUIT\n"
LONGEST_V1 = 107  # octets, line end included
LONGEST_V2 = 16 + 2048  # what balancers add about TLS and the like fits


class ProxyError(ValueError):
    """No PROXY header where one must be."""


def read_header(data: bytes) -> tuple[str | None, int] | None:
    """The client's address (None where the header says that the proxy speaks for itself) and the header's length;
    None while it has not come whole. Raises ProxyError.
    """
    if data.startswith(V2[: len(data)]):
        return _read_v2(data) if len(data) >= 16 else None
    if b"PROXY ".startswith(data[:6]):
        return _read_v1(data)
    raise ProxyError("no PROXY header")


def _read_v1(data: bytes) -> tuple[str | None, int] | None:
    end = data.find(b"\r\n", 0, LONGEST_V1)
    if end < 0:
        if len(data) >= LONGEST_V1:
            raise ProxyError("a PROXY line without end")
        return None
    words = data[:end].split(b" ")
    if words[1:2] == [b"UNKNOWN"]:
        return None, end + 2
    if len(words) != 6 or words[1] not in (b"TCP4", b"TCP6"):
        raise ProxyError("a PROXY line that says nothing")
    return _address(words[2].decode("ascii", "replace")), end + 2


def _read_v2(data: bytes) -> tuple[str | None, int] | None:
    command, family, length = struct.unpack_from("!BBH", data, 12)
    if command >> 4 != 2 or command & 15 > 1 or 16 + length > LONGEST_V2:
        raise ProxyError("a PROXY header of an unknown version")
    if len(data) < 16 + length:
        return None
    octets = {0x11: 4, 0x21: 16}.get(family, 0)
    if command & 15 == 0 or not octets:  # a health check, or a family without addresses
        return None, 16 + length
    if length < 2 * octets + 4:
        raise ProxyError("a PROXY header without its addresses")
    return str(ipaddress.ip_address(data[16 : 16 + octets])), 16 + length


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise ProxyError("a PROXY line without an address") from None
