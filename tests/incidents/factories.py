"""What the incidents' tests are made of."""

from datetime import UTC, datetime, timedelta
from typing import Any

from factory.declarations import LazyAttribute, Sequence, SubFactory
from factory.django import DjangoModelFactory
from factory.helpers import post_generation

from core.folding import make_name_key
from incidents.models import Incident, MaintenanceWindow
from incidents.services import open_incident, say
from monitors.models import Monitor, Tag
from tests.factories import TeamFactory

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class _MonitorFactory(DjangoModelFactory[Monitor]):
    class Meta:
        model = Monitor

    team = SubFactory(TeamFactory)
    name = Sequence(lambda n: f"Shop {n}")
    kind = "http"
    url = "http://shop.test/"


class _TagFactory(DjangoModelFactory[Tag]):
    class Meta:
        model = Tag

    team = SubFactory(TeamFactory)
    name = Sequence(lambda n: f"tag {n}")
    key = LazyAttribute(lambda tag: make_name_key(tag.name))


class _WindowFactory(DjangoModelFactory[MaintenanceWindow]):
    class Meta:
        model = MaintenanceWindow
        skip_postgeneration_save = True

    team = SubFactory(TeamFactory)
    title = "Move to the new rack"
    starts_at = T0
    ends_at = T0 + timedelta(hours=2)

    @post_generation  # type: ignore[untyped-decorator]  # factory_boy's
    def monitors(self: Any, create, monitors, **_):
        self.monitors.set(monitors or ())

    @post_generation  # type: ignore[untyped-decorator]  # factory_boy's
    def tags(self: Any, create, tags, **_):
        self.tags.set(tags or ())


# To mypy the call of a factory class makes a factory; it makes a row.
MonitorFactory: Any = _MonitorFactory
TagFactory: Any = _TagFactory
WindowFactory: Any = _WindowFactory


def make_incident(monitor: Any = None, *, started_at=T0, error="Expected 200-299, got 503.") -> Any:
    """An open automatic incident, as the pipeline opens it."""
    incident = open_incident(
        monitor or MonitorFactory(), started_at=started_at, cause={"status": "down", "error": error}
    )
    assert incident is not None
    return incident


def make_manual(team, *, started_at=T0, updates=1, **fields) -> Incident:
    incident = Incident.objects.create(team=team, started_at=started_at, **({"title": "Slow mail"} | fields))
    for number in range(updates):
        say(incident, f"Update {number}.", at=started_at + timedelta(minutes=number))
    return incident
