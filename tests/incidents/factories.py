"""What the incidents' tests are made of."""

from datetime import UTC, datetime, timedelta

import factory
from rest_framework.test import APIClient

from accounts.models import Membership, Team, User
from incidents.models import Incident, MaintenanceWindow
from incidents.services import open_incident, say
from monitors.models import Monitor, Tag

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    email = factory.Sequence(lambda n: f"user{n}@example.test")
    name = factory.Sequence(lambda n: f"User {n}")


class TeamFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")


class MonitorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Monitor

    team = factory.SubFactory(TeamFactory)
    name = factory.Sequence(lambda n: f"Shop {n}")
    kind = "http"
    url = "http://shop.test/"


class TagFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Tag

    team = factory.SubFactory(TeamFactory)
    name = factory.Sequence(lambda n: f"tag {n}")


class WindowFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MaintenanceWindow
        skip_postgeneration_save = True

    team = factory.SubFactory(TeamFactory)
    title = "Move to the new rack"
    starts_at = T0
    ends_at = T0 + timedelta(hours=2)

    @factory.post_generation
    def monitors(self, create, monitors, **_):
        self.monitors.set(monitors or ())

    @factory.post_generation
    def tags(self, create, tags, **_):
        self.tags.set(tags or ())


def make_member(team, role="member") -> User:
    user = UserFactory()
    Membership.objects.create(team=team, user=user, role=role)
    return user


def make_client(user) -> APIClient:
    client = APIClient()
    client.force_authenticate(user)
    return client


def make_incident(monitor=None, *, started_at=T0, error="Expected 200-299, got 503.") -> Incident:
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
