"""Which settings does somebody edit? A version names them, so that two people do not overwrite each other."""

import json
from collections.abc import Collection
from hashlib import blake2b

from core.errors import Stale
from monitors.models import Monitor

CHANGED = "Somebody changed this monitor in the meantime; load it again."
ANY = "*"
_SETTINGS = (
    "name",
    "url",
    "interval_s",
    "timeout_s",
    "fail_after",
    "recover_after",
    "recheck_s",
    "config",
    "secrets",
    "regions",
    "enabled",
)


def version_of(monitor: Monitor) -> str:
    """The version of what people set, tags and dependencies included. Nothing that checks find changes it."""
    settings = [getattr(monitor, name) for name in _SETTINGS]
    tags = sorted(tag.name for tag in monitor.tags.all())
    needed = sorted(other.pk for other in monitor.depends_on.all())
    spelled = json.dumps([settings, tags, needed], sort_keys=True)
    return blake2b(spelled.encode(), digest_size=9).hexdigest()


def require_version(monitor: Monitor, versions: Collection[str]) -> None:
    """Raise ``Stale`` unless the monitor, which is locked, is still of one of ``versions``; without any it
    may be of whichever."""
    if versions and ANY not in versions and version_of(monitor) not in versions:
        raise Stale(CHANGED)
