"""What a list of monitors may be asked for."""

from typing import Any

from django_filters import rest_framework as filters  # type: ignore[import-untyped]  # it ships no types

from monitors.models import Monitor, MonitorQuerySet
from monitors.selectors import SHOWN, filter_by_verdict
from monitors.transitions import State
from probes.config import CONFIGS


class MonitorFilter(filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    status = filters.ChoiceFilter(choices=[(word, word) for word in SHOWN], method="filter_status")
    kind = filters.ChoiceFilter(choices=[(kind, kind) for kind in CONFIGS])
    tag = filters.CharFilter(field_name="tags__name", lookup_expr="iexact", distinct=True)
    enabled = filters.BooleanFilter()
    team = filters.NumberFilter(field_name="team_id", max_value=2**63 - 1)

    class Meta:
        model = Monitor
        fields: list[str] = []

    def filter_status(self, monitors: MonitorQuerySet, name: str, value: str) -> Any:
        """As shown: paused hides maintenance, and maintenance hides what is believed."""
        if value == "paused":
            return monitors.filter(enabled=False)
        view = self.request.parser_context["view"]
        covered = view.ids_in_maintenance(now=view.now)
        active = monitors.filter(enabled=True)
        if value == "maintenance":
            return active.filter(pk__in=covered)
        return filter_by_verdict(active.exclude(pk__in=covered), State(value))
