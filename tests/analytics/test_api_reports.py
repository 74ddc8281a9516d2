"""``sla-reports/``: their JSON, who may read, who may correct, what is said to bad input."""

from datetime import date

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Role
from analytics.models import Rollup, SlaReport
from analytics.reports.freezing import freeze_due
from tests.analytics.months import client_of, make_alive, roll_until, utc
from tests.factories import TeamFactory

pytestmark = pytest.mark.django_db
NOW = utc("2026-11-25 12:00")
OCTOBER = "/api/v1/sla-reports/2026-10/"


@pytest.fixture(autouse=True)
def _clock():
    with time_machine.travel(NOW, tick=False):
        yield


# JSON


def test_a_frozen_report_in_json(api, team, frozen, shop):
    report = api.get(OCTOBER).json()
    monitors, days = report.pop("monitors"), report.pop("days")
    assert report == {
        "team": team.pk,
        "month": "2026-10",
        "timezone": "Europe/Berlin",
        "frozen": True,
        "version": 1,
        "supersedes": None,
        "reason": "",
        "frozen_at": "2026-11-25T12:00:00Z",
        "digest": frozen.digest,
        "subject": {"kind": "team", "name": "Acme"},
        "uptime": 0.999772,  # 600 s of 720 h and 12 h are not
        "coverage": 0.966974,  # 732 h of 757
        "downtime_s": 600,
        "maintenance_s": 0,
        "incidents": 0,
    }
    assert (len(days), days[13]) == (
        31,
        {
            "on": "2026-10-14",
            "uptime": None,
            "coverage": 0.0,
            "downtime_s": 0,
            "maintenance_s": 0,
            "incidents": 0,
        },
    )
    assert [line["name"] for line in monitors] == [shop.name, "=1+1"]
    assert list(monitors[0]) == [
        *("monitor", "name", "kind", "interval_s", "tags", "uptime", "coverage", "downtime_s"),
        *("maintenance_s", "incidents", "mttr_s", "mtbf_s", "latency_ms", "days"),
    ]
    assert monitors[0]["latency_ms"] == {"p50": None, "p95": None, "p99": None}


def test_a_tag_and_a_monitor_are_selections_of_the_same_lines(api, frozen, shop, job):
    whole = api.get(OCTOBER).json()["monitors"]
    by_tag = api.get(f"{OCTOBER}?tag=web").json()
    assert api.get(f"{OCTOBER}?tag=WEB").json()["monitors"] == by_tag["monitors"]
    by_monitor = api.get(f"{OCTOBER}?monitor={job.pk}").json()
    assert (by_tag["subject"], by_tag["monitors"]) == ({"kind": "tag", "name": "web"}, whole[:1])
    assert (by_monitor["subject"], by_monitor["monitors"]) == (
        {"kind": "monitor", "name": "=1+1"},
        whole[1:],
    )
    assert by_monitor["uptime"] == whole[1]["uptime"] == 1.0


def test_what_is_not_frozen_is_computed_and_says_so(api, team, shop):
    provisional = api.get(OCTOBER).json()
    assert [provisional[name] for name in ("frozen", "version", "digest", "frozen_at")] == [
        False,
        None,
        None,
        None,
    ]
    running = api.get(f"/api/v1/sla-reports/2026-11/?monitor={shop.pk}").json()
    assert (running["frozen"], len(running["days"]), running["coverage"]) == (False, 25, 0.0)
    freeze_due(now=NOW)
    frozen = api.get(OCTOBER).json()
    named = ("version", "frozen", "frozen_at", "digest")
    assert {k: v for k, v in frozen.items() if k not in named} == {
        k: v for k, v in provisional.items() if k not in named
    }


def test_the_list_holds_every_version_newest_first(api, team, frozen):
    Rollup.objects.filter(start_at=utc("2026-10-20 10:00")).update(up_ms=3_600_000)
    made = api.post("/api/v1/sla-reports/2026-10/correct", {"reason": "Late results"})
    assert made.status_code == 201
    rows = api.get("/api/v1/sla-reports/").json()["results"]
    assert rows[0] == made.json()
    assert [(row["version"], row["supersedes"], row["reason"]) for row in rows] == [
        (2, 1, "Late results"),
        (1, None, ""),
    ]
    assert rows[1] == {
        "team": team.pk,
        "month": "2026-10",
        "version": 1,
        "timezone": "Europe/Berlin",
        "frozen_at": "2026-11-25T12:00:00Z",
        "supersedes": None,
        "reason": "",
        "digest": frozen.digest,
    }
    for query, count in (
        ("month=2026-10", 2),
        ("month=2026-09", 0),
        (f"team={team.pk}", 2),
        ("team=999999", 0),
    ):
        assert len(api.get(f"/api/v1/sla-reports/?{query}").json()["results"]) == count, query


def test_both_versions_stay_readable(api, frozen):
    old = api.get(OCTOBER).json()
    Rollup.objects.filter(start_at=utc("2026-10-20 10:00")).update(up_ms=3_600_000)
    api.post("/api/v1/sla-reports/2026-10/correct", {"reason": "Late results"})
    newest = api.get(OCTOBER).json()
    assert (newest["version"], newest["supersedes"], newest["reason"]) == (2, 1, "Late results")
    assert newest["coverage"] > old["coverage"]
    assert api.get(f"{OCTOBER}?version=1").json() == old
    assert api.get(f"{OCTOBER}?version=2").json() == newest


# Bad input


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("2026-13/", 400, {"month": ["There is no month '2026-13'; write one such as 2026-11."]}),
        ("0000-01/", 400, {"month": ["There is no month '0000-01'; write one such as 2026-11."]}),
        ("2026-12/", 400, {"month": ["The month 2026-12 has not begun yet."]}),
        ("9999-12/", 400, {"month": ["The month 9999-12 has not begun yet."]}),
        (
            "0001-01/",
            404,
            {"detail": "No report of 0001-01 was frozen, and its hours are no longer kept."},
        ),
        (
            "2024-01/",
            404,
            {"detail": "No report of 2024-01 was frozen, and its hours are no longer kept."},
        ),
        (
            "2026-10/?monitor=1&tag=web",
            400,
            {"tag": ["A report is of one monitor or of one tag; leave one of them out."]},
        ),
        ("2026-10/?tag=nope", 400, {"tag": ["The report of 2026-10 has no tag 'nope'."]}),
        ("2026-10/?monitor=999999", 400, {"monitor": ["The report of 2026-10 has no monitor 999999."]}),
        ("2026-10/?monitor=x", 400, {"monitor": ["A valid integer is required."]}),
        ("2026-10/?version=7", 404, {"detail": "There is no version 7 of the report of 2026-10."}),
        ("2026-10/?format=pdf", 400, {"format": ["There is no format pdf; choose json, csv or html."]}),
        ("2026-10/?team=999999", 404, {"detail": "No such team."}),
        ("2026-10/?team=99999999999999999999", 404, {"detail": "No such team."}),
        ("2026-10/?team=x", 400, {"team": ["Give the id of a team, a whole number."]}),
        ("2026-10/?moniter=1", 400, {"moniter": ["There is no field 'moniter'."]}),
        ("?month=2026-13", 400, {"month": ["There is no month '2026-13'; write one such as 2026-11."]}),
    ],
)
def test_bad_input_is_told_by_field(api, frozen, path, status, said):
    answer = api.get(f"/api/v1/sla-reports/{path}")
    assert (answer.status_code, answer.json()) == (status, said)


def test_of_several_teams_one_must_be_named(team, frozen):
    other = TeamFactory(name="Other")
    api = client_of(team, other)
    answer = api.get(OCTOBER)
    assert answer.status_code == 400
    assert answer.json() == {
        "team": [f"You belong to several teams; give the id of one: {team.pk} (Acme), {other.pk} (Other)."]
    }
    assert api.get(f"{OCTOBER}?team={team.pk}").json()["version"] == 1
    assert api.get(f"{OCTOBER}?team={other.pk}").json()["monitors"] == []


# Correcting


@pytest.mark.parametrize(
    ("month", "body", "status", "said"),
    [
        ("2026-10", {}, 400, {"reason": ["This field is required."]}),
        ("2026-10", {"reason": " "}, 400, {"reason": ["This field may not be blank."]}),
        ("2026-10", {"reason": "x", "why": 1}, 400, {"why": ["There is no field 'why'."]}),
        ("2026-10", {"reason": "x", "team": 999999}, 404, {"detail": "No such team."}),
        (
            "2026-13",
            {"reason": "x"},
            400,
            {"month": ["There is no month '2026-13'; write one such as 2026-11."]},
        ),
        (
            "2026-10",
            {"reason": "x"},
            409,
            {"detail": "The figures of 2026-10 are those of version 1; there is nothing to correct."},
        ),
        (
            "2026-11",
            {"reason": "x"},
            409,
            {"detail": "The report of 2026-11 is not frozen yet; there is nothing to correct."},
        ),
    ],
)
def test_what_cannot_be_corrected_says_why_and_changes_nothing(api, frozen, month, body, status, said):
    answer = api.post(f"/api/v1/sla-reports/{month}/correct", body)
    assert (answer.status_code, answer.json()) == (status, said)
    assert SlaReport.objects.count() == 1


@pytest.mark.parametrize("body", [[1], "text", None])
def test_a_body_that_is_no_object_is_refused(api, frozen, body):
    assert api.post("/api/v1/sla-reports/2026-10/correct", body, format="json").status_code == 400


def test_only_an_admin_corrects(team, frozen):
    Rollup.objects.filter(start_at=utc("2026-10-20 10:00")).update(up_ms=3_600_000)
    for role, status in ((Role.VIEWER, 403), (Role.MEMBER, 403), (Role.ADMIN, 201)):
        answer = client_of(team, role=role).post("/api/v1/sla-reports/2026-10/correct", {"reason": "x"})
        assert answer.status_code == status
    assert SlaReport.objects.count() == 2


def test_another_teams_reports_do_not_exist(team, frozen, shop):
    stranger = client_of(TeamFactory())
    assert stranger.get(f"{OCTOBER}?team={team.pk}").json() == {"detail": "No such team."}
    assert stranger.get(f"{OCTOBER}?monitor={shop.pk}").json() == {
        "monitor": [f"The report of 2026-10 has no monitor {shop.pk}."]
    }
    assert stranger.get(f"{OCTOBER}?tag=web").status_code == 400
    assert stranger.get("/api/v1/sla-reports/").json()["results"] == []


# Cost


def test_the_number_of_queries_is_the_same_for_3_and_30_monitors(api, team):
    roll_until("2026-11-20 00:00")

    def count(path):
        with CaptureQueriesContext(connection) as queries:
            assert api.get(path).status_code == 200
        return len(queries)

    paths = [f"/api/v1/sla-reports/2026-11/?format={name}" for name in ("json", "csv", "html")]
    paths += [OCTOBER, "/api/v1/sla-reports/"]
    for number in range(3):
        make_alive(team, name=f"m{number}", tags=["web"])
    few = [count(path) for path in paths]
    for number in range(3, 30):
        make_alive(team, name=f"m{number}", tags=["web"])
    assert [count(path) for path in paths] == few
    freeze_due(now=NOW)
    assert count(OCTOBER) < few[3]


def test_the_list_of_many_reports_takes_as_many_queries(api, team):
    def count():
        with CaptureQueriesContext(connection) as queries:
            rows = api.get("/api/v1/sla-reports/").json()["results"]
        return len(rows), len(queries)

    def make(first, last):
        before = None
        for version in range(first, last):
            before = SlaReport.objects.create(
                team=team, month=date(2026, 1, 1), version=version, supersedes=before, frozen_at=NOW
            )

    make(1, 4)
    few = count()
    make(4, 31)
    assert (few[0], count()) == (3, (30, few[1]))
