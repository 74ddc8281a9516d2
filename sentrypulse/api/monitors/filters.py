"""What a list of monitors may be asked for."""

from functools import reduce
from operator import or_
from typing import Any

from django import forms
from django.db.models import Q
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema_field

from accounts.selectors import team_ids_for
from core.filters import FilterSet, FlagFilter, IdFilter
from incidents.maintenance import find_covered
from monitors.models import Monitor, MonitorQuerySet
from monitors.selectors import filter_by_state
from monitors.status import MonitorStatus
from monitors.tags import find_named
from monitors.transitions import State
from probes.registry import KINDS


class _TextsField(forms.MultipleChoiceField):
    """Any texts, none of them empty."""

    def valid_value(self, value: Any) -> bool:
        return True

    def to_python(self, value: Any) -> list[str]:
        return [text for text in super().to_python(value) if text]


@extend_schema_field({"type": "string"})  # an item
class _TextsFilter(filters.MultipleChoiceFilter):  # type: ignore[misc]  # it ships no types
    field_class = _TextsField


class MonitorFilter(FilterSet):
    """``status``, ``kind`` and ``tag`` may be repeated: whatever has any of the values is found."""

    status = filters.MultipleChoiceFilter(
        choices=MonitorStatus.choices, method="filter_status", label="Any of these"
    )
    kind = filters.MultipleChoiceFilter(
        choices=[(kind, kind) for kind in KINDS], method="filter_kind", label="Any of these"
    )
    tag = _TextsFilter(method="filter_tag", label="Any of these, or all: see `tags`")
    tags = filters.ChoiceFilter(
        choices=[("any", "any"), ("all", "all")],
        method="keep_all",
        label="Whether one `tag` of several is enough, or all are needed; one is, unless said",
    )
    enabled = FlagFilter()
    team = IdFilter(field_name="team_id")

    class Meta:
        model = Monitor
        fields: list[str] = []

    def keep_all(self, monitors: MonitorQuerySet, name: str, value: str) -> Any:
        """Says how ``filter_tag`` reads its values."""
        return monitors

    def filter_kind(self, monitors: MonitorQuerySet, name: str, values: list[str]) -> Any:
        return monitors.filter(kind__in=values) if values else monitors

    def filter_tag(self, monitors: MonitorQuerySet, name: str, values: list[str]) -> Any:
        teams = team_ids_for(self.request.user)
        named = [find_named(value, team_ids=teams) for value in values]
        if self.form.cleaned_data.get("tags") != "all":
            named = [[pk for some in named for pk in some]] if named else []
        for some in named:
            monitors = monitors.filter(
                pk__in=Monitor.tags.through.objects.filter(tag__in=some).values("monitor")
            )
        return monitors

    def filter_status(self, monitors: MonitorQuerySet, name: str, values: list[str]) -> Any:
        """As shown: paused hides maintenance, and maintenance hides what is believed."""
        if not values:
            return monitors
        now = self.request.parser_context["view"].now
        covered = find_covered(self.request.user, now=now)
        if len(values) == 1:
            return self._with_status(monitors, values[0], covered)
        each = [self._with_status(Monitor.objects.all(), value, covered) for value in values]
        return monitors.filter(reduce(or_, (Q(pk__in=some.values("pk")) for some in each)))

    def _with_status(self, monitors: MonitorQuerySet, value: str, covered: set[int]) -> MonitorQuerySet:
        if value == "paused":
            return monitors.filter(enabled=False)
        active = monitors.filter(enabled=True)
        if value == "maintenance":
            return active.filter(pk__in=covered)
        return filter_by_state(active.exclude(pk__in=covered), State(value))
