"""The signature of a webhook, as Standard Webhooks defines it (https://www.standardwebhooks.com).

A receiver computes it again from what it got, with the secret that it shares with us:
``base64(HMAC-SHA256(key, "<webhook-id>.<webhook-timestamp>.<body>"))``.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import datetime


def make_secret() -> str:
    """A new signing secret: 32 random bytes."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"


def signing_key(secret: str) -> bytes | None:
    """The key's bytes; None for a bad secret. In Standard Webhooks, base64 follows ``whsec_``; any other text
    of 16 to 200 characters is the key itself."""
    if not secret.startswith("whsec_"):
        return secret.encode() if 16 <= len(secret) <= 200 else None
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        return None
    return key if 24 <= len(key) <= 64 else None


def sign(secret: str, *, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature``. Raises ``ValueError`` for
    a bad secret."""
    key = signing_key(secret)
    if key is None:
        raise ValueError("not a signing secret")
    timestamp = str(int(at.timestamp()))
    signed = b".".join([message_id.encode(), timestamp.encode(), body])
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
