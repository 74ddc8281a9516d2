"""SLA reports: a month by hand, and what freezing means."""

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from analytics import rollups
from analytics.models import Rollup, SlaLine, SlaReport
from analytics.reports.figures import COLUMNS, read_lines
from analytics.reports.freezing import _freeze, correct, freeze_due, is_intact
from analytics.reports.telling import Report, tell
from analytics.stats import read_stats
from incidents.models import Incident
from monitors.models import Monitor, Result
from monitors.services import delete_monitors, lock_monitors
from pipeline.jobs import freeze_reports
from sentrypulse.errors import DomainError
from tests.accounts.factories import TeamFactory
from tests.analytics.factories import make_old, store_at
from tests.analytics.months import month_of, roll_until, store_latency, store_month, utc
from tests.pipeline.factories import make_monitor

pytestmark = pytest.mark.django_db


OCTOBER = {
    "2026-10-05 08:00": {"up_ms": 3_000_000, "down_ms": 600_000},
    "2026-10-12 10:00": {"maintenance_ms": 3_600_000},
    "2026-10-20 10:00": {},
    "2026-10-20 11:00": {},
    "2026-10-25 00:00": {"degraded_ms": 3_600_000},
    "2026-10-31 22:00": {"up_ms": 1_800_000, "down_ms": 1_800_000},  # Berlin's last hour of the month
}
SETTLED = utc("2026-11-01 05:00")  # six hours after Berlin's October


def trouble(monitor, since, until=None, **fields):
    return Incident.objects.create(
        team=monitor.team,
        monitor=monitor,
        title="Down",
        started_at=utc(since),
        resolved_at=until and utc(until),
        status="resolved" if until else "investigating",
        **fields,
    )


@pytest.fixture
def berlin(db):
    return TeamFactory(timezone="Europe/Berlin")


@pytest.fixture
def shop(berlin):
    """A monitor with October by hand: 745 hours, the last two incidents' among them."""
    monitor = make_old(berlin, name="Shop", tags=["web"])
    store_month(monitor, month_of("2026-10", "Europe/Berlin"), OCTOBER)
    trouble(monitor, "2026-10-05 08:10", "2026-10-05 08:20")
    trouble(monitor, "2026-10-31 22:30", "2026-11-01 03:00")
    trouble(monitor, "2026-09-30 20:00", "2026-09-30 22:00")  # over when October begins in Berlin
    trouble(monitor, "2026-10-07 08:10", "2026-10-07 08:20", retracted=True)
    store_latency(monitor, "2026-09-30 21:00", 900)  # September's
    store_latency(monitor, "2026-10-05 08:00", 10, 20, 30, 40)
    store_latency(monitor, "2026-10-05 00:00", 10, 20, 30, 40, period=24)
    store_latency(monitor, "2026-10-31 22:00", 45)
    roll_until("2026-11-01 04:00")
    return monitor


def told(team, month, *, now=SETTLED):
    lines = list(read_lines(Monitor.objects.filter(team=team), month, now=now))
    return tell(Report(team.pk, month, list(month.days(min(month.end, now))), "team", team.name, lines))


def of_day(figures, on):
    return next(day for day in figures["days"] if day["on"] == date.fromisoformat(on))


# A month by hand


def test_the_figures_of_a_month_are_those_computed_by_hand(berlin, shop):
    report = told(berlin, month_of("2026-10", "Europe/Berlin"))
    (line,) = report["monitors"]
    # 745 h are 2,682,000 s: 3,600 of maintenance, 7,200 without data, 2,400 down, 2,668,800 up.
    figures = {
        "uptime": 0.999101,  # 2,668,800 / 2,671,200
        "coverage": 0.997311,  # 2,671,200 / 2,678,400
        "downtime_s": 2_400,
        "maintenance_s": 3_600,
        "incidents": 2,
    }
    assert {name: report[name] for name in figures} == figures
    assert {name: value for name, value in line.items() if name != "days"} == {
        "monitor": shop.pk,
        "name": "Shop",
        "kind": "http",
        "interval_s": 60,
        "tags": ["web"],
        **figures,
        "mttr_s": 600,  # of the one resolved within the month
        "mtbf_s": 1_334_400,  # 2,668,800 / 2
        "latency_ms": {"p50": 30, "p95": 45, "p99": 45},
    }


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        ("2026-10-01", (1.0, 1.0, 0, 0, 0)),
        ("2026-10-05", (0.993055, 1.0, 600, 0, 1)),
        ("2026-10-12", (1.0, 1.0, 0, 3600, 0)),
        ("2026-10-20", (1.0, 0.916666, 0, 0, 0)),
        ("2026-10-25", (1.0, 1.0, 0, 0, 0)),  # of 25 hours
        ("2026-10-31", (0.979166, 1.0, 1800, 0, 1)),
    ],
)
def test_each_day_is_the_teams_own(berlin, shop, on, expected):
    report = told(berlin, month_of("2026-10", "Europe/Berlin"))
    names = ("uptime", "coverage", "downtime_s", "maintenance_s", "incidents")
    assert len(report["days"]) == 31
    for days in (report, report["monitors"][0]):
        assert tuple(of_day(days, on)[name] for name in names) == expected


@pytest.mark.parametrize(
    ("month", "day", "hours", "all_hours"), [("2026-03", 29, 23, 743), ("2026-10", 25, 25, 745)]
)
def test_the_days_on_which_the_clock_is_changed_have_23_and_25_hours(berlin, month, day, hours, all_hours):
    month = month_of(month, "Europe/Berlin")
    store_month(make_old(berlin), month)
    roll_until("2026-11-01 04:00")
    (line,) = read_lines(Monitor.objects.all(), month, now=SETTLED)
    days = line.figures["days"]
    assert (days["up_ms"][day - 1], days["life_ms"][day - 1]) == (hours * 3_600_000, hours * 3_600_000)
    assert sorted(set(days["life_ms"])) == sorted({hours * 3_600_000, 24 * 3_600_000})
    assert line.figures["total"]["life_ms"] == all_hours * 3_600_000
    assert {day["coverage"] for day in told(berlin, month)["days"]} == {1.0}


def test_where_midnight_lies_within_an_hour_days_are_exact_too():
    team = TeamFactory(timezone="Asia/Kolkata")
    month = month_of("2026-05", "Asia/Kolkata")
    assert month.start == utc("2026-04-30 18:30")
    unlike = {
        "2026-04-30 18:30": {"down_ms": 1_800_000},  # the first half hour of the month
        "2026-05-09 18:00": {"up_ms": 900_000, "down_ms": 900_000},  # the last of the 9th
        "2026-05-31 18:00": {"degraded_ms": 1_800_000},
    }
    store_month(make_old(team), month, unlike)
    roll_until("2026-11-01 04:00")
    report = told(team, month)
    down = {day["on"].isoformat(): day["downtime_s"] for day in report["days"] if day["downtime_s"]}
    assert down == {"2026-05-01": 1800, "2026-05-09": 900}
    assert {day["coverage"] for day in report["days"]} == {1.0}
    assert (report["uptime"], report["downtime_s"]) == (0.998991, 2700)  # of 2,678,400 s


def test_a_monitor_is_only_expected_to_be_measured_while_there_was_one(berlin):
    monitor = make_monitor(berlin, now=utc("2026-10-31 11:00"))
    Monitor.objects.filter(pk=monitor.pk).update(created_at=utc("2026-10-31 11:30"))
    store_month(monitor, month_of("2026-10", "Europe/Berlin"))
    make_later = make_monitor(berlin, name="November's")
    Monitor.objects.filter(pk=make_later.pk).update(created_at=utc("2026-10-31 23:00"))
    roll_until("2026-11-01 04:00")
    (line,) = read_lines(Monitor.objects.all(), month_of("2026-10", "Europe/Berlin"), now=SETTLED)
    assert line.name == "Shop"
    assert line.figures["total"]["life_ms"] == 11.5 * 3_600_000
    assert line.figures["days"]["life_ms"][:30] == [0] * 30


def test_a_tag_or_team_is_the_sum_of_its_monitors_time(berlin, shop):
    other = make_monitor(berlin, name="Other", tags=["web"])
    Monitor.objects.filter(pk=other.pk).update(created_at=utc("2026-10-31 13:00"))
    store_month(other, month_of("2026-10", "Europe/Berlin"), {"2026-10-31 21:00": {"down_ms": 3_600_000}})
    rows = Rollup.objects.filter(monitor=other, start_at__lt=utc("2026-10-31 13:00"))
    rows.delete()
    report = told(berlin, month_of("2026-10", "Europe/Berlin"))
    assert [line["uptime"] for line in report["monitors"]] == [0.999101, 0.9]
    assert report["uptime"] == 0.997783  # (2,668,800 + 32,400) / (2,671,200 + 36,000)
    assert of_day(report, "2026-10-31")["uptime"] == 0.955882  # (84,600 + 32,400) / (86,400 + 36,000)
    assert report["coverage"] == 0.997347  # 2,707,200 / 2,714,400


def test_the_month_that_runs_is_read_up_to_now_and_agrees_with_the_stats():
    team = TeamFactory(timezone="UTC")
    start = utc("2026-03-01 00:00")
    monitor = make_monitor(team, now=start, interval_s=600)
    Monitor.objects.filter(pk=monitor.pk).update(created_at=start)
    slots = [start + timedelta(minutes=10 * n) for n in range(6 * 51)]
    letters = "U" * 100 + "D" * 6 + "S" * 50 + "M" * 6 + "?" * 6 + "U" * 200
    store_at(monitor, *((slot, letters[n], 20 + n % 25) for n, slot in enumerate(slots)))
    now = utc("2026-03-03 03:25")
    rollups.catch_up(owner="test", now=utc("2026-03-03 02:30"))
    report = told(team, month_of("2026-03"), now=now)
    stats = read_stats(Monitor.objects.get(), "30d", now=now, zone=month_of("2026-03").zone)
    for name in ("uptime", "coverage", "downtime_s", "maintenance_s", "incidents"):
        assert report[name] == stats[name]
    line = report["monitors"][0]
    assert line["latency_ms"] == {name: stats["latency_ms"][name] for name in ("p50", "p95", "p99")}
    assert [day["on"].day for day in report["days"]] == [1, 2, 3]
    assert report["downtime_s"] == 3600
    assert Result.objects.count() == len(slots)


def test_an_incident_that_ends_later_is_in_a_past_month_still_open(berlin, shop):
    before = told(berlin, month_of("2026-10", "Europe/Berlin"))
    Incident.objects.filter(started_at=utc("2026-10-31 22:30")).update(resolved_at=utc("2026-11-20 00:00"))
    assert told(berlin, month_of("2026-10", "Europe/Berlin")) == before


@pytest.mark.parametrize("pages", [1, 3])
def test_the_queries_do_not_depend_on_how_many_monitors_there_are(berlin, monkeypatch, pages):
    month = month_of("2026-10", "Europe/Berlin")
    roll_until("2026-10-20 00:00")

    def count():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert len(list(read_lines(Monitor.objects.all(), month, now=utc("2026-10-21 00:00")))) == made
        return len(queries)

    for made in range(1, 4):
        make_old(berlin, name=f"m{made}", tags=["web"])
    few = count()
    for made in range(4, 31):
        make_old(berlin, name=f"m{made}", tags=["web"])
    if pages == 1:
        assert count() == few
    else:  # a page more is as many queries more, less what is read once
        monkeypatch.setattr("analytics.reports.figures.MONITORS_AT_ONCE", 10)
        assert count() <= pages * few


# Freezing


@pytest.mark.parametrize(
    ("zone", "due"),
    [
        ("Europe/Berlin", "2026-11-01 05:00"),
        ("UTC", "2026-11-01 06:00"),
        ("Pacific/Kiritimati", "2026-10-31 16:00"),
        ("Pacific/Pago_Pago", "2026-11-01 17:00"),
        ("Asia/Kolkata", "2026-11-01 00:30"),
        ("Mars/Olympus", "2026-11-01 06:00"),
    ],
)
def test_a_month_is_frozen_six_hours_after_its_end_in_the_teams_zone(zone, due):
    team = TeamFactory(timezone=zone)
    monitor = make_old(team)
    Monitor.objects.filter(pk=monitor.pk).update(created_at=utc("2026-10-20 00:00"))
    roll_until("2026-11-02 00:00")
    assert freeze_due(now=utc(due) - timedelta(milliseconds=1)) == 0
    assert freeze_due(now=utc(due)) == 1
    report = SlaReport.objects.get()
    assert (report.team, report.month, report.version) == (team, date(2026, 10, 1), 1)
    assert (report.timezone, report.frozen_at) == (zone if zone[0] != "M" else "UTC", utc(due))
    assert (report.supersedes, report.reason) == (None, "")


def test_nothing_is_frozen_before_its_hours_are_rolled_up(shop):
    october = SlaReport.objects.filter(month=date(2026, 10, 1))
    roll_until("2026-10-31 22:00")
    freeze_due(now=SETTLED)
    assert not october.exists()
    roll_until("2026-10-31 23:00")
    freeze_due(now=SETTLED)
    assert october.exists()


def test_freezing_again_does_nothing_in_few_queries(berlin, shop, django_assert_num_queries):
    TeamFactory()  # watches nothing
    freeze_reports(owner="a", now=SETTLED)
    frozen = list(SlaReport.objects.order_by("pk").values())
    assert [row["month"] for row in frozen][-1] == date(2026, 10, 1)
    with django_assert_num_queries(2):
        freeze_reports(owner="b", now=SETTLED + timedelta(minutes=10))
    assert list(SlaReport.objects.order_by("pk").values()) == frozen


def test_of_two_that_freeze_at_once_one_does(berlin, shop):
    month = month_of("2026-10", "Europe/Berlin")
    assert _freeze(berlin, month, now=SETTLED) is True
    assert _freeze(berlin, month, now=SETTLED) is False
    assert (SlaReport.objects.count(), SlaLine.objects.count()) == (1, 1)


def test_months_are_frozen_from_the_first_monitors_on_some_at_a_time(berlin):
    monitor = make_old(berlin)
    Monitor.objects.filter(pk=monitor.pk).update(created_at=utc("2026-07-31 22:30"))  # August in Berlin
    roll_until("2026-11-01 04:00")
    assert [freeze_due(now=SETTLED, most=2) for _ in range(3)] == [2, 1, 0]
    months = SlaReport.objects.order_by("pk").values_list("month", flat=True)
    assert [f"{month:%m}" for month in months] == ["08", "09", "10"]


def test_a_month_whose_hours_are_gone_is_never_frozen(berlin, settings):
    settings.HOUR_RETENTION_DAYS = 92
    make_old(berlin)
    roll_until("2026-11-01 04:00")
    freeze_due(now=SETTLED)
    assert [f"{r.month:%m}" for r in SlaReport.objects.order_by("month")] == ["09", "10"]


def test_a_frozen_month_stays_when_its_hours_change(berlin, shop):
    _freeze(berlin, month_of("2026-10", "Europe/Berlin"), now=SETTLED)
    before = list(SlaLine.objects.values())
    Rollup.objects.filter(monitor=shop).update(up_ms=0, down_ms=3_600_000)
    Monitor.objects.filter(pk=shop.pk).update(name="Renamed", interval_s=300)
    freeze_due(now=SETTLED + timedelta(days=1))
    october = SlaReport.objects.get(month=date(2026, 10, 1))
    assert list(october.lines.values()) == before
    assert is_intact(october)


# Correcting


@pytest.fixture
def frozen(berlin, shop):
    _freeze(berlin, month_of("2026-10", "Europe/Berlin"), now=SETTLED)
    return SlaReport.objects.get()


def mend():
    """The two hours without data were up after all."""
    Rollup.objects.filter(start_at__gte=utc("2026-10-20 10:00"), start_at__lt=utc("2026-10-20 12:00")).update(
        up_ms=3_600_000
    )


def test_a_correction_is_a_version_that_names_the_old_and_why(berlin, shop, frozen):
    mend()
    Monitor.objects.filter(pk=shop.pk).update(name="Renamed", interval_s=300)
    new = correct(berlin, date(2026, 10, 1), reason="Late results", now=SETTLED + timedelta(days=3))
    new = SlaReport.objects.get(pk=new.pk)
    assert (new.version, new.supersedes, new.reason) == (2, frozen, "Late results")
    assert (new.timezone, new.frozen_at) == ("Europe/Berlin", SETTLED + timedelta(days=3))
    line = new.lines.get()
    assert (line.name, line.interval_s, line.tags) == ("Shop", 60, ["web"])
    assert line.figures["total"]["up_ms"] - frozen.lines.get().figures["total"]["up_ms"] == 7_200_000
    assert is_intact(new)
    frozen.refresh_from_db()
    assert is_intact(frozen)


def test_what_is_the_same_is_not_corrected(berlin, shop, frozen):
    with pytest.raises(DomainError, match="those of version 1; there is nothing to correct"):
        correct(berlin, date(2026, 10, 1), reason="x", now=SETTLED)
    with pytest.raises(DomainError, match="2026-09 is not frozen yet"):
        correct(berlin, date(2026, 9, 1), reason="x", now=SETTLED)
    mend()
    with pytest.raises(DomainError, match="no longer kept; its report stays as it is"):
        correct(berlin, date(2026, 10, 1), reason="x", now=SETTLED + timedelta(days=400))
    correct(berlin, date(2026, 10, 1), reason="x", now=SETTLED)
    with pytest.raises(DomainError, match="those of version 2"):
        correct(berlin, date(2026, 10, 1), reason="x", now=SETTLED)
    assert SlaReport.objects.count() == 2


def test_a_monitor_that_is_deleted_leaves_its_line(berlin, shop, frozen):
    other = make_old(berlin, name="New line")
    delete_monitors(lock_monitors([shop.pk]))
    assert SlaLine.objects.get().name == "Shop"
    store_month(other, month_of("2026-10", "Europe/Berlin"))
    new = correct(berlin, date(2026, 10, 1), reason="The other one was there", now=SETTLED)
    lines = {line.name: line.figures for line in new.lines.all()}
    assert lines["Shop"] == frozen.lines.get().figures
    assert lines["New line"]["total"]["up_ms"] == 745 * 3_600_000


@pytest.mark.parametrize("change", ["figure", "name", "reason", "gone", "old"])
def test_the_digest_tells_when_anything_was_changed(berlin, shop, frozen, change):
    mend()
    new = correct(berlin, date(2026, 10, 1), reason="Late results", now=SETTLED)
    line = SlaLine.objects.get(report=new)
    if change == "figure":
        line.figures["days"]["up_ms"][3] += 1
        line.save()
    if change == "name":
        SlaLine.objects.filter(pk=line.pk).update(name="Other")
    if change == "reason":
        SlaReport.objects.filter(pk=new.pk).update(reason="None")
    if change == "gone":
        line.delete()
    if change == "old":
        SlaLine.objects.filter(report=frozen).update(interval_s=1)
    assert not is_intact(SlaReport.objects.get(pk=new.pk))


def test_a_team_goes_with_all_versions_of_its_reports(berlin, shop, frozen):
    mend()
    correct(berlin, date(2026, 10, 1), reason="x", now=SETTLED)
    Team.objects.get(pk=berlin.pk).delete()
    assert (SlaReport.objects.count(), SlaLine.objects.count()) == (0, 0)


def test_a_line_holds_every_column_for_every_day(frozen):
    figures = frozen.lines.get().figures
    assert {name: len(column) for name, column in figures["days"].items()} == dict.fromkeys(COLUMNS, 31)
    assert set(figures["total"]) == set(COLUMNS)


def test_an_operator_checks_all_reports_by_a_command(berlin, shop, frozen, capsys):
    call_command("check_reports")
    assert capsys.readouterr().out == "All 1 reports are what was frozen.\n"
    SlaLine.objects.update(interval_s=1)
    with pytest.raises(CommandError, match="1 of 1 reports are not what was frozen"):
        call_command("check_reports")
    assert f"team {berlin.pk}, 2026-10, version 1." in capsys.readouterr().err


def test_an_operator_looks_at_reports_and_changes_none(frozen, admin_client):
    assert admin_client.get("/admin/analytics/slareport/").status_code == 200
    page = admin_client.get(f"/admin/analytics/slareport/{frozen.pk}/change/")
    assert page.status_code == 200
    assert frozen.digest in page.content.decode()
    assert admin_client.get("/admin/analytics/slareport/add/").status_code == 403
    assert admin_client.post(f"/admin/analytics/slareport/{frozen.pk}/change/", {}).status_code == 403
    assert admin_client.post(f"/admin/analytics/slareport/{frozen.pk}/delete/", {}).status_code == 403


def test_a_heartbeats_interval_is_that_of_its_job():
    monitor = make_old(kind="heartbeat", url="", config={"period_s": 7200, "grace_s": 60})
    month = month_of("2026-01", "UTC")
    (line,) = read_lines(Monitor.objects.filter(pk=monitor.pk), month, now=utc("2026-02-02T00:00"))
    assert (monitor.interval_s, line.interval_s) == (60, 7200)
