import pytest
from rest_framework.test import APIClient

from tests.accounts.factories import TeamFactory
from tests.statuspages.factories import make_member


@pytest.fixture(autouse=True)
def _published_here(settings, tmp_path):
    settings.PUBLISH_URL = f"file://{tmp_path / 'published'}"


@pytest.fixture
def team(db):
    return TeamFactory(name="Ours")


@pytest.fixture
def user(team):
    return make_member(team)


@pytest.fixture
def client_of():
    def sign_in(user):
        client = APIClient()
        client.force_authenticate(user)
        return client

    return sign_in


@pytest.fixture
def api(user, team, client_of):
    client = client_of(user)
    client.team = team
    return client


@pytest.fixture
def viewer(team, client_of):
    return client_of(make_member(team, "viewer"))
