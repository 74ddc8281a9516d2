"""Encrypts secrets as text that may be stored: Fernet (AES-128-CBC and HMAC-SHA256,
https://github.com/fernet/spec) with the key ``FIELD_ENCRYPTION_KEY``."""

import base64
import json
from collections.abc import Mapping
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

_SHORTEST_TOKEN = 1 + 8 + 16 + 16 + 32
"""Bytes: version, time, vector, one block, signature."""


class SecretsUnreadable(Exception):
    """The secrets were encrypted with another key than FIELD_ENCRYPTION_KEY."""


@lru_cache(maxsize=4)
def _cipher(keys: str) -> MultiFernet:
    return MultiFernet([Fernet(key.strip()) for key in keys.split(",")])


def seal(secrets: Mapping[str, str]) -> str:
    """The secrets as encrypted text; empty when there are none."""
    if not secrets:
        return ""
    return _cipher(settings.FIELD_ENCRYPTION_KEY).encrypt(json.dumps(dict(secrets)).encode()).decode()


def unseal(sealed: str) -> dict[str, str]:
    """The secrets of an encrypted text. Raises ``SecretsUnreadable`` when the key is another one."""
    if not sealed:
        return {}
    try:
        opened = _cipher(settings.FIELD_ENCRYPTION_KEY).decrypt(sealed.encode())
    except InvalidToken:
        raise SecretsUnreadable(
            "FIELD_ENCRYPTION_KEY does not open the stored secrets; restore the old key."
        ) from None
    secrets: dict[str, str] = json.loads(opened)
    return secrets


def is_token(sealed: str) -> bool:
    """Whether the text looks as ``seal`` writes it, whatever the key."""
    try:
        token = base64.urlsafe_b64decode(sealed)
    except ValueError:
        return False
    return token[:1] == b"\x80" and len(token) >= _SHORTEST_TOKEN and (len(token) - _SHORTEST_TOKEN) % 16 == 0


def reseal(sealed: str) -> str:
    """The same secrets, encrypted with the newest key. Unchanged when they are so already or cannot be
    decrypted."""
    newest, *_ = settings.FIELD_ENCRYPTION_KEY.split(",")
    try:
        Fernet(newest.strip()).decrypt(sealed.encode())
    except InvalidToken:
        pass
    else:
        return sealed
    try:
        return _cipher(settings.FIELD_ENCRYPTION_KEY).rotate(sealed.encode()).decode()
    except InvalidToken:
        return sealed
