"""What a request carries as its configuration says, and which of it is secret."""

from collections.abc import Mapping
from typing import Protocol

from probes.config_fields import BasicAuth, BearerAuth, SecretValue

USER_AGENT = "SentryPulse/1.0 (uptime check)"
_AT_HOME_ONLY = ("authorization", "cookie", "host", "proxy-authorization")


class Carrying(Protocol):
    """A configuration with headers and credentials."""

    @property
    def headers(self) -> Mapping[str, str | SecretValue]: ...

    @property
    def auth(self) -> BasicAuth | BearerAuth | None: ...


def list_headers(config: Carrying, *, at_home: bool) -> dict[str, str]:
    """By name. ``at_home``: at the origin that the credentials are meant for. Basic ones are not here."""
    given: dict[str, str] = {}
    for name, value in config.headers.items():
        text, secret = (value, False) if isinstance(value, str) else (value.value, value.secret)
        if at_home or not (secret or name.lower() in _AT_HOME_ONLY):
            given[name] = text
    if at_home and isinstance(config.auth, BearerAuth):
        given["Authorization"] = f"Bearer {config.auth.token}"
    return given


def list_secrets(config: Carrying) -> list[str]:
    """The texts that must appear in no sentence."""
    secrets = [
        value.value for value in config.headers.values() if not isinstance(value, str) and value.secret
    ]
    if isinstance(config.auth, BasicAuth):
        secrets.append(config.auth.password)
    if isinstance(config.auth, BearerAuth):
        secrets.append(config.auth.token)
    return [secret for secret in secrets if len(secret) >= 3]


def redact(sentence: str, config: Carrying) -> str:
    """Take secrets out of the sentence: a server may echo them, and the sentence quotes what it said."""
    for secret in list_secrets(config):
        sentence = sentence.replace(secret, "•••")
    return sentence
