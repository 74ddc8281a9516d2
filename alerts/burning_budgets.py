"""Error budgets that burn too fast, as troubles: one an SLO, from its first alert until none is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import Team
from alerts.models import Event, Trouble, TroubleKind
from monitors.models import Monitor


@dataclass(frozen=True, slots=True)
class Burn:
    """How the error budget of one SLO burns, as its app tells it. ``alerts`` are the ids of those that are
    open, and of those that just closed; ``speed`` is that of the most urgent, one of ``SPEEDS``."""

    slo_id: int
    alerts: tuple[int, ...]
    team: Team
    monitor: Monitor | None
    title: str
    sentence: str
    speed: str
    opened_at: datetime
    closed_at: datetime | None


SPEEDS = ("slow", "medium", "fast")


def update_budget_troubles(burns: Sequence[Burn], *, now: datetime) -> list[Trouble]:
    """The troubles of ``burns``: all SLOs with alerts that are open, and whichever closed. One that is open
    here and not among them was closed or deleted elsewhere, and is closed.

    An SLO is one trouble from its first alert until none is open. It is told anew when a more urgent one
    opens.
    """
    by_slo = {burn.slo_id: burn for burn in burns}
    by_key = {f"budget:{alert}": burn for burn in burns for alert in burn.alerts}
    budgets = Trouble.objects.filter(kind=TroubleKind.BUDGET)
    known = budgets.filter(Q(closed_at__isnull=True) | Q(key__in=list(by_key)))
    of = {t: by_slo.get(_slo_of(t)) or by_key.get(t.key) for t in known}
    changed = [t for t, burn in of.items() if t.closed_at is None and _follow_burn(t, burn, now=now)]
    Trouble.objects.bulk_update(changed, ["closed_at", "title", "cause", "round", "told_from"])
    met = {burn.slo_id for burn in of.values() if burn}
    new = [_from_burn(burn, now=now) for burn in burns if burn.closed_at is None and burn.slo_id not in met]
    Trouble.objects.bulk_create(new)
    return changed + list(Trouble.objects.filter(key__in=[t.key for t in new]) if new else ())


def _slo_of(trouble: Trouble) -> int:
    """0 for none, whatever the row holds."""
    found = trouble.read_cause().get("slo_id")
    return found if isinstance(found, int) else 0


def _follow_burn(trouble: Trouble, burn: Burn | None, *, now: datetime) -> bool:
    """Whether it changed."""
    if burn is None or burn.closed_at is not None:
        trouble.closed_at = burn.closed_at if burn else now
        return True
    before = trouble.read_cause().get("speed")
    if before == burn.speed:
        return False
    if before in SPEEDS and SPEEDS.index(burn.speed) > SPEEDS.index(before):
        trouble.round, trouble.told_from = trouble.round + 1, now
    trouble.title, trouble.cause = burn.title[:200], _cause_of_burn(burn)
    return True


def _cause_of_burn(burn: Burn) -> dict[str, Any]:
    return {"error_code": "", "error": burn.sentence, "slo_id": burn.slo_id, "speed": burn.speed}


def _from_burn(burn: Burn, *, now: datetime) -> Trouble:
    return Trouble(
        team=burn.team,
        kind=TroubleKind.BUDGET,
        key=f"budget:{min(burn.alerts)}",
        monitor=burn.monitor,
        event=Event.SLO_BURNING,
        title=burn.title[:200],
        cause=_cause_of_burn(burn),
        opened_at=burn.opened_at,
        told_from=now,
    )
