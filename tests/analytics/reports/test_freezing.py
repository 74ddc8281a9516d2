"""When a month is frozen, what that means, and how it is corrected."""

from datetime import date, timedelta

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Team
from analytics.models import Rollup, SlaLine, SlaReport
from analytics.reports.figures import COLUMNS
from analytics.reports.freezing import _freeze, correct, freeze_due, is_intact
from core.errors import RuleViolation
from monitors.models import Monitor
from monitors.services import delete_monitors, lock_monitors
from pipeline.jobs.periodic import freeze_reports
from tests.analytics.factories import make_old
from tests.analytics.months import (
    SETTLED,
    make_october,
    month_of,
    roll_until,
    store_month,
    utc,
)
from tests.factories import TeamFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def berlin(db):
    return TeamFactory(timezone="Europe/Berlin")


@pytest.fixture
def shop(berlin):
    return make_october(berlin)


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
    with pytest.raises(RuleViolation, match="those of version 1; there is nothing to correct"):
        correct(berlin, date(2026, 10, 1), reason="x", now=SETTLED)
    with pytest.raises(RuleViolation, match="2026-09 is not frozen yet"):
        correct(berlin, date(2026, 9, 1), reason="x", now=SETTLED)
    mend()
    with pytest.raises(RuleViolation, match="no longer kept; its report stays as it is"):
        correct(berlin, date(2026, 10, 1), reason="x", now=SETTLED + timedelta(days=400))
    correct(berlin, date(2026, 10, 1), reason="x", now=SETTLED)
    with pytest.raises(RuleViolation, match="those of version 2"):
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
