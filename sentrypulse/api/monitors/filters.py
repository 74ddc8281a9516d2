"""What a list of monitors may be asked for."""

from typing import Any

from django_filters import rest_framework as filters

from accounts.selectors import team_ids_for
from core.filters import FilterSet, FlagFilter, IdFilter
from incidents.maintenance import find_covered
from monitors.models import Monitor, MonitorQuerySet
from monitors.selectors import SHOWN, filter_by_verdict
from monitors.tags import find_named
from monitors.transitions import State
from probes.registry import KINDS


class MonitorFilter(FilterSet):
    status = filters.ChoiceFilter(choices=[(word, word) for word in SHOWN], method="filter_status")
    kind = filters.ChoiceFilter(choices=[(kind, kind) for kind in KINDS])
    tag = filters.CharFilter(method="filter_tag")
    enabled = FlagFilter()
    team = IdFilter(field_name="team_id")

    class Meta:
        model = Monitor
        fields: list[str] = []

    def filter_tag(self, monitors: MonitorQuerySet, name: str, value: str) -> Any:
        named = find_named(value, team_ids=team_ids_for(self.request.user))
        return monitors.filter(tags__in=named).distinct()

    def filter_status(self, monitors: MonitorQuerySet, name: str, value: str) -> Any:
        """As shown: paused hides maintenance, and maintenance hides what is believed."""
        if value == "paused":
            return monitors.filter(enabled=False)
        now = self.request.parser_context["view"].now
        covered = find_covered(self.request.user, now=now)
        active = monitors.filter(enabled=True)
        if value == "maintenance":
            return active.filter(pk__in=covered)
        return filter_by_verdict(active.exclude(pk__in=covered), State(value))
