import pytest
from rest_framework.test import APIClient

from accounts.models import Role
from tests.monitors.factories import make_member, make_team


@pytest.fixture
def team(db):
    return make_team(name="Ours")


@pytest.fixture
def user(team):
    return make_member(team)


@pytest.fixture
def client_of():
    """A client that speaks for a user."""

    def sign_in(user):
        client = APIClient()
        client.force_authenticate(user)
        return client

    return sign_in


@pytest.fixture
def api(user, client_of):
    return client_of(user)


@pytest.fixture
def viewer(team, client_of):
    return client_of(make_member(team, Role.VIEWER))


@pytest.fixture
def stranger(db, client_of):
    return client_of(make_member(make_team(name="Theirs")))
