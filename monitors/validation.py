"""Limits of a monitor's settings, and the sentence for a person who exceeds one. Reads no database."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from core.folding import fold_case
from monitors.transitions import FAIL_AFTER
from probes.config import check_config, check_target
from probes.config_error import ConfigError
from probes.registry import HEARTBEAT, KINDS, load_kind

MAX_INTERVAL_S = 7 * 86_400
DEFAULT_TIMEOUT_S = 10
MAX_TIMEOUT_S = 60
MAX_RECHECK_S = 3_600
MAX_RESULTS = 20
"""In a row, to believe a change."""
MAX_NAME_CHARS = 100
MAX_URL_CHARS = 2_000
MAX_TAGS = 20
MAX_TAG_CHARS = 50

SECRET_OF = {"basic": "password", "bearer": "token"}


def clean_fields(
    kind: str, given: Mapping[str, Any], *, timeout_s: int = 0, interval_s: int = 0
) -> dict[str, Any]:
    """Return ``given`` as it may be stored, the configuration complete and with its secrets in the clear.

    ``timeout_s`` and ``interval_s`` are what holds where ``given`` has none. Raises ``ValidationError`` with
    every mistake by field; those of the configuration are under ``config.<path>``, such as
    ``config.headers.X-Token``.
    """
    if kind not in KINDS:
        raise ValidationError({"kind": f"There is no kind {kind!r}; choose one of {', '.join(KINDS)}."})
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


def default_timeout_s(interval_s: int) -> int:
    return min(DEFAULT_TIMEOUT_S, interval_s)


def check_together(kind: str, url: str, config: Mapping[str, Any]) -> None:
    """Raises ``ValidationError`` for a configuration that does not go together with the target."""
    if errors := load_kind(kind).validate_together(url, config):
        raise ValidationError({f"config.{field}": why for field, why in errors.items()})


def check_permitted(kind: str) -> None:
    """Refuse what this installation cannot measure, such as pings where the system does not allow them."""
    if settings.EMBEDDED and (obstacle := load_kind(kind).find_obstacle()):
        raise ValidationError({"kind": obstacle})


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


def default_fail_after(kind: str) -> int:
    """A heartbeat that does not come is believed at once: there is nothing to ask again."""
    return 1 if kind == HEARTBEAT else FAIL_AFTER


def default_interval_s(kind: str) -> int:
    return load_kind(kind).default_interval_s if kind in KINDS else 60


def shortest_interval_s(kind: str) -> int:
    return max(settings.MIN_INTERVAL_S, load_kind(kind).min_interval_s)


def check_interval(value: int, *, kind: str) -> int:
    """Raises ``ValueError``. A kind that asks somebody else's server has a minimum of its own."""
    rules = load_kind(kind)
    if settings.MIN_INTERVAL_S <= value < rules.min_interval_s:
        raise ValueError(
            f"{rules.min_interval_why}: from {rules.min_interval_s} to {MAX_INTERVAL_S} seconds, not {value}."
        )
    return _check_seconds(value, settings.MIN_INTERVAL_S, MAX_INTERVAL_S)


def _check_seconds(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(f"Must be from {low} to {high} seconds, not {value}.")
    return value


def _check_count(value: int) -> int:
    if not 1 <= value <= MAX_RESULTS:
        raise ValueError(f"Must be from 1 to {MAX_RESULTS} results, not {value}.")
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
        unique.setdefault(fold_case(name), name)
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
    "timeout_s": lambda value: _check_seconds(value, 1, MAX_TIMEOUT_S),
    "recheck_s": lambda value: _check_seconds(value, 1, MAX_RECHECK_S),
    "fail_after": _check_count,
    "recover_after": _check_count,
    "tags": check_tags,
    "regions": _check_regions,
}
