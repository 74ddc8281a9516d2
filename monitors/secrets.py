"""Secrets of a monitor's configuration: split off before it is stored, joined again for the probe, never
read back.

Secret are `auth.password`, `auth.token`, headers marked secret, and headers that always are (`Authorization`,
`Cookie`).
"""

from collections.abc import Mapping
from typing import Any

ALWAYS_SECRET = {"authorization", "cookie", "proxy-authorization", "x-api-key"}
_AUTH_SECRETS = ("password", "token")


def split(config: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """The configuration as people may read it, and its secrets by path."""
    public, secrets = dict(config), dict[str, str]()
    if auth := public.get("auth"):
        secrets |= {f"auth.{name}": auth[name] for name in _AUTH_SECRETS if name in auth}
        public["auth"] = {name: value for name, value in auth.items() if name not in _AUTH_SECRETS}
    if headers := public.get("headers"):
        public["headers"] = dict(headers)
        for name, value in headers.items():
            marked = isinstance(value, dict)
            if (marked and value.get("secret")) or name.lower() in ALWAYS_SECRET:
                secrets[f"headers.{name}"] = value["value"] if marked else value
                public["headers"][name] = {"secret": True}
    return public, secrets


def join(public: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """The configuration with the secrets put back where nothing newer stands in their place.

    Serves the probe, and serves an edit: what a reader got back without its secret may be sent again as it
    is.
    """
    config = dict(public)
    if isinstance(auth := config.get("auth"), dict):
        kept = {name: secrets[f"auth.{name}"] for name in _AUTH_SECRETS if f"auth.{name}" in secrets}
        wanted = "token" if auth.get("type") == "bearer" else "password"
        config["auth"] = {**{k: v for k, v in kept.items() if k == wanted}, **auth}
    if isinstance(headers := config.get("headers"), dict):
        config["headers"] = {name: _join_header(name, value, secrets) for name, value in headers.items()}
    return config


def _join_header(name: str, value: Any, secrets: Mapping[str, str]) -> Any:
    if isinstance(value, dict) and value.get("value") is None and f"headers.{name}" in secrets:
        return {"value": secrets[f"headers.{name}"], "secret": True}
    return value
