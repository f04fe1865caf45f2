"""`Idempotency-Key` over HTTP: which name a request bears, and what it asks. The rest is `queue.once`."""

import hashlib

import msgspec
from starlette.requests import Request

from emailgw.api.limits import aside
from emailgw.api.operation import Header
from emailgw.core.directory import ApiKey
from emailgw.queue.once import LONGEST_NAME, Once, Work

IDEMPOTENCY_KEY = Header(
    "Idempotency-Key",
    "The same request again within 24 hours is answered as it was the first time, and sends nothing.",
    {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
)


async def answer_once(once: Once, request: Request, key: ApiKey, body: bytes, work: Work) -> bytes:
    """The answer of `work`, or the one it gave before. Raises Rejected."""
    name = request.headers.get("idempotency-key")
    return await once.answer(name, key, lambda: aside(len(body), _fingerprint, request, body), work)


def _fingerprint(request: Request, body: bytes) -> bytes:
    """Of the endpoint, of what its headers change, and of the body's meaning: the order of its keys says nothing."""
    try:
        body = msgspec.json.encode(msgspec.json.decode(body), order="deterministic")
    except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError):
        pass  # about to be refused
    digest = hashlib.sha256(request.url.path.encode("utf-8", "replace"))
    digest.update(b"\0" + request.headers.get("x-batch-validation", "").encode("utf-8", "replace") + b"\0")
    digest.update(body)
    return digest.digest()
