"""A row that fails is left out and reported; the others, and a database that is away, stay out of it."""

import logging

import pytest
from django.db import IntegrityError, InterfaceError, OperationalError

from core import isolation
from core.isolation import do_each, do_together, is_away, leave_out, resting
from core.json_column import JsonColumn, Unreadable


def name(row):
    return "row", row


BAD = ValueError("bad")


def explode_at(*bad, done=None, fault=BAD):
    def do(rows):
        for row in rows if isinstance(rows, list) else [rows]:
            if row in bad:
                raise fault
        if done is not None:
            done.append(list(rows))
        return rows

    return do


def test_healthy_rows_are_done_at_once():
    done: list[list[int]] = []
    assert do_together("work", [1, 2, 3], explode_at(done=done), name=name) == []
    assert done == [[1, 2, 3]]


@pytest.mark.parametrize("bad", [(1,), (4,), (7,), (2, 6), (1, 2, 3, 4, 5, 6, 7)])
def test_those_that_fail_are_left_out_and_the_others_are_done_once_each_in_their_order(bad):
    done: list[list[int]] = []
    given_up: list[int] = []
    rows = list(range(1, 8))
    left = do_together("work", rows, explode_at(*bad, done=done), name=name, give_up=given_up.append)
    assert left == given_up == list(bad)
    assert [row for some in done for row in some] == [row for row in rows if row not in bad]
    assert isolation.left_out["work"] == len(bad)


def test_each_is_done_by_itself_where_it_must_be():
    assert do_each("work", [1, 2, 3], explode_at(2), name=name) == [1, 3]
    assert isolation.left_out["work"] == 1


@pytest.mark.parametrize(
    "fault",
    [OperationalError(2006, "gone"), OperationalError("database is locked"), InterfaceError("closed")],
)
def test_a_database_that_is_away_is_nobodys_row(fault):
    for do in (do_together, do_each):
        with pytest.raises(type(fault)):
            do("work", [1, 2], explode_at(2, fault=fault), name=name)
    assert isolation.left_out["work"] == 0


@pytest.mark.parametrize(
    ("fault", "away"),
    [
        (OperationalError(1205, "Lock wait timeout"), True),
        (OperationalError("disk I/O error"), True),
        (OperationalError(), True),
        (OperationalError(1366, "Incorrect string value"), False),
        (OperationalError(4025, "CONSTRAINT failed"), False),
        (OperationalError("Could not decode to UTF-8 column 'name' with text 'x'"), False),
        (IntegrityError("UNIQUE"), False),
        (KeyError("cron"), False),
    ],
)
def test_what_drivers_call_operational_is_told_apart(fault, away):
    assert is_away(fault) is away


def test_a_row_is_told_by_its_key_once_in_ten_minutes_and_rests_for_one(caplog, monkeypatch):
    caplog.set_level(logging.ERROR, logger="core.isolation")
    clock = [1_000.0]
    monkeypatch.setattr("core.isolation.time.monotonic", lambda: clock[0])
    for _ in range(3):
        leave_out("send alerts", ("delivery", 7), ValueError("\ud800 is no text"))
    said = r"left out work='send alerts' delivery=7: ValueError '\ud800 is no text' at nowhere"
    assert caplog.messages == [said]
    assert resting("send alerts", "delivery") == [7]
    assert (resting("send alerts", "post"), resting("other", "delivery")) == ([], [])
    clock[0] += 61
    assert resting("send alerts", "delivery") == []
    leave_out("send alerts", ("delivery", 7), ValueError())
    assert (len(caplog.messages), resting("send alerts", "delivery")) == (1, [7])
    clock[0] += 600
    leave_out("send alerts", ("delivery", 7), ValueError())
    assert len(caplog.messages) == 2


def test_what_is_remembered_is_bounded(monkeypatch):
    monkeypatch.setattr(isolation, "MAX_REMEMBERED", 10)
    for row in range(100):
        leave_out("work", ("row", row), ValueError())
    assert len(isolation._failed_at) <= 10
    assert isolation.left_out["work"] == 100


@pytest.mark.parametrize("stored", ["{", "", "[" * 100_000, "9" * 5_000, "nul"])
def test_json_that_cannot_be_read_is_read_as_nothing(stored):
    found = JsonColumn().from_db_value(stored, None, None)
    assert isinstance(found, Unreadable)
    assert (dict(found), list(found)) == ({}, [])


def test_other_json_is_what_it_says():
    assert JsonColumn().from_db_value('{"a": [1, null]}', None, None) == {"a": [1, None]}
    assert JsonColumn().from_db_value(None, None, None) is None
    assert JsonColumn().deconstruct()[1] == "django.db.models.JSONField"
