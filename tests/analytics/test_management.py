"""`manage.py rollup` and `manage.py simulate`: what they say, and what they refuse."""

from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command

from analytics.models import Period, Progress, Rollup
from analytics.rollups import LEASE, SETTLE
from core.progress_bar import ProgressBar
from incidents.models import Incident
from monitors.models import Monitor, Result
from tests.analytics.factories import DAY, HOUR, NOW, at, make_old, store, store_at

pytestmark = pytest.mark.django_db
ROLLED_UNTIL = NOW - HOUR  # NOW is a whole hour that has not settled


@pytest.fixture(autouse=True)
def _now():
    with time_machine.travel(NOW, tick=False):
        yield


def say(command, **asked):
    out = StringIO()
    call_command(command, stdout=out, **asked)
    return out.getvalue()


def refuse(command, **asked):
    before = Progress.objects.count(), Rollup.objects.count(), Monitor.objects.count(), Result.objects.count()
    with pytest.raises(CommandError) as refused:
        say(command, **asked)
    after = Progress.objects.count(), Rollup.objects.count(), Monitor.objects.count(), Result.objects.count()
    assert after == before
    return str(refused.value)


def make_rolled(*, raw_from=None):
    """A monitor that is rolled up for two days, and whose first failure was not there yet."""
    monitor = make_old(age=2 * DAY, interval_s=600)
    store(monitor, *((600 * n, "U", 5) for n in range(6, 280) if n != 100))
    say("rollup")
    store(monitor, (60_000, "D", 5))
    Progress.objects.update(raw_from=raw_from)
    return monitor


def down_ms(period=Period.HOUR):
    return sum(Rollup.objects.filter(period_h=period).values_list("down_ms", flat=True))


def test_rollup_catches_up_to_the_last_hour_that_has_settled():
    make_old(age=120 * HOUR)
    said = say("rollup")
    assert said.splitlines()[-1] == "Hours rolled up: 119. Everything before 2026-03-01 11:00 UTC is."
    assert "hours rolled up 50 % of 119" in said
    assert Progress.objects.get().rolled_until == ROLLED_UNTIL
    assert say("rollup").startswith("Hours rolled up: 0. Everything")


def test_rollup_of_an_empty_installation_does_nothing():
    assert say("rollup") == "Hours rolled up: 0. Everything before 2026-03-01 12:00 UTC is.\n"


@pytest.mark.parametrize(
    ("start", "end", "told"),
    [
        (
            "2026-02-28T19:00",
            "2026-02-28T20:00",
            "again: 1, 2026-02-28 19:00 UTC to 2026-02-28 20:00 UTC",
        ),
        ("2026-02-28", "2026-03-01", "again: 24, 2026-02-28 00:00 UTC to 2026-03-01 00:00 UTC"),
        ("2026-02-28T20:10+01:00", "2026-02-28T20:20+01:00", "again: 1, 2026-02-28 19:00 UTC to"),
        ("2026-02-28", "2026-03-01T12:00", "again: 35, 2026-02-28 00:00 UTC to 2026-03-01 11:00 UTC"),
    ],
)
def test_a_range_is_rolled_again_twice_with_the_same_outcome(start, end, told):
    make_rolled()
    assert down_ms() == 0
    for _ in range(2):
        assert told in say("rollup", start=start, end=end)
        assert down_ms() == down_ms(Period.DAY) == 600_000


def test_a_long_range_is_rolled_under_one_lease_after_another(monkeypatch):
    monkeypatch.setattr("analytics.management.commands.rollup.CHUNK", 7 * HOUR)
    make_rolled()
    said = say("rollup", start="2026-02-28", end="2026-03-01").splitlines()
    assert said[-1] == "Hours rolled up again: 24, 2026-02-28 00:00 UTC to 2026-03-01 00:00 UTC."
    assert said[0] == "hours rolled again 12 % of 24"
    assert down_ms() == down_ms(Period.DAY) == 600_000


@pytest.mark.parametrize(
    ("start", "end", "sentence"),
    [
        (
            "yesterday",
            "2026-03-01",
            "--from 'yesterday' is not a date; write it like 2026-03-01 or 2026-03-01T14:00.",
        ),
        (
            "2026-02-28",
            "2026-02-31",
            "--to '2026-02-31' is not a date; write it like 2026-03-01 or 2026-03-01T14:00.",
        ),
        (
            "2026-03-01",
            "2026-02-28",
            "--to 2026-02-28 is not after --from 2026-03-01; the range ends before --to.",
        ),
        (
            "2026-02-28",
            "2026-02-28",
            "--to 2026-02-28 is not after --from 2026-02-28; the range ends before --to.",
        ),
        (
            "2026-02-28",
            "2026-03-02",
            "--to 2026-03-02 is in the future; it is 2026-03-01 12:00 UTC, so give an earlier one.",
        ),
        ("2026-02-28", None, "--from needs --to: give both, or neither to catch up to now."),
        (None, "2026-02-28", "--to needs --from: give both, or neither to catch up to now."),
        (
            "2026-03-01T11:00",
            "2026-03-01T12:00",
            "Hours from 2026-03-01 11:00 UTC on are not rolled up yet; give an earlier --from, or run rollup"
            " without options.",
        ),
    ],
)
def test_a_range_that_makes_no_sense_is_refused_in_a_sentence(start, end, sentence):
    make_rolled()
    assert refuse("rollup", start=start, end=end) == sentence
    assert down_ms() == 0


def test_what_has_no_raw_results_any_more_stays_as_it_is():
    make_rolled(raw_from=at("2026-03-01T00:00"))
    assert refuse("rollup", start="2026-02-27", end="2026-02-28") == (
        "Raw results before 2026-03-01 00:00 UTC are gone, so nothing there can be rolled up again; its"
        " rollups stay as they are. Give a --to after that."
    )
    said = say("rollup", start="2026-02-28", end="2026-03-01T02:00")
    assert "again: 2, 2026-03-01 00:00 UTC to 2026-03-01 02:00 UTC" in said
    assert down_ms() == 0


def test_nothing_is_rolled_again_before_anything_was_rolled():
    make_old()
    assert refuse("rollup", start="2026-02-27", end="2026-02-28") == (
        "Nothing is rolled up yet; run rollup without --from and --to first."
    )


@pytest.mark.parametrize("asked", [{}, {"start": "2026-02-28", "end": "2026-03-01"}])
def test_while_another_process_rolls_up_it_says_so(asked):
    monitor = make_old(interval_s=600)
    held = {"lease_owner": "engine", "lease_until": NOW + LEASE}
    Progress.objects.create(pk=Progress.UPTIME, rolled_until=NOW - HOUR, **held)
    store_at(monitor, (NOW - 2 * HOUR, "U"))
    sentence = "Another process is rolling up at this moment; try again in a minute."
    assert refuse("rollup", **asked) == sentence
    with time_machine.travel(NOW + LEASE + SETTLE + timedelta(seconds=1), tick=False):
        assert "Hours rolled up" in say("rollup", **asked)


def test_simulate_tells_what_it_made_and_refuses_to_do_it_twice():
    said = say("simulate", monitors=2, days=1, interval=1800)
    results = Result.objects.count()
    made = f"Made 2 monitors, {results} results and {Incident.objects.count()} incidents in "
    assert said.splitlines()[-1].startswith(made)
    assert "raw results 100 % of" in said
    assert "hours rolled up 100 % of" in said
    assert refuse("simulate", monitors=2, days=1) == (
        'The team "Simulation" has monitors already; delete them first, or give --add to add more.'
    )
    say("simulate", monitors=1, days=1, interval=1800, add=True)
    assert Monitor.objects.count() == 3


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"monitors": 0}, "--monitors must be from 1 to 100000, not 0."),
        ({"days": 0}, "--days must be from 1 to 3660, not 0."),
        ({"interval": 5}, "--interval must be from 10 to 3600, not 5."),
        ({"interval": 3601}, "--interval must be from 10 to 3600, not 3601."),
    ],
)
def test_simulate_refuses_what_it_cannot_make(asked, sentence):
    assert refuse("simulate", **asked) == sentence


class Terminal(StringIO):
    def isatty(self):
        return True

    def write(self, msg="", style_func=None, ending="\n"):
        return super().write(msg + ending)


def test_on_a_terminal_the_bar_is_one_line_that_is_drawn_again():
    out = Terminal()
    bar = ProgressBar(out)
    for done in (0, 1, 1, 2):
        bar.show("one", done, 2)
    bar.show("two", 0, 0)
    bar.close()

    assert out.getvalue().split("\n")[1].startswith("\rtwo")
    assert out.getvalue().count("\r") == 4
    assert out.getvalue().count("\n") == 2
