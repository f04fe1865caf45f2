"""Line ends of large messages, in slices: what looks at 25 MB at once keeps the GIL, and so the loop, for long.

Used by whoever takes messages in and by whoever sends them. Pure; RFC 5321 §2.3.8.
"""

SLICE = 256 * 1024  # octets of a large message that are looked at in one go


def has_only_crlf(data: bytes) -> bool:
    """Whether no CR and no LF stands alone."""
    start = 0
    while start < len(data):
        end = min(start + SLICE, len(data))
        end += data[end - 1 : end + 1] == b"\r\n"  # a pair is not cut
        rest = data[start:end].replace(b"\r\n", b"")
        if b"\r" in rest or b"\n" in rest:
            return False
        start = end
    return True
