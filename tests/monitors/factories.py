"""Rows to test with."""

from datetime import UTC, datetime, timedelta

from factory.declarations import Sequence
from factory.django import DjangoModelFactory

from accounts.models import Membership, Role, Team, User
from monitors.models import Monitor, Result
from monitors.services import create_monitor

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


class UserFactory(DjangoModelFactory[User]):
    class Meta:
        model = User

    email = Sequence(lambda n: f"user{n}@example.com")


class TeamFactory(DjangoModelFactory[Team]):
    class Meta:
        model = Team

    name = Sequence(lambda n: f"Team {n}")


def make_team(**fields) -> Team:
    return TeamFactory.create(**fields)


def make_member(team: Team, role: Role = Role.MEMBER, user: User | None = None) -> User:
    member = user or UserFactory.create()
    Membership.objects.create(team=team, user=member, role=role)
    return member


def make_monitor(team: Team, **fields) -> Monitor:
    """As the service makes it."""
    given = {"now": NOW, "kind": "http", "name": "Shop", **fields}
    given.setdefault("url", "" if given["kind"] == "heartbeat" else "https://shop.example.com/")
    return create_monitor(team, **given)


def make_result(monitor: Monitor, *, at: datetime = NOW, **fields) -> Result:
    given = {"region": "local", "status": "up", "checked_at": at + timedelta(milliseconds=40), **fields}
    return Result.objects.create(monitor=monitor, scheduled_at=at, **given)
