"""Tags by the API."""

import pytest

from monitors.models import Tag
from tests.factories import make_monitor

pytestmark = [pytest.mark.django_db]
URL = "/api/v1/monitors/"


def path(monitor, action=""):
    return f"{URL}{monitor.pk}/{action}"


def test_tags_are_made_renamed_and_deleted(api, team):
    made = api.post("/api/v1/tags/", {"name": "prod"})
    tag = Tag.objects.get()
    assert (made.status_code, made.json()) == (201, {"id": tag.pk, "team": team.pk, "name": "prod"})
    assert api.post("/api/v1/tags/", {"name": "Prod"}).json() == {"name": ["There is a tag 'Prod' already."]}
    monitor = make_monitor(team, tags=["prod"])
    assert api.patch(f"/api/v1/tags/{tag.pk}/", {"name": "live"}).json()["name"] == "live"
    assert api.get(path(monitor)).json()["tags"] == ["live"]
    assert [row["name"] for row in api.get("/api/v1/tags/").json()["results"]] == ["live"]
    assert api.delete(f"/api/v1/tags/{tag.pk}/").status_code == 204
    assert api.get(path(monitor)).json()["tags"] == []


def test_tags_of_others_are_not_there(stranger, viewer, team):
    make_monitor(team, tags=["prod"])
    tag = Tag.objects.get()
    assert stranger.get("/api/v1/tags/").json()["results"] == []
    assert stranger.delete(f"/api/v1/tags/{tag.pk}/").status_code == 404
    assert viewer.delete(f"/api/v1/tags/{tag.pk}/").status_code == 403
    assert Tag.objects.get() == tag
