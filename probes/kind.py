"""What a kind of check consists of. ``probes/kinds/<kind>.py`` makes one ``CheckKind``, its ``KIND``."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from probes.check import Starter
from probes.spec import CheckSpec


def name_target_host(spec: CheckSpec) -> str:
    """The host of the target: of a URL, of ``host:port``, or the target itself."""
    target = spec.target
    if "://" in target:
        with suppress(ValueError):
            return (urlsplit(target).hostname or target).lower()
        return target
    host, colon, _port = target.rpartition(":")
    return (host if colon and (":" not in host or host.endswith("]")) else target).lower()


@dataclass(frozen=True, slots=True)
class Target:
    """How a form asks for what is watched."""

    label: str
    example: str
    help: str = ""


def _moves(old: str, _old_config: Mapping[str, Any], new: str, _new_config: Mapping[str, Any]) -> bool:
    return old != new


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckKind:
    """All that the rest of the product knows about a kind. The first six fields are required, the others have
    defaults.

    The core reads configurations but probes nothing, so a kind's module must not import pycurl, dnspython,
    asyncio or cryptography at its top, directly or not. The probe imports them when it runs. ``needs`` names
    those modules, so that the prober imports them before the first check's clock starts.
    """

    label: str
    help: str
    """What it does, in one sentence."""
    target: Target | None
    """None: it watches no address."""
    config: type[Struct]
    """The fields of its configuration, with types, defaults and descriptions: `probes/forms.py` makes the
    form of them."""
    check_target: Callable[[str], str]
    """Returns a target in its normal form. Raises ``ValueError`` with a sentence for one that is not
    valid."""
    start: Starter | None
    """Begins a check; ``check.finish`` is called exactly once. None: nothing is probed."""
    name_hint: str = "{host}"
    """What a form proposes as the name of a new monitor. ``{host}`` and ``{target}`` stand for those of its
    target, other words in braces for fields."""
    needs: tuple[str, ...] = ()
    tidy: Callable[[Mapping[str, Any]], dict[str, Any]] = dict
    """Changes values into what people mean by them, before their types are judged."""
    validate: Callable[[dict[str, Any], dict[str, str]], None] = lambda _config, _errors: None
    """Judges the complete configuration by rules that no type tells. Adds errors by field; may bring values
    into their normal form."""
    validate_together: Callable[[str, Mapping[str, Any]], dict[str, str]] = lambda _target, _config: {}
    """Returns errors by field of a configuration that does not fit the target."""
    moves_secrets: Callable[[str, Mapping[str, Any], str, Mapping[str, Any]], bool] = _moves
    """Whether stored secrets would go to another server, or unencrypted, if the first target and
    configuration became the second. Then a person must enter the secrets again."""
    name_host: Callable[[CheckSpec], str] = name_target_host
    """The host that a check loads, for the bound per host."""
    find_obstacle: Callable[[], str] = str
    """Why this machine cannot run such a check, in a sentence; empty: it can."""
    schemes: tuple[str, ...] = ()
    """The schemes of the URLs that it takes; empty: it takes a host."""
    default_interval_s: int = 60
    min_interval_s: int = 0
    min_interval_why: str = ""
