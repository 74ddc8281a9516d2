"""Error budgets that burn too fast, as troubles. An SLO has one trouble while any of its alerts is open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from accounts.models import Team
from alerts.models import Event, Trouble, TroubleKind
from alerts.troubles import open_troubles
from monitors.models import Monitor


@dataclass(frozen=True, slots=True)
class Burn:
    """How the error budget of one SLO burns; the caller makes it of the SLO's burn alerts.

    ``alerts`` holds the ids of the burn alerts that are open or just closed. ``speed`` is the speed of the
    most urgent one, a word of ``SPEEDS``.
    """

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
    """Bring the budget troubles up to date with ``burns``; return the troubles that changed.

    ``burns`` must hold every SLO that has an open alert, and those whose alerts just closed. An open trouble
    whose SLO is missing is closed: its alert was closed or deleted elsewhere. When a more urgent alert opens,
    people are told again (``round`` goes up by one).
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
    return changed + open_troubles(new)


def _slo_of(trouble: Trouble) -> int:
    """The SLO's id from the trouble's cause; 0 when the cause holds none."""
    found = trouble.read_cause().get("slo_id")
    return found if isinstance(found, int) else 0


def _follow_burn(trouble: Trouble, burn: Burn | None, *, now: datetime) -> bool:
    """Copy ``burn`` to its trouble (None closes the trouble); return whether the trouble changed."""
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
