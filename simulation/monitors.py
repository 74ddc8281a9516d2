"""Who plays: the monitors of the team "Simulation", complete and valid, made by the thousand.

They are enabled, so that lists show what is up and down, but have no slots (``phase_ms`` is null): no check
is sent, for there is nothing at their targets, 127.0.0.1:9, and every check would end their history with an
outage. Paused monitors would be as quiet, but a list of "paused" shows nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from django.conf import settings
from django.db import transaction

from accounts.models import Team
from monitors.models import Heartbeat, Monitor
from monitors.slots import holds_s_of
from monitors.tags import ensure_tags
from monitors.validation import clean_fields, default_fail_after
from probes.registry import HEARTBEAT
from simulation.rows import SLOWEST_RATIO, Source

MAINTAINED_TAG = "database"
MADE_AT_ONCE = 500
PING_EVERY_S = 3_600
# In this order, again and again.
_KINDS = ("http", "http", "tcp", "http", "heartbeat", "http", "tls", "http", "dns", "http", "ping", "http")
# fmt: off
_SERVICES = (
    "Checkout", "Search", "Login", "Payments", "Catalogue", "Cart", "Invoices", "Mail gateway", "Reports",
    "Images", "Ledger", "Customer portal", "Partner API", "Webhooks", "Shipping", "Returns", "Reviews",
    "Recommendations", "Sessions", "Documentation", "Status page", "Billing", "Warehouse", "Exchange rates",
    "Push messages", "Audit log", "Imports", "Exports", "Newsletter", "Support desk", "Maps", "Videos",
    "Single sign-on", "Back office", "Mobile API", "Stock levels", "Coupons", "Address lookup",
    "Fraud check", "Landing page", "Calendar",
)
# fmt: on
_PLACES = ("EU", "US", "Asia")
_BASE_MS = {
    "http": (60, 400),
    "tcp": (5, 60),
    "dns": (4, 40),
    "tls": (30, 150),
    "ping": (3, 40),
    HEARTBEAT: (5_000, 240_000),
}


@dataclass(frozen=True, slots=True)
class Player:
    """A monitor that was made, and how its results come."""

    monitor: Monitor
    source: Source

    @property
    def maintained(self) -> bool:
        return self.monitor.kind == "tcp"


def make_players(
    team: Team, *, count: int, interval_s: int, born_at: datetime, chance: Random
) -> list[Player]:
    """Make ``count`` monitors in ``team``, as if they had been made at ``born_at``."""
    first = Monitor.objects.filter(team=team).count()
    plans = [_plan(number, interval_s, chance) for number in range(first, first + count)]
    players: list[Player] = []
    for begin in range(0, count, MADE_AT_ONCE):
        players += _make(team, plans[begin : begin + MADE_AT_ONCE], born_at=born_at)
    return players


def _plan(number: int, interval_s: int, chance: Random) -> dict[str, Any]:
    """Everything of the monitor of that number, and of its results, but the keys."""
    kind = _KINDS[number % len(_KINDS)]
    name, place, again = _name(number)
    base_ms = chance.randint(*_BASE_MS[kind])
    step_s = PING_EVERY_S if kind == HEARTBEAT else interval_s
    given = {
        "name": f"{name} {place}{f' {again}' if again > 1 else ''}",
        "url": _target(kind, f"{name}-{place}".lower().replace(" ", "-")),
        "interval_s": interval_s,
        "timeout_s": min(10, interval_s),
        "fail_after": default_fail_after(kind),
        "config": _config(kind, base_ms),
        "regions": settings.REGIONS[:1],
        "tags": [
            "staging" if number % 7 == 6 else "production",
            place.lower(),
            MAINTAINED_TAG if kind == "tcp" else kind,
        ],
    }
    fields = clean_fields(kind, given)
    result = {
        "step_ms": step_s * 1000,
        "phase_ms": chance.randrange(step_s * 1000),
        "base_ms": base_ms,
        "salt": chance.getrandbits(32),
    }
    return {"kind": kind, "tags": fields.pop("tags"), "fields": fields, "result": result}


def _name(number: int) -> tuple[str, str, int]:
    """Service, place, and which of those with that name."""
    service, place = _SERVICES[number % len(_SERVICES)], _PLACES[number // len(_SERVICES) % len(_PLACES)]
    return service, place, number // (len(_SERVICES) * len(_PLACES)) + 1


def _target(kind: str, name: str) -> str:
    targets = {"http": f"https://127.0.0.1:9/{name}", "dns": f"{name}.example", "ping": "127.0.0.1"}
    return "" if kind == HEARTBEAT else targets.get(kind, "127.0.0.1:9")


def _config(kind: str, base_ms: int) -> dict[str, Any]:
    if kind == HEARTBEAT:
        return {"period_s": PING_EVERY_S, "grace_s": 600}
    config: dict[str, Any] = {"degraded_ms": base_ms * SLOWEST_RATIO}
    return config | ({"resolver": "127.0.0.1:9"} if kind == "dns" else {})


@transaction.atomic
def _make(team: Team, plans: Sequence[dict[str, Any]], *, born_at: datetime) -> list[Player]:
    last = Monitor.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    Monitor.objects.bulk_create(_unsaved(team, plans, born_at=born_at))
    # Read again, for MySQL does not tell the keys of many rows.
    monitors = list(Monitor.objects.filter(team=team, pk__gt=last).order_by("pk"))
    players = [
        Player(monitor, Source(monitor.pk, monitor.kind, **plan["result"]))
        for monitor, plan in zip(monitors, plans, strict=True)
    ]
    Heartbeat.objects.bulk_create([Heartbeat(monitor=m) for m in monitors if m.kind == HEARTBEAT])
    tags = {
        tag.name: tag.pk for tag in ensure_tags(team.pk, {name for plan in plans for name in plan["tags"]})
    }
    worn = Monitor.tags.through
    worn.objects.bulk_create(
        [
            worn(monitor_id=m.pk, tag_id=tags[name])
            for m, plan in zip(monitors, plans, strict=True)
            for name in plan["tags"]
        ]
    )
    return players


def _unsaved(team: Team, plans: Sequence[dict[str, Any]], *, born_at: datetime) -> Iterator[Monitor]:
    for plan in plans:
        fields = plan["fields"]
        holds_s = holds_s_of(plan["kind"], fields["interval_s"], fields["config"])
        yield Monitor(team=team, kind=plan["kind"], holds_s=holds_s, created_at=born_at, **fields)
