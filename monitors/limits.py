"""What a monitor may be: each limit, and the sentence for whoever oversteps it. Reads no database."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from probes.config import CONFIGS, ConfigError, check_config, check_target

MAX_INTERVAL_S = 7 * 86_400
MAX_NAME_CHARS = 100
MAX_URL_CHARS = 2_000
MAX_TAGS = 20
MAX_TAG_CHARS = 50
HEARTBEAT = "heartbeat"
DOMAIN = "domain"
DOMAIN_MIN_INTERVAL_S = 3_600
"""Registries count questions, and what they say changes once a year."""

SECRET_OF = {"basic": "password", "bearer": "token"}
_PING_REFUSED = (
    "This machine does not let SentryPulse send pings. On Linux run: "
    'sysctl -w net.ipv4.ping_group_range="0 2147483647"; or watch the host with kind tcp.'
)


def clean_fields(
    kind: str, given: Mapping[str, Any], *, timeout_s: int = 0, interval_s: int = 0
) -> dict[str, Any]:
    """Return ``given`` as it may be stored, the configuration complete and with its secrets in the clear.

    ``timeout_s`` and ``interval_s`` are what holds where ``given`` has none. Raises ``ValidationError`` with
    every mistake by field; those of the configuration are under ``config.<path>``, such as
    ``config.headers.X-Token``.
    """
    if kind not in CONFIGS:
        raise ValidationError({"kind": f"There is no kind {kind!r}; choose one of {', '.join(CONFIGS)}."})
    cleaned, errors = dict(given), dict[str, str]()
    checks = _CHECKS | {"interval_s": partial(check_interval, kind=kind)}
    for name, check in checks.items():
        if name in given:
            try:
                cleaned[name] = check(given[name])
            except ValueError as mistake:
                errors[name] = str(mistake)
    if "url" in given:
        cleaned["url"] = _clean_url(kind, given["url"], errors)
    if "config" in given:
        cleaned["config"] = _clean_config(kind, given["config"], errors)
    if not errors.keys() & {"timeout_s", "interval_s"}:
        timeout_s, interval_s = given.get("timeout_s", timeout_s), given.get("interval_s", interval_s)
        if timeout_s > interval_s and kind != HEARTBEAT and given.keys() & {"timeout_s", "interval_s"}:
            errors["timeout_s"] = f"Must not be longer than the interval ({interval_s} s)."
    if errors:
        raise ValidationError(dict(errors))
    return cleaned


def check_permitted(kind: str) -> None:
    """Refuse what this installation cannot measure: pings, where the system does not allow them."""
    if kind != "ping" or not settings.EMBEDDED:
        return
    from probes.ping import ping_permitted  # it opens a socket to find out; only a ping needs it

    if not ping_permitted():
        raise ValidationError({"kind": _PING_REFUSED})


def _clean_url(kind: str, url: str, errors: dict[str, str]) -> str:
    try:
        url = check_target(kind, url)
    except ConfigError as mistake:
        errors |= mistake.errors
    if len(url) > MAX_URL_CHARS:
        errors.setdefault("url", f"Must have at most {MAX_URL_CHARS} characters, has {len(url)}.")
    return url


def _clean_config(kind: str, config: Any, errors: dict[str, str]) -> Any:
    if not isinstance(config, Mapping):
        errors["config"] = "Must be an object."
        return config
    if missing := _find_missing_secrets(config):
        errors |= missing
        return config
    try:
        return check_config(kind, config)
    except ConfigError as mistake:
        errors |= {f"config.{path}": sentence for path, sentence in mistake.errors.items()}
    return config


def _find_missing_secrets(config: Mapping[str, Any]) -> dict[str, str]:
    missing = {}
    auth, headers = config.get("auth"), config.get("headers")
    if (
        isinstance(auth, Mapping)
        and (name := SECRET_OF.get(str(auth.get("type"))))
        and auth.get(name) is None
    ):
        missing[f"config.auth.{name}"] = f"Send the {name}; there is none stored for it."
    if isinstance(headers, Mapping):
        for header, value in headers.items():
            if isinstance(value, Mapping) and value.get("secret") and value.get("value") is None:
                missing[f"config.headers.{header}"] = "Send the header's value; there is none stored for it."
    return missing


def default_interval_s(kind: str) -> int:
    return 86_400 if kind == DOMAIN else 60


def check_interval(value: int, *, kind: str) -> int:
    """Raises ``ValueError``. A kind that asks somebody else's server has a minimum of its own."""
    if kind == DOMAIN and settings.MIN_INTERVAL_S <= value < DOMAIN_MIN_INTERVAL_S:
        raise ValueError(
            f"A domain is asked for once an hour at most: from {DOMAIN_MIN_INTERVAL_S} to {MAX_INTERVAL_S} "
            f"seconds, not {value}."
        )
    return _check_seconds(value, settings.MIN_INTERVAL_S, MAX_INTERVAL_S)


def _check_seconds(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"Must be from {low} to {high} seconds, not {value}.")
    return value


def _check_count(value: int) -> int:
    if not 1 <= value <= 20:
        raise ValueError(f"Must be from 1 to 20 results, not {value}.")
    return value


def _check_name(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME_CHARS:
        raise ValueError(f"Must have 1 to {MAX_NAME_CHARS} characters, has {len(name)}.")
    return name


def check_tags(names: Iterable[str]) -> list[str]:
    """The names without repetitions (case does not tell tags apart), in the order they came."""
    unique: dict[str, str] = {}
    for name in (raw.strip() for raw in names):
        check_tag(name)
        unique.setdefault(name.casefold(), name)
    if len(unique) > MAX_TAGS:
        raise ValueError(f"A monitor has at most {MAX_TAGS} tags, not {len(unique)}.")
    return list(unique.values())


def check_tag(name: str) -> str:
    name = name.strip()
    if not 1 <= len(name) <= MAX_TAG_CHARS:
        raise ValueError(f"A tag has 1 to {MAX_TAG_CHARS} characters; {name[:60]!r} has {len(name)}.")
    return name


def _check_regions(regions: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(regions))
    if unknown := [region for region in wanted if region not in settings.REGIONS]:
        raise ValueError(
            f"There is no region {', '.join(unknown)}; choose from: {', '.join(settings.REGIONS)}."
        )
    return wanted


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "name": _check_name,
    "timeout_s": lambda value: _check_seconds(value, 1, 60),
    "recheck_s": lambda value: _check_seconds(value, 1, 3_600),
    "fail_after": _check_count,
    "recover_after": _check_count,
    "tags": check_tags,
    "regions": _check_regions,
}
