"""The alerts of a team that has configured nothing: its owners are told by e-mail."""

from collections.abc import Collection

from django.db import IntegrityError, transaction

from accounts.models import Team
from alerts.models import DEFAULT_EVENTS, AlertSettings, Channel, Rule, Step
from delivery.registry import EMAIL


def ensure_defaults(team_ids: Collection[int]) -> None:
    """Give each team without settings its settings, a channel to its owners, and a rule for the default
    events.

    This happens once for each team, so a channel or rule that people delete stays deleted. It costs one
    statement when all teams have their settings.
    """
    have = set(AlertSettings.objects.filter(pk__in=team_ids).values_list("pk", flat=True))
    for team in (
        Team.objects.filter(pk__in=set(team_ids) - have).order_by("pk") if set(team_ids) - have else ()
    ):
        try:
            with transaction.atomic():
                AlertSettings.objects.create(team=team)
                channel = Channel.objects.create(
                    team=team, name="Owners by e-mail", kind=EMAIL, config={"to": []}, to_owners=True
                )
                rule = Rule.objects.create(team=team, name="Everything", events=DEFAULT_EVENTS)
                Step.objects.create(rule=rule).channels.add(channel)
        except IntegrityError:
            continue  # another process was first
