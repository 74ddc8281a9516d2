"""The headers and credentials that a request carries by its configuration, and which of them are secret."""

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
    """The headers by name. ``at_home``: the request goes to the origin that the credentials are for;
    otherwise secret headers and credentials are left out. User name and password are never among the headers:
    the caller sends them."""
    given: dict[str, str] = {}
    for name, value in config.headers.items():
        text, secret = (value, False) if isinstance(value, str) else (value.value, value.secret)
        if at_home or not (secret or name.lower() in _AT_HOME_ONLY):
            given[name] = text
    if at_home and isinstance(config.auth, BearerAuth):
        given["Authorization"] = f"Bearer {config.auth.token}"
    return given


def list_secret_texts(config: Carrying) -> list[str]:
    """The secret texts, which no sentence may show. Texts of fewer than three characters are left out."""
    secrets = [
        value.value for value in config.headers.values() if not isinstance(value, str) and value.secret
    ]
    if isinstance(config.auth, BasicAuth):
        secrets.append(config.auth.password)
    if isinstance(config.auth, BearerAuth):
        secrets.append(config.auth.token)
    return [secret for secret in secrets if len(secret) >= 3]


def redact(sentence: str, config: Carrying) -> str:
    """The sentence with its secrets hidden. A server may send a secret back, and the sentence may quote the
    server."""
    for secret in list_secret_texts(config):
        sentence = sentence.replace(secret, "•••")
    return sentence
