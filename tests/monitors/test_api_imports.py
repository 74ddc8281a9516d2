"""What would become of the rows of a file, and files that change what is there."""

import pytest

from monitors.models import Monitor
from tests.factories import make_monitor

pytestmark = pytest.mark.django_db
EXPORT, IMPORT = "/api/v1/monitors/export", "/api/v1/monitors/import"
PREVIEW = f"{IMPORT}/preview"
ROW = {"name": "Shop", "kind": "http", "url": "http://shop.test/"}


def fates(answer):
    assert answer.status_code == 200, answer.content
    return [row["action"] for row in answer.json()["rows"]]


def test_a_preview_tells_each_rows_fate_and_stores_nothing(api, team):
    there = make_monitor(team, **ROW, interval_s=60)
    before = list(Monitor.objects.values())
    rows = [
        {**ROW, "interval_s": 30, "tags": ["eu"]},
        {**ROW, "name": "Cart", "url": "http://cart.test/"},
        {**ROW, "kind": "nope"},
        {**ROW, "name": "Other", "url": "ftp://x/"},
    ]
    answer = api.post(f"{PREVIEW}?update=true", rows)
    assert fates(answer) == ["changed", "new", "refused", "refused"]
    said = answer.json()
    assert {name: said[name] for name in ("new", "changed", "same", "refused")} == {
        "new": 1,
        "changed": 1,
        "same": 0,
        "refused": 2,
    }
    first, second, third, fourth = said["rows"]
    assert (first["monitor"], first["key"]) == (there.pk, "http http://shop.test/")
    assert sorted(first["changes"], key=lambda change: change["field"]) == [
        {"field": "interval_s", "from": 60, "to": 30},
        {"field": "tags", "from": [], "to": ["eu"]},
    ]
    assert (second["monitor"], list(third["errors"]), list(fourth["errors"])) == (None, ["kind"], ["url"])
    assert list(Monitor.objects.values()) == before


def test_without_update_what_is_there_stays_the_same(api, team):
    make_monitor(team, **ROW, interval_s=60)
    rows = [{**ROW, "interval_s": 30}]
    assert fates(api.post(PREVIEW, rows)) == ["same"]
    assert api.post(IMPORT, rows).json()["unchanged"] == 1
    assert Monitor.objects.get().interval_s == 60


def test_an_update_changes_only_what_the_file_says_and_the_second_time_nothing(api, team):
    monitor = make_monitor(team, **ROW, interval_s=60, config={"keyword": "ok"})
    rows = [{**ROW, "name": "Shop EU", "interval_s": 30}]
    first = api.post(f"{IMPORT}?update=true", rows).json()
    assert (first["imported"], first["changed"], first["unchanged"]) == (0, 1, 0)
    monitor.refresh_from_db()
    assert (monitor.name, monitor.interval_s, monitor.config["keyword"]) == ("Shop EU", 30, "ok")
    again = api.post(f"{IMPORT}?update=true", rows).json()
    assert (again["imported"], again["changed"], again["unchanged"]) == (0, 0, 1)
    assert Monitor.objects.count() == 1


def test_a_row_is_known_by_the_key_that_the_export_gave_it(api, team):
    monitor = make_monitor(team, **ROW)
    body = api.get(EXPORT).json()
    body["monitors"][0] |= {"name": "Store", "url": "http://store.test/"}
    assert api.post(f"{IMPORT}?update=true", body).json()["changed"] == 1
    monitor.refresh_from_db()
    assert (monitor.name, monitor.url) == ("Store", "http://store.test/")


def test_a_row_does_not_take_the_monitor_that_another_names_exactly(api, team):
    make_monitor(team, **ROW)
    rows = [{**ROW, "name": "Shop by target"}, ROW]
    assert fates(api.post(f"{PREVIEW}?update=true", rows)) == ["new", "same"]


def test_a_secret_stays_where_the_file_leaves_it_out_and_is_never_told(api, team):
    secret = {"auth": {"type": "bearer", "token": "hidden-token"}}
    make_monitor(team, **ROW, config=secret)
    body = api.get(EXPORT).json()
    sealed = Monitor.objects.get().secrets
    assert fates(api.post(f"{PREVIEW}?update=true", body)) == ["same"]
    body["monitors"][0]["config"] |= {"auth": {"type": "bearer", "token": "newer-token"}}
    answer = api.post(f"{PREVIEW}?update=true", body)
    assert (fates(answer), b"-token" in answer.content) == (["changed"], False)
    assert Monitor.objects.get().secrets == sealed


def test_dependencies_are_changed_by_a_file_too(api, team):
    router = make_monitor(team, name="Router", url="http://router.test/")
    make_monitor(team, **ROW)
    rows = [{**ROW, "depends_on": ["Router"]}]
    (row,) = api.post(f"{PREVIEW}?update=true", rows).json()["rows"]
    assert row["changes"] == [{"field": "depends_on", "from": [], "to": ["Router"]}]
    api.post(f"{IMPORT}?update=true", rows)
    assert list(Monitor.objects.get(name="Shop").depends_on.all()) == [router]
    assert fates(api.post(f"{PREVIEW}?update=true", rows)) == ["same"]


def test_a_viewer_and_a_stranger_import_nothing(viewer, stranger, team):
    for client in (viewer, stranger):
        assert client.post(PREVIEW, {"team": team.pk, "monitors": [ROW]}).status_code in {400, 403}
