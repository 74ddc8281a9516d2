"""Raw results are purged by way of the archive: each row is in the database or in the archive, once."""

import gzip
import json
import logging
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import retention
from analytics.archive import slices, writing
from analytics.archive.lines import unpack_lines
from analytics.archive.stores import FolderStore, open_archive
from analytics.models import Archiving, Period, Progress
from analytics.retention import Purged, purge_results
from core.instants import to_ms
from core.leases import Lease
from core.storage import StorageError
from monitors.models import Result
from monitors.result_json import result_json
from tests.analytics.factories import DAY, HOUR, MINUTE, NOW, make_old, store_at
from tests.analytics.test_retention import add_rollup
from tests.factories import make_team

pytestmark = pytest.mark.django_db
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
FIRST_KEPT = MIDNIGHT - 30 * DAY
OLD = FIRST_KEPT - DAY
"""The last whole day that may go."""


@pytest.fixture
def root(settings, tmp_path):
    settings.ARCHIVE_URL = f"file://{tmp_path / 'archive'}"
    return tmp_path / "archive"


@pytest.fixture(autouse=True)
def _rolled_up(db):
    Progress.objects.create(pk=Progress.UPTIME, rolled_until=NOW - HOUR, lease_until=NOW)


def clean(now=NOW):
    return purge_results(owner="test", now=now, rest=lambda seconds: None)


def names(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def lines(root):
    return [line for name in names(root) for _, line in unpack_lines((root / name).read_bytes())]


def keys(root):
    return sorted((line["monitor"], line["scheduled_at"], line["region"]) for line in lines(root))


def minutes(monitor, count, *, start=OLD, letter="U", region="local"):
    store_at(monitor, *((start + number * MINUTE, letter, 25) for number in range(count)), region=region)


class Away(FolderStore):
    def put(self, name, body):
        raise StorageError("Cannot write to the archive: it is away.")


def test_by_default_nothing_is_archived(settings, tmp_path):
    assert (settings.ARCHIVE_URL, open_archive()) == ("", None)
    minutes(make_old(), 5)
    assert clean() == Purged(results=4)
    assert not Archiving.objects.exists()


def test_what_is_purged_lies_in_the_archive_as_the_api_told_it(root):
    monitor = make_old()
    gone = Result(
        monitor=monitor,
        scheduled_at=OLD + timedelta(milliseconds=7),
        region="eu",
        checked_at=OLD + timedelta(seconds=1, milliseconds=120),
        status="down",
        in_maintenance=True,
        error_code="timeout",
        error="Too slow: „größer“\nthan 10 s.",
        http_status=503,
        dns_ms=1,
        connect_ms=2,
        tls_ms=3,
        first_byte_ms=4,
        download_ms=5,
        total_ms=15,
        address="192.0.2.7",
        http_version="2",
        size_bytes=2**40,
        tls_expires_at=NOW,
        domain_expires_at=NOW + DAY,
    )
    bare = Result(
        monitor=monitor, scheduled_at=OLD + MINUTE, region="eu", checked_at=OLD + MINUTE, status="unknown"
    )
    Result.objects.bulk_create([gone, bare])
    minutes(monitor, 1, start=OLD + HOUR)
    assert clean() == Purged(results=2)
    first, second = lines(root)
    assert first == result_json(gone) | {
        "team": monitor.team_id,
        "in_maintenance": True,
        "scheduled_at": f"{OLD:%Y-%m-%d}T00:00:00.007Z",
        "checked_at": f"{OLD:%Y-%m-%d}T00:00:01.120Z",
        "tls_expires_at": f"{NOW:%Y-%m-%dT%H:%M:%S}.000Z",
        "domain_expires_at": f"{NOW + DAY:%Y-%m-%dT%H:%M:%S}.000Z",
    }
    at = f"{OLD:%Y-%m-%d}T00:01:00.000Z"
    assert second == result_json(bare) | {
        "team": monitor.team_id,
        "in_maintenance": False,
        "scheduled_at": at,
        "checked_at": at,
    }
    [name] = names(root)
    with gzip.open(root / name, "rt", encoding="utf-8") as file:  # as anybody reads it
        assert [json.loads(line) for line in file] == [first, second]


def test_an_object_is_of_one_team_and_one_day_and_the_last_result_follows_with_the_next(root):
    ours, theirs = make_team(), make_team()
    mine, twin, other = make_old(ours), make_old(ours), make_old(theirs)
    for monitor in (mine, twin, other):
        minutes(monitor, 3)
    assert clean() == Purged(results=6)
    folder = [f"results/team={team.pk}/day={OLD:%Y-%m-%d}/" for team in (ours, theirs)]
    assert [name[: len(folder[0])] for name in names(root)] == folder
    assert {line["team"] for line in lines(root / folder[0])} == {ours.pk}
    for monitor in (mine, twin, other):
        minutes(monitor, 2, start=FIRST_KEPT)
    assert clean() == Purged()
    assert clean(NOW + DAY) == Purged(results=6)
    assert len(names(root)) == 6  # of each team: the day's, its last results, and the next day's
    assert keys(root) == sorted(
        (monitor.pk, f"{at:%Y-%m-%dT%H:%M:%S}.000Z", "local")
        for monitor in (mine, twin, other)
        for at in (OLD, OLD + MINUTE, OLD + 2 * MINUTE, FIRST_KEPT)
    )


def test_days_go_whole_so_that_no_object_is_of_an_hour(root):
    minutes(make_old(), 60, start=FIRST_KEPT)
    assert clean(NOW) == Purged()
    assert clean(NOW + 11 * HOUR) == Purged()
    assert clean(NOW + 12 * HOUR) == Purged(results=59)
    assert len(names(root)) == 1


def test_slices_are_small_and_a_slot_is_in_one_with_all_its_regions(root, monkeypatch):
    monkeypatch.setattr(slices, "ROWS_AT_ONCE", 10)
    monitor, other = make_old(team := make_team()), make_old(team)
    for region in ("eu", "us", "ap"):
        minutes(monitor, 8, region=region)
    minutes(other, 8)
    with CaptureQueriesContext(connection) as queries:
        assert clean() == Purged(results=28)
    assert sorted(len(list(unpack_lines((root / name).read_bytes()))) for name in names(root)) == [9, 9, 10]
    assert len(set(keys(root))) == 28
    deletes = [q["sql"] for q in queries if q["sql"].startswith("DELETE") and "monitors_result" in q["sql"]]
    assert len(deletes) == 3
    assert clean() == Purged()


def test_a_row_that_is_killed_between_writing_and_deleting_is_written_once(root, monkeypatch):
    monkeypatch.setattr(slices, "ROWS_AT_ONCE", 10)
    monitor = make_old()
    minutes(monitor, 26)
    whole, real = Result.objects.count(), writing.find_rows

    def die(spans):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "find_rows", die)
    with pytest.raises(KeyboardInterrupt):
        clean()
    assert (Result.objects.count(), len(names(root))) == (whole, 1)
    before = {name: (root / name).read_bytes() for name in names(root)}
    monkeypatch.setattr(writing, "find_rows", real)
    monkeypatch.setattr(slices, "ROWS_AT_ONCE", 7)  # another version would cut it elsewhere
    minutes(monitor, 2, start=FIRST_KEPT)
    assert clean(NOW + DAY) == Purged(results=27)  # and by then the day's last row may go as well
    assert before.items() <= {name: (root / name).read_bytes() for name in names(root)}.items()
    assert len(keys(root)) == len(set(keys(root))) == 27
    assert Archiving.objects.get().pending is None


def test_killed_with_the_turn_the_next_purge_goes_on_when_that_has_ended(root, monkeypatch):
    minutes(make_old(), 5)

    def die(self, name, body):
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(Lease, "end", lambda self, **changes: None)  # who is killed gives nothing back
        patched.setattr(FolderStore, "put", die)
        with pytest.raises(SystemExit):
            clean()
    assert clean(NOW + MINUTE) == Purged()
    assert Result.objects.count() == 5
    assert clean(NOW + writing.LEASE + MINUTE) == Purged(results=4)
    assert len(keys(root)) == 4


def test_a_result_that_comes_between_reading_and_deleting_is_archived_too(root, monkeypatch):
    monitor = make_old()
    minutes(monitor, 5)
    real, late = FolderStore.put, [OLD + timedelta(seconds=90)]

    def put(self, name, body):
        real(self, name, body)
        if late:
            store_at(monitor, (late.pop(), "D"))

    monkeypatch.setattr(FolderStore, "put", put)
    assert clean() == Purged(results=5)
    assert len(names(root)) == 1
    assert len(set(keys(root))) == len(keys(root)) == 5
    assert [line["status"] for line in lines(root)].count("down") == 1


def test_what_is_deleted_meanwhile_is_not_left_in_the_slice_that_is_being_written(root, monkeypatch):
    monitor, other = make_old(team := make_team()), make_old(team)
    minutes(monitor, 5)
    minutes(other, 5)
    real, first = FolderStore.put, [1]

    def put(self, name, body):
        real(self, name, body)
        if first and first.pop():
            Result.objects.filter(monitor=monitor).delete()

    monkeypatch.setattr(FolderStore, "put", put)
    assert clean() == Purged(results=4)
    assert {line["monitor"] for line in lines(root)} == {other.pk}


def test_a_late_result_gets_an_object_of_its_own(root):
    monitor = make_old()
    minutes(monitor, 5)
    assert clean() == Purged(results=4)
    store_at(monitor, (OLD + timedelta(seconds=90), "D"))
    assert clean() == Purged(results=1)
    assert len(names(root)) == 2
    assert len(set(keys(root))) == len(keys(root)) == 5


def test_while_the_archive_is_away_nothing_raw_goes_and_the_rest_does(root, monkeypatch, caplog):
    monitor = make_old(age=3000 * DAY)
    minutes(monitor, 5)
    add_rollup(monitor, MIDNIGHT - 397 * DAY, Period.HOUR)
    monkeypatch.setattr(retention, "open_archive", lambda: Away(root))
    with caplog.at_level(logging.ERROR):
        assert clean() == Purged(hours=2)
    assert Result.objects.count() == 5
    assert [r.getMessage() for r in caplog.records] == [
        "archive away, no raw result is purged: Cannot write to the archive: it is away."
    ]
    state = Archiving.objects.get()
    assert (state.problem, state.written_at) == ("Cannot write to the archive: it is away.", None)


def test_once_the_archive_is_back_it_goes_on_and_is_well(root, monkeypatch):
    minutes(make_old(), 5)
    with monkeypatch.context() as patched:
        patched.setattr(FolderStore, "put", Away.put)
        assert clean() == Purged()
    assert Archiving.objects.get().problem
    assert clean() == Purged(results=4)
    state = Archiving.objects.get()
    assert (state.problem, state.written_at >= NOW, len(keys(root))) == ("", True, 4)


def test_a_folder_that_cannot_be_written_reads_as_away(root):
    minutes(make_old(), 5)
    root.write_text("a file where the folder should be")
    assert clean() == Purged()
    assert "Cannot write to" in Archiving.objects.get().problem
    assert Result.objects.count() == 5


def test_a_second_purge_at_the_same_time_leaves_results_to_the_first(root, monkeypatch):
    minutes(make_old(), 5)
    real, found = FolderStore.put, []

    def put(self, name, body):
        found.append(
            purge_results(owner="test", now=NOW, rest=lambda seconds: None)
        )  # even of the same process
        real(self, name, body)

    monkeypatch.setattr(FolderStore, "put", put)
    assert clean() == Purged(results=4)
    assert found == [Purged()]
    assert len(names(root)) == 1


def test_who_was_overtaken_deletes_nothing(root, monkeypatch, caplog):
    minutes(make_old(), 5)
    real, late = FolderStore.put, [1]

    def put(self, name, body):
        """The first one hangs for an hour; another takes over and does it all."""
        real(self, name, body)
        if late and late.pop():
            assert clean(NOW + HOUR) == Purged(results=4)
            minutes(make_old(), 5)  # which the first must not touch

    monkeypatch.setattr(FolderStore, "put", put)
    assert clean() == Purged()
    assert "archive lost its turn" in caplog.text
    assert Result.objects.count() == 6
    assert (len(names(root)), len(keys(root))) == (1, 4)
    assert Archiving.objects.get().lease_until == NOW + HOUR  # given back by the second, kept by nobody


def test_a_purge_that_has_no_time_left_gives_the_turn_back(root, monkeypatch):
    monkeypatch.setattr(slices, "ROWS_AT_ONCE", 2)
    minutes(make_old(), 7)
    parts = []
    while not parts or parts[-1].more:
        parts.append(purge_results(owner="test", now=NOW, rest=lambda seconds: None, for_s=0))
    assert [part.results for part in parts] == [2, 2, 2, 0]
    assert len(keys(root)) == 6


def test_the_same_rows_make_the_same_bytes(root):
    minutes(make_old(), 5)
    rows = slices.read_results([slices.ArchiveSpan(Result.objects.first().monitor_id, 0, to_ms(NOW))])
    packed = writing.pack_lines(1, rows)
    assert packed == writing.pack_lines(1, rows)
    assert packed[4:8] == bytes(4)  # gzip's time


def test_a_command_lists_and_reads_what_a_team_has_there(root, capsys):
    ours, theirs = make_old(team := make_team()), make_old()
    twin = make_old(team)
    for monitor in (ours, twin, theirs):
        minutes(monitor, 3, start=OLD - DAY)
        minutes(monitor, 2)
    clean()

    def told(*arguments):
        call_command("archive", *arguments, f"--team={team.pk}")
        return capsys.readouterr().out.splitlines()

    listed = told("list")
    assert listed == [name for name in names(root) if f"team={team.pk}/" in name]
    assert [name.split("/")[2] for name in listed] == [f"day={OLD - DAY:%Y-%m-%d}", f"day={OLD:%Y-%m-%d}"]
    assert told("list", f"--from={OLD:%Y-%m-%d}") == listed[1:]
    assert told("list", f"--to={OLD:%Y-%m-%d}") == listed[:1]
    read = [json.loads(line) for line in told("read", f"--monitor={ours.pk}")]
    assert [(row["team"], row["monitor"]) for row in read] == 4 * [(team.pk, ours.pk)]
    assert len(told("read")) == 8


def test_the_command_says_where_nothing_is_archived():
    with pytest.raises(CommandError, match="ARCHIVE_URL is empty"):
        call_command("archive", "list", "--team=1")
