import csv
import io

import pytest

from actions import monitors as actions
from monitors.models import Monitor, Tag
from tests.factories import make_monitor, make_team

pytestmark = [pytest.mark.django_db]
EXPORT, IMPORT = "/api/v1/monitors/export", "/api/v1/monitors/import"
SECRET = {
    "auth": {"type": "bearer", "token": "s3cret"},
    "headers": {"X-Key": {"value": "k3y", "secret": True}, "A": "b"},
}
ROW = {"name": "Shop", "kind": "http", "url": "https://shop.example.com/"}


def comparable(rows):
    return [{**row, "secrets_left_out": None} for row in rows]


def test_what_was_exported_is_imported_the_same(api, team):
    make_monitor(team, name="Shop", tags=["prod", "web"], config={"keyword": "hello"}, interval_s=300)
    make_monitor(
        team, name="Job", kind="heartbeat", config={"cron": "0 3 * * *", "timezone": "Europe/Berlin"}
    )
    make_monitor(team, name="Off", enabled=False)
    make_monitor(make_team(), name="Foreign")
    exported = api.get(EXPORT)
    assert [row["name"] for row in exported.json()["monitors"]] == ["Shop", "Job", "Off"]
    assert exported["Content-Disposition"] == 'attachment; filename="monitors.json"'
    Monitor.objects.filter(team=team).delete()

    answer = api.post(IMPORT, exported.json())

    ids = list(Monitor.objects.filter(team=team).order_by("pk").values_list("pk", flat=True))
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "dry_run": False,
            "imported": 3,
            "monitors": ids,
            "changed": 0,
            "unchanged": 0,
            "total": 3,
            "skipped": [],
        },
    )
    assert api.get(EXPORT).json() == exported.json()


def test_secrets_are_left_out_and_named(api, team):
    make_monitor(team, config=SECRET)
    exported = api.get(EXPORT)
    assert b"s3cret" not in exported.content
    assert b"k3y" not in exported.content
    body = exported.json()
    assert body["note"].startswith("Secrets are left out; secrets_left_out names them.")
    assert body["monitors"][0]["secrets_left_out"] == ["auth.token", "headers.X-Key"]
    Monitor.objects.all().delete()

    answer = api.post(IMPORT, body)

    missing = {
        "config.auth.token": ["Send the token; there is none stored for it."],
        "config.headers.X-Key": ["Send the header's value; there is none stored for it."],
    }
    assert (answer.status_code, answer.json()) == (400, {"monitors": [{"index": 0, "errors": missing}]})
    body["monitors"][0]["config"] |= SECRET
    assert api.post(IMPORT, body).status_code == 201


@pytest.mark.parametrize("query", ["as=csv", "format=csv"])
def test_csv_is_for_spreadsheets_and_runs_no_formula(api, team, query):
    make_monitor(team, name="=1+1", tags=["a", "b"], config=SECRET)
    answer = api.get(f"{EXPORT}?{query}")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")  # else Excel reads Latin-1
    assert answer["Content-Disposition"] == 'attachment; filename="monitors.csv"'
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["name"], row["tags"], row["interval_s"], row["enabled"]) == ("'=1+1", "a, b", "60", "true")
    assert row["secrets_left_out"] == "auth.token, headers.X-Key"
    assert "s3cret" not in answer.content.decode()


def test_only_what_the_filters_choose_is_exported(api, team):
    make_monitor(team, name="Shop", tags=["prod"])
    make_monitor(team, name="Job", kind="heartbeat")
    for query in ("tag=prod", "kind=http&format=json", "search=shop&as=json"):
        assert [row["name"] for row in api.get(f"{EXPORT}?{query}").json()["monitors"]] == ["Shop"]


def test_another_format_is_refused(api, client):
    assert api.get(f"{EXPORT}?format=xml").status_code == 400
    assert api.get(f"{EXPORT}?as=xml").json() == {"as": ["There is no format 'xml'; choose json or csv."]}
    assert client.get(f"{EXPORT}?format=csv").status_code == 401


def test_every_bad_row_is_named_and_none_is_imported(api):
    rows = [
        {**ROW, "tags": ["new"]},
        {**ROW, "url": "nope", "fail_after": 0},
        {**ROW, "colour": "red"},
        {"kind": "http"},
    ]
    answer = api.post(IMPORT, {"monitors": rows})
    assert answer.status_code == 400
    assert answer.json() == {
        "monitors": [
            {
                "index": 1,
                "errors": {
                    "url": ["The URL must start with http:// or https://."],
                    "fail_after": ["Must be from 1 to 20 results, not 0."],
                },
            },
            {"index": 2, "errors": {"colour": ["There is no field 'colour'."]}},
            {"index": 3, "errors": {"name": ["This field is required."]}},
        ]
    }
    assert not Monitor.objects.exists()
    assert not Tag.objects.exists()


def test_a_dry_run_tells_and_changes_nothing(api, monkeypatch):
    heard = []
    monkeypatch.setattr(actions, "check_after_commit", lambda monitors, *, now: heard.append(len(monitors)))
    answer = api.post(f"{IMPORT}?dry_run=true", [ROW, ROW])
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "dry_run": True,
            "imported": 2,
            "monitors": [],
            "changed": 0,
            "unchanged": 0,
            "total": 2,
            "skipped": [],
        },
    )
    assert api.post(f"{IMPORT}?dry_run=true", [{**ROW, "name": ""}]).status_code == 400
    assert (Monitor.objects.count(), heard) == (0, [])
    assert api.post(IMPORT, [ROW, ROW]).json()["imported"] == 2
    assert heard == [2]


def test_a_body_that_is_no_export_is_refused(api):
    assert api.post(IMPORT, {"monitor": []}).json() == {"monitor": ["There is no field 'monitor'."]}
    assert api.post(IMPORT, {}).json() == {"monitors": ["This field is required."]}
    assert api.post(IMPORT, {"monitors": [1]}).status_code == 400
    assert api.post(IMPORT, [ROW] * 501).status_code == 400
    assert not Monitor.objects.exists()


def test_dependencies_go_with_the_file_also_among_equal_names(api, team):
    router, twin = (make_monitor(team, name="Router") for _ in range(2))
    shop = make_monitor(team, name="Shop", depends_on=[twin.pk])
    make_monitor(team, name="Cart", depends_on=[shop.pk, router.pk])
    body = api.get(EXPORT).json()
    assert [(row["key"], row["depends_on"]) for row in body["monitors"]] == [
        ("Router", []),
        ("Router #2", []),
        ("Shop", ["Router #2"]),
        ("Cart", ["Router", "Shop"]),
    ]
    Monitor.objects.filter(team=team).delete()
    assert api.post(IMPORT, body).status_code == 201
    assert api.get(EXPORT).json() == body


def test_importing_the_same_file_twice_changes_nothing(api, team):
    make_monitor(team, name="Router")
    make_monitor(team, name="Router")
    body = api.get(EXPORT).json()
    Monitor.objects.filter(team=team).delete()
    assert api.post(IMPORT, body).json()["imported"] == 2
    before = list(Monitor.objects.order_by("pk").values())
    answer = api.post(IMPORT, body).json()
    assert (answer["imported"], answer["changed"], answer["unchanged"]) == (0, 0, 2)
    assert list(Monitor.objects.order_by("pk").values()) == before


def test_a_row_may_depend_on_a_monitor_of_the_team_and_on_no_unknown_one(api, team):
    router = make_monitor(team, name="Router")
    assert api.post(IMPORT, [{**ROW, "depends_on": ["Router"]}]).status_code == 201
    assert list(Monitor.objects.get(name="Shop").depends_on.all()) == [router]
    answer = api.post(IMPORT, [{**ROW, "name": "Other", "depends_on": ["Nobody"]}])
    mistake = {"index": 0, "errors": {"depends_on": ["There is no monitor 'Nobody'."]}}
    assert (answer.status_code, answer.json()) == (400, {"monitors": [mistake]})
    assert not Monitor.objects.filter(name="Other").exists()
