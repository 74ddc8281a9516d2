"""Long answers of the API are compressed for who takes that; what rests on cookies is not."""

import gzip
import json

import pytest

from tests.factories import UserFactory, make_member, make_monitor, make_team

pytestmark = pytest.mark.django_db
GZIP = {"Accept-Encoding": "gzip, deflate, br"}


@pytest.fixture
def member(client):
    """A member of a team with 50 monitors, signed in."""
    team = make_team()
    for number in range(50):
        make_monitor(team, name=f"monitor {number}")
    client.force_login(make_member(team))
    return client


def test_a_long_list_is_compressed_for_who_takes_that(member):
    plain = member.get("/api/v1/monitors/")
    packed = member.get("/api/v1/monitors/", headers=GZIP)
    assert (packed["Content-Encoding"], packed["Vary"]) == ("gzip", plain["Vary"])
    assert "Accept-Encoding" in packed["Vary"]
    assert len(plain.content) > 4 * len(packed.content) == 4 * int(packed["Content-Length"])
    assert json.loads(gzip.decompress(packed.content)) == plain.json()


def test_who_does_not_take_it_gets_it_as_it_is(member):
    for headers in ({}, {"Accept-Encoding": "identity"}, {"Accept-Encoding": "br"}):
        answer = member.get("/api/v1/monitors/", headers=headers)
        assert "Content-Encoding" not in answer
        assert len(answer.json()["results"]) == 50


def test_two_answers_of_the_same_bytes_are_not_always_of_the_same_length(member):
    lengths = {len(member.get("/api/v1/monitors/", headers=GZIP).content) for _ in range(20)}
    assert len(lengths) > 1


def test_pages_that_rest_on_cookies_are_not_compressed(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    for path in ("/admin/", "/admin/login/"):
        assert "Content-Encoding" not in client.get(path, headers=GZIP, follow=True)
