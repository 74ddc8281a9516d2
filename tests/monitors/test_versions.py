"""Two people who edit the same monitor do not overwrite each other."""

import pytest

from incidents.models import Incident
from monitors.models import Monitor, Tag
from tests.factories import NOW, make_monitor
from tests.incidents.factories import make_incident
from tests.monitors.factories import make_result

URL = "/api/v1/monitors/"
STALE = {"detail": "Somebody changed this monitor in the meantime; load it again."}


@pytest.fixture
def monitor(team):
    return make_monitor(team, tags=["shop"])


@pytest.fixture
def address(monitor):
    return f"{URL}{monitor.pk}/"


def read(api, address):
    return api.get(address).json()["version"]


def test_who_edits_what_he_saw_is_served(api, address):
    version = read(api, address)
    answer = api.patch(address, {"name": "New"}, headers={"If-Match": f'"{version}"'})
    assert (answer.status_code, answer.json()["name"]) == (200, "New")
    assert answer.json()["version"] != version


@pytest.mark.parametrize("method", ["patch", "put", "delete"])
def test_who_edits_what_another_changed_is_refused_and_nothing_changes(api, address, method):
    old = read(api, address)
    api.patch(address, {"interval_s": 90})
    body = {"name": "New", "kind": "http", "url": "http://shop.test/"}
    answer = getattr(api, method)(address, body, headers={"If-Match": f'"{old}"'})
    assert (answer.status_code, answer.json()) == (412, STALE)
    assert (Monitor.objects.get().name, Monitor.objects.get().interval_s) == ("Shop", 90)


@pytest.mark.parametrize("header", [{}, {"If-Match": "*"}])
def test_who_names_no_version_is_served_as_before(api, address, header):
    assert api.patch(address, {"name": "New"}, headers=header).status_code == 200
    assert api.delete(address, headers=header).status_code == 204


def test_one_of_several_versions_is_enough(api, address):
    named = f'"other", W/"{read(api, address)}"'
    assert api.delete(address, headers={"If-Match": named}).status_code == 204


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "New"},
        {"tags": ["other"]},
        {"config": {"keyword": "ok"}},
        {"config": {"auth": {"type": "bearer", "token": "t0p"}}},
        {"enabled": False},
        {"fail_after": 3},
    ],
)
def test_every_setting_makes_another_version(api, address, changes):
    before = read(api, address)
    assert api.patch(address, changes).status_code == 200
    assert read(api, address) != before
    assert read(api, address) == read(api, address)


def test_tags_that_many_get_at_once_make_another_version(api, address, monitor):
    before = read(api, address)
    api.post(f"{URL}bulk", {"action": "edit", "ids": [monitor.pk], "add_tags": ["x"]})
    assert read(api, address) != before


def test_what_checks_find_makes_none(api, address, monitor):
    before = read(api, address)
    make_result(monitor, at=NOW, status="down")
    make_incident(monitor)
    assert read(api, address) == before
    assert (Incident.objects.count(), Tag.objects.count()) == (1, 1)
