"""What SLOs a team may have. Each function is one transaction."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.models import Team
from accounts.quotas import lock_quotas, require_within
from analytics.models import Slo
from analytics.slos.alerts import close_alerts
from core.errors import RuleViolation

TARGET = "Give the target as a fraction from 0.5 to less than 1: 0.999 is 99.9 %."
DECIMALS = "A target has at most 6 decimal places, such as 0.999995; round it."
WINDOW = "Give the window_days as a whole number from 1 to 90."
NO_SUBJECT = "An SLO is of one monitor or of one tag: name one of either."
TWO_SUBJECTS = "An SLO is of one monitor or of one tag, not of both: set one of them to null."


def find_target_fault(target: Decimal) -> str | None:
    if not Decimal("0.5") <= target < 1:
        return TARGET
    return DECIMALS if target != round(target, 6) else None


def find_slo_faults(slo: Slo) -> dict[str, str]:
    """What is wrong with an SLO that is to be saved, by field: a sentence that tells how to mend it."""
    faults = {}
    if fault := find_target_fault(slo.target_ratio):
        faults["target"] = fault
    if not 1 <= slo.window_days <= 90:
        faults["window_days"] = WINDOW
    if slo.monitor and slo.tag:
        faults["tag"] = TWO_SUBJECTS
    elif not slo.monitor and not slo.tag:
        faults["monitor"] = NO_SUBJECT
    for name, subject in (("monitor", slo.monitor), ("tag", slo.tag)):
        if subject and subject.team_id != slo.team_id:
            faults[name] = f"Choose a {name} of the SLO's own team."
    return faults


def _check(slo: Slo) -> None:
    if faults := find_slo_faults(slo):
        raise ValidationError(faults)


@transaction.atomic
def create_slo(team: Team, **fields: Any) -> Slo:
    """Raises ``ValidationError`` with every mistake by field, and ``QuotaReached``."""
    lock_quotas(team.pk)
    slo = Slo(team=team, **fields)
    _check(slo)
    slo.save(force_insert=True)
    require_within(team.pk, "slos", has=Slo.objects.filter(team=team).count())
    return slo


def update_slo(slo: Slo, *, now: datetime, **changes: Any) -> Slo:
    """Change the fields named in ``changes``. Raises ``ValidationError``.

    Another target, window or subject closes the open alerts with the change: they were judged by another
    rule. The next evaluation opens those that the new one asks for.
    """
    with transaction.atomic():
        locked = Slo.objects.select_for_update().filter(pk=slo.pk).first()
        if locked is None:
            raise RuleViolation("This SLO was deleted in the meantime.")
        before = locked.rule
        for name, value in changes.items():
            setattr(locked, name, value)
        _check(locked)
        locked.save(update_fields=list(changes))
        if locked.rule != before:
            close_alerts(locked, now=now)
    return locked


def delete_slo(slo: Slo) -> None:
    """With its alerts. The lock lets no evaluation open another meanwhile."""
    with transaction.atomic():
        for locked in Slo.objects.select_for_update().filter(pk=slo.pk):
            locked.delete()
