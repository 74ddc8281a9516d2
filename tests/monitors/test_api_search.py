"""Search and tags know the case of every alphabet, on every database."""

import pytest
from rest_framework.test import APIClient

from core.folding import fold_case, fold_for_search, make_name_key
from monitors.models import Monitor, Tag
from tests.factories import make_member, make_monitor, make_team

pytestmark = pytest.mark.django_db
ALIKE = [("Ärzte", "ÄRZTE"), ("ИНТЕРНЕТ", "интернет"), ("ΣΟΦΟΣ", "σοφος"), ("Étage", "étage")]
ALIKE += [("İzmir", "izmir"), ("Shop", "SHOP")]
BY_CASE = [*ALIKE, ("Straße", "STRASSE"), ("ırmak", "IRMAK"), ("A\u0308rzte", "Ärzte")]


@pytest.fixture
def team():
    return make_team()


@pytest.fixture
def api(team):
    client = APIClient()
    client.force_authenticate(make_member(team))
    return client


@pytest.mark.parametrize(("one", "other"), BY_CASE)
def test_case_does_not_tell_texts_apart(one, other):
    assert fold_case(one) == fold_case(other)
    assert fold_for_search(one) == fold_for_search(other)


def test_accents_tell_names_apart_and_are_no_matter_to_a_search():
    assert fold_case("schön") != fold_case("schon")
    assert fold_for_search("schön") == fold_for_search("schon")


@pytest.mark.parametrize(("one", "other"), [*ALIKE, ("Ärzte", "arzt"), ("100 %", "100 %"), ("a_b", "A_B")])
def test_a_search_finds_a_name_in_another_case(api, team, one, other):
    make_monitor(team, name=f"The {one} portal", url="https://example.com/")
    make_monitor(team, name="Something else 1000 axb", url="https://example.com/")
    for query in (one, other):
        found = api.get("/api/v1/monitors/", {"search": query}).json()["results"]
        assert [row["name"] for row in found] == [f"The {one} portal"]


@pytest.mark.parametrize(("one", "other"), BY_CASE)
def test_a_tag_is_found_and_worn_in_any_case(api, team, one, other):
    monitor = make_monitor(team, tags=[one], enabled=False)
    make_monitor(team, tags=["other"], enabled=False)
    second = make_monitor(team, tags=[other], enabled=False)
    assert Tag.objects.filter(team=team).count() == 2
    assert [tag.name for tag in second.tags.all()] == [one]
    found = api.get("/api/v1/monitors/", {"tag": other}).json()["results"]
    assert {row["id"] for row in found} == {monitor.pk, second.pk}
    answer = api.post("/api/v1/monitors/bulk", {"action": "resume", "tag": other}, format="json")
    assert answer.json()["changed"] == 2
    assert Monitor.objects.filter(team=team, enabled=True).count() == 2
    assert api.post("/api/v1/tags/", {"name": other}, format="json").status_code == 400


BY_MARK = [("schon", "schön"), ("resume", "résumé"), ("🍕", "🚀"), ("Strasse", "Stráße")]


@pytest.mark.parametrize(("one", "other"), BY_MARK)
def test_tags_that_differ_in_more_than_case_are_two_on_every_database(api, team, one, other):
    first = make_monitor(team, tags=[one])
    second = make_monitor(team, tags=[other])
    assert sorted(tag.name for tag in Tag.objects.filter(team=team)) == sorted([one, other])
    for monitor, name in ((first, one), (second, other)):
        assert [tag.name for tag in monitor.tags.all()] == [name]
        found = api.get("/api/v1/monitors/", {"tag": name}).json()["results"]
        assert [row["id"] for row in found] == [monitor.pk]
    (kept,) = Tag.objects.filter(team=team, key=make_name_key(one))
    assert api.patch(f"/api/v1/tags/{kept.pk}/", {"name": other}, format="json").status_code == 400
    assert api.post("/api/v1/tags/", {"name": f"{other}2"}, format="json").status_code == 201
