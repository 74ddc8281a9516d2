"""How SLOs stand, by hand, and the alerts that open and close by that."""

from decimal import Decimal
from fractions import Fraction
from math import isclose

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from analytics.models import BurnAlert, Slo
from analytics.rollups import catch_up
from analytics.slos import alerts as alerts_module
from analytics.slos.alerts import evaluate
from analytics.slos.burn import Budget
from analytics.slos.services import delete_slo, update_slo
from analytics.slos.status import read_standings
from monitors.models import Monitor
from monitors.services import delete_monitors
from pipeline.jobs.periodic import evaluate_slos
from pipeline.timetable import TIMETABLE
from tests.analytics.factories import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    make_old,
    make_slo,
    make_tagged,
    store,
    store_hourly,
)
from tests.factories import make_team

# Standings


@pytest.mark.django_db
def test_a_monitors_standing_is_computed_by_hand():
    monitor = make_old(interval_s=3600)
    slo = make_slo(monitor)
    store_hourly(monitor, hours=100)
    store(monitor, (120, "D"))
    standing = read_standings([slo], now=NOW)[slo.pk]
    assert standing.uptime == 0.999666  # 359,880 of 360,000 s
    assert standing.coverage == 0.138888
    assert standing.budget == Budget(total_ms=Fraction(360_000), left_ms=Fraction(240_000))
    assert standing.burn_rates == {
        "1h": Fraction(100, 3),
        "6h": Fraction(50, 9),
        "3d": Fraction(25, 54),
    }


@pytest.mark.django_db
def test_a_tags_standing_adds_up_the_time_of_all_its_monitors():
    team = make_team()
    one, other, unworn = (make_old(team, age=DAY, interval_s=3600) for _ in range(3))
    slo = make_slo(make_tagged(one, other), target="0.9", window_days=1)
    store(one, (3600, "D"))
    store(other, (7200, "U"), (3600, "U"))
    store(unworn, (3600, "D"))
    standing = read_standings([slo], now=NOW)[slo.pk]
    assert standing.uptime == 0.666666
    assert standing.coverage == 0.0625  # 3 of 48 hours
    assert standing.budget == Budget(total_ms=Fraction(1_080_000), left_ms=Fraction(-2_520_000))
    assert standing.burn_rates["1h"] == 5
    assert isclose(standing.burn_rates["6h"], 10 / 3)


@pytest.mark.django_db
def test_rolled_up_or_read_raw_the_standing_is_the_same():
    monitor = make_old(age=10 * DAY, interval_s=3600)
    slo = make_slo(monitor, window_days=7)
    store_hourly(monitor, hours=240)
    store(monitor, (86_400 - 60, "D"), (1000, "D"), (400, "U"))
    now = NOW + 7 * MINUTE
    raw = read_standings([slo], now=now)
    assert catch_up(owner="test", now=now, most=10_000) == 240
    assert read_standings([slo], now=now) == raw


@pytest.mark.django_db
def test_many_lengths_of_window_are_read_a_few_at_once_and_come_to_the_same():
    monitor = make_old(age=10 * DAY, interval_s=3600)
    store_hourly(monitor, hours=240)
    store(monitor, (120, "D"))
    slos = [make_slo(monitor, window_days=days) for days in range(1, 12)]
    together = read_standings(slos, now=NOW)
    assert together == {slo.pk: read_standings([slo], now=NOW)[slo.pk] for slo in slos}
    totals = [together[slo.pk].budget.total_ms for slo in slos]
    assert totals == [86_400 * min(days, 10) for days in range(1, 12)]


@pytest.mark.django_db
def test_a_tag_without_monitors_has_no_figures():
    tag = make_tagged(make_old())
    tag.monitors.clear()
    slo = make_slo(tag)
    standing = read_standings([slo], now=NOW)[slo.pk]
    assert (standing.uptime, standing.coverage, standing.budget) == (None, None, None)
    assert standing.burn_rates == {"1h": None, "6h": None, "3d": None}
    assert evaluate(now=NOW) == []


# Alerts


def told(events):
    return [(event.event, event.alert.speed) for event in events]


def alerts():
    rows = BurnAlert.objects.order_by("pk").values_list("speed", "open_key", "opened_at", "closed_at")
    return [tuple(row) for row in rows]


@pytest.fixture
def shop(db):
    """Up for three days, down for the last two minutes: a fast burn and no other."""
    monitor = make_old(interval_s=3600)
    store_hourly(monitor)
    store(monitor, (120, "D"))
    return monitor


@pytest.fixture
def slo(shop):
    return make_slo(shop)


def test_an_alert_opens_once_and_says_by_which_burn_rates(slo, shop):
    (event,) = evaluate(now=NOW)
    assert told([event]) == [("opened", "fast")]
    assert (event.alert.slo, event.alert.opened_at, event.alert.closed_at) == (slo, NOW, None)
    assert (event.alert.burn_rate_long, event.alert.burn_rate_short) == (100 / 3, 400.0)
    before = alerts()
    assert before == [("fast", f"{slo.pk}:fast", NOW, None)]
    assert evaluate(now=NOW) == []
    store(shop, (0, "U"))
    assert evaluate(now=NOW + MINUTE) == []
    assert alerts() == before


def test_a_lasting_outage_burns_at_every_speed(db):
    monitor = make_old()
    make_slo(monitor)
    store(monitor, *((60 * minute, "D") for minute in range(10, 0, -1)))
    events = evaluate(now=NOW)
    assert told(events) == [("opened", "fast"), ("opened", "medium"), ("opened", "slow")]
    assert [event.alert.burn_rate_long for event in events] == [1000.0] * 3


def test_it_closes_when_the_short_window_is_calm_and_opens_anew_for_new_trouble(slo, shop):
    evaluate(now=NOW)
    store(shop, (0, "U"))
    assert evaluate(now=NOW + 3 * MINUTE) == []  # two of the last five minutes were down
    closed_at = NOW + 5 * MINUTE
    assert told(evaluate(now=closed_at)) == [("closed", "fast")]
    assert alerts() == [("fast", None, NOW, closed_at)]
    assert evaluate(now=closed_at) == []
    store(shop, (-600, "D"))
    assert ("opened", "fast") in told(evaluate(now=NOW + 11 * MINUTE))
    assert BurnAlert.objects.filter(slo=slo, speed="fast").count() == 2


def test_a_gap_of_ours_keeps_an_open_alert_open(slo):
    evaluate(now=NOW)
    before = alerts()
    assert evaluate(now=NOW + 8 * HOUR) == []  # the last result held for one
    assert evaluate(now=NOW + 30 * DAY) == []
    assert alerts() == before


def test_a_gap_of_ours_opens_nothing(db):
    monitor = make_old(interval_s=60)
    make_slo(monitor)
    store(monitor, *((60 * minute, "D") for minute in range(30, 6, -1)))
    assert ("opened", "fast") not in told(evaluate(now=NOW))


def test_maintenance_neither_opens_nor_closes(slo, shop):
    evaluate(now=NOW)
    store(shop, (0, "M"))
    assert evaluate(now=NOW + 30 * MINUTE) == []
    assert BurnAlert.objects.filter(closed_at=None).count() == 1


def test_what_nobody_watches_any_more_is_closed_and_opens_nothing(slo, shop):
    evaluate(now=NOW)
    Monitor.objects.filter(pk=shop.pk).update(enabled=False)
    assert told(evaluate(now=NOW)) == [("closed", "fast")]
    assert evaluate(now=NOW) == []


def test_one_of_ten_monitors_down_burns_a_tenth(shop):
    others = [make_old(shop.team, interval_s=3600) for _ in range(9)]
    slo = make_slo(make_tagged(shop, *others))
    for other in others:
        store_hourly(other)
    assert evaluate(now=NOW) == []  # 3.33 in the last hour
    assert burn_of(slo) == Fraction(10, 3)
    update_slo(slo, now=NOW, target_ratio=Decimal("0.9998"))
    assert told(evaluate(now=NOW)) == [("opened", "fast")]


def burn_of(slo):
    return read_standings([slo], now=NOW)[slo.pk].burn_rates["1h"]


def test_a_short_window_of_days_is_alarmed_earlier(shop):
    month = make_slo(shop, target="0.997")
    week = make_slo(shop, target="0.997", window_days=7)
    assert burn_of(month) == burn_of(week) == Fraction(100, 9)  # 14.4 is worth an alert, or 3.36
    (fast, medium) = evaluate(now=NOW)
    assert told([fast, medium]) == [("opened", "fast"), ("opened", "medium")]
    assert fast.alert.slo == medium.alert.slo == week


def test_of_two_evaluations_at_once_one_opens_and_tells(slo, monkeypatch):
    first = meanwhile(monkeypatch, lambda: evaluate(now=NOW))
    assert evaluate(now=NOW) == []
    assert told(first) == [("opened", "fast")]
    assert len(alerts()) == 1


def meanwhile(monkeypatch, act):
    """``act`` between what the next evaluation reads and what it writes; what it returned."""
    measure, found = alerts_module.measure_subjects, []

    def measure_slowly(*args, **kwargs):
        measured = measure(*args, **kwargs)
        monkeypatch.setattr(alerts_module, "measure_subjects", measure)
        found.extend(act() or ())
        return measured

    monkeypatch.setattr(alerts_module, "measure_subjects", measure_slowly)
    return found


def test_of_two_evaluations_at_once_one_closes_and_tells(slo, shop, monkeypatch):
    evaluate(now=NOW)
    store(shop, (0, "U"))
    first = meanwhile(monkeypatch, lambda: evaluate(now=NOW + 5 * MINUTE))
    assert evaluate(now=NOW + 6 * MINUTE) == []
    assert told(first) == [("closed", "fast")]
    assert alerts() == [("fast", None, NOW, NOW + 5 * MINUTE)]


def test_an_slo_that_is_changed_meanwhile_is_not_judged_by_what_it_was(slo, monkeypatch):
    meanwhile(monkeypatch, lambda: update_slo(slo, now=NOW, target_ratio=Decimal("0.9")) and ())
    assert evaluate(now=NOW) == []
    assert alerts() == []


def test_an_slo_that_is_deleted_meanwhile_opens_nothing(slo, monkeypatch):
    meanwhile(monkeypatch, lambda: delete_slo(slo))
    assert evaluate(now=NOW) == []
    assert not Slo.objects.exists()
    assert alerts() == []


def test_another_target_closes_what_the_old_one_opened_and_another_name_does_not(slo):
    evaluate(now=NOW)
    update_slo(slo, now=NOW + MINUTE, name="Renamed")
    assert alerts() == [("fast", f"{slo.pk}:fast", NOW, None)]
    update_slo(slo, now=NOW + MINUTE, target_ratio=Decimal("0.99"))
    assert alerts() == [("fast", None, NOW, NOW + MINUTE)]


def test_thirty_slos_are_judged_in_as_many_queries_as_three(db):
    team, counts = make_team(), []
    for more in (3, 27):
        for _ in range(more):
            monitor = make_old(team, interval_s=3600)
            store(monitor, (3600, "U"))
            make_slo(monitor)
            make_slo(make_tagged(monitor, make_old(team), name=f"tag {monitor.pk}"), window_days=7)
        with CaptureQueriesContext(connection) as queries:
            assert evaluate(now=NOW) == []
        counts.append(len(queries))
    assert counts == [5, 5]  # SLOs, alerts, links, how far rolled up, results


def test_without_slos_nothing_else_is_asked(db):
    with CaptureQueriesContext(connection) as queries:
        assert evaluate(now=NOW) == []
    assert len(queries) == 1


def test_the_job_says_what_it_did_in_numbers_and_ids(slo, caplog):
    assert [job.lane for job in TIMETABLE if job.run == "pipeline.jobs.periodic:evaluate_slos"] == ["slos"]
    with caplog.at_level("INFO"):
        evaluate_slos(owner="test", now=NOW)
    batch, event, _ = [record.getMessage() for record in caplog.records]
    assert batch.startswith("slos evaluated=1 opened=1 closed=0 took_ms=")
    alert = BurnAlert.objects.get()
    assert event == f"burn alert opened id={alert.pk} slo={slo.pk} speed=fast"


# What the database keeps


@pytest.mark.parametrize(
    "change",
    [
        {"monitor": None},
        {"target_ratio": Decimal("0.499999")},
        {"target_ratio": Decimal(1)},
        {"window_days": 0},
        {"window_days": 91},
    ],
)
def test_the_database_refuses_an_slo_that_cannot_be(slo, change):
    with pytest.raises(IntegrityError), transaction.atomic():
        Slo.objects.filter(pk=slo.pk).update(**change)


def test_the_database_refuses_two_subjects(slo, shop):
    with pytest.raises(IntegrityError), transaction.atomic():
        Slo.objects.filter(pk=slo.pk).update(tag=make_tagged(shop))


def test_the_database_holds_one_open_alert_of_a_speed(slo):
    fields = {"slo": slo, "speed": "fast", "burn_rate_long": 1, "burn_rate_short": 1, "opened_at": NOW}
    BurnAlert.objects.create(open_key=f"{slo.pk}:fast", **fields)
    for wrong in ({"open_key": f"{slo.pk}:fast"}, {}, {"open_key": "x", "closed_at": NOW}):
        with pytest.raises(IntegrityError), transaction.atomic():
            BurnAlert.objects.create(**(fields | wrong))
    with pytest.raises(IntegrityError), transaction.atomic():
        BurnAlert.objects.create(**(fields | {"open_key": "y", "speed": "warp"}))
    for _ in range(2):
        BurnAlert.objects.create(**fields, closed_at=NOW)
    assert BurnAlert.objects.count() == 3


def test_an_slo_goes_with_its_monitor_and_its_tag(slo, shop):
    tagged = make_slo(make_tagged(shop))
    evaluate(now=NOW)
    delete_monitors([shop])
    assert list(Slo.objects.all()) == [tagged]
    tagged.tag.delete()
    assert not Slo.objects.exists()
    assert not BurnAlert.objects.exists()


def test_an_slo_goes_with_its_team(slo, shop):
    make_slo(make_tagged(shop))
    evaluate(now=NOW)
    shop.team.delete()
    assert not Slo.objects.exists()
    assert not BurnAlert.objects.exists()
