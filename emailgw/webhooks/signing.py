"""How a POST to an endpoint is signed, so that three families of verifiers take it (contracts 1.7, 2.10). Pure.

Standard Webhooks: HMAC-SHA256 with the decoded secret over `id.timestamp.body`, once for each secret that is valid.
The same under Svix's names, which Resend's SDKs read. Sendkit: hex HMAC-SHA256 over the body, keyed with the secret's
text as it was shown.
"""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from emailgw.core.webhooks import EndpointId

PREFIX = "whsec_"
PURPOSE = "webhook secret"  # for the vault


def signed_headers(id: str, timestamp: int, body: bytes, secrets: Sequence[str]) -> dict[str, str]:
    """`secrets`: as they were shown, the current one first. `timestamp` in seconds."""
    content = b"%b.%d.%b" % (id.encode(), timestamp, body)
    signatures = " ".join(f"v1,{_standard(key_of(secret), content)}" for secret in secrets)
    headers = {"X-Webhook-Signature": hmac.digest(secrets[0].encode(), body, "sha256").hex()}
    for family in ("webhook", "svix"):
        headers |= {
            f"{family}-id": id,
            f"{family}-timestamp": str(timestamp),
            f"{family}-signature": signatures,
        }
    return headers


def delivery_id(endpoint: EndpointId, events: Sequence[int]) -> str:
    """Always the same for an endpoint and what it is told in one POST; the same id never means anything else."""
    first = f"msg_{endpoint.replace('-', '')}_{events[0]}"
    if len(events) == 1:
        return first
    return f"{first}_{hashlib.sha256(','.join(map(str, events)).encode()).hexdigest()[:16]}"


def key_of(secret: str) -> bytes:
    """The octets behind `whsec_`; a secret that is not of this form is its own key."""
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        return secret.encode()


def _standard(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.digest(key, content, "sha256")).decode()
