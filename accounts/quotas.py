"""How much one team may have. The settings say, and operators may say otherwise for a team (admin, Team).

A quota is looked at by what makes more of a thing, in its transaction and after the deed: what is too much is
rolled back. What a team has already stays as it is, however a quota is lowered.
"""

from dataclasses import dataclass

from django.conf import settings

from accounts.models import Quota, QuotaLock
from core.errors import RuleViolation


@dataclass(frozen=True, slots=True)
class QuotaKind:
    """``title`` is what is counted, as it stands after a number."""

    title: str
    help: str = "Delete some"


KINDS = {
    "monitors": QuotaKind("monitors"),
    "checks_a_minute": QuotaKind("checks a minute", "Pause monitors, or make their intervals longer"),
    "channels": QuotaKind("channels"),
    "status_pages": QuotaKind("status pages"),
    "maintenance_windows": QuotaKind("maintenance windows"),
    "rules": QuotaKind("alert rules"),
    "slos": QuotaKind("SLOs"),
    "tags": QuotaKind("tags"),
}
"""By the name that the settings, the admin and every refusal call it. A new kind needs a line here and a
setting ``QUOTA_<NAME>``."""


class QuotaReached(RuleViolation):
    """409, with the quota's name in the sentence."""


def lock_quotas(team_id: int) -> None:
    """Let nobody else make more for the team until this transaction ends. Taken before any other lock."""
    QuotaLock.objects.select_for_update().get_or_create(pk=team_id)


def read_quota(team_id: int, name: str) -> int:
    """How many the team may have; 0: as many as it likes."""
    own = Quota.objects.filter(team_id=team_id, name=name).values_list("most", flat=True).first()
    return int(settings.QUOTAS[name]) if own is None else own


def require_within(team_id: int, name: str, *, has: float) -> None:
    """Raise ``QuotaReached`` when what the team has now is more than it may."""
    most, kind = read_quota(team_id, name), KINDS[name]
    if most and has > most:
        raise QuotaReached(
            f"This would make {has:,.0f} {kind.title}, and the team's quota {name} is {most:,}."
            f" {kind.help}, or ask the operator for a larger quota."
        )
