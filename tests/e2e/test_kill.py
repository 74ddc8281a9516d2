"""`kill -9` at any moment: no double incident, no stuck monitor, no result lost but the batch in flight."""

import random
import sqlite3
import time

from tests.e2e.harness import wait_for
from tests.e2e.test_new_user import sign_up


def rows(sentrypulse, statement):
    with sqlite3.connect(sentrypulse.data_dir / "sentrypulse.sqlite3", timeout=20) as database:
        found = database.execute(statement).fetchall()
    database.close()
    return found


def test_killed_again_and_again_it_keeps_one_incident_and_loses_nothing_that_was_stored(sentrypulse, target):
    chance = random.Random(20261124)
    sentrypulse.start()
    with sign_up(sentrypulse) as api:
        for number in range(10):
            asked = {"name": f"M{number}", "kind": "http", "url": target.url, "interval_s": 1, "timeout_s": 1}
            asked["fail_after"] = 3  # a machine under load may time out twice in a row
            assert api.post("monitors/", json=asked).status_code == 201
    wait_for(lambda: rows(sentrypulse, "SELECT COUNT(DISTINCT monitor_id) FROM monitors_result")[0][0] == 10)
    stored = rows(sentrypulse, "SELECT COUNT(*) FROM monitors_result")[0][0]
    target.stop()
    for _ in range(4):
        time.sleep(chance.uniform(0.2, 2.5))  # the moment of the kill is the point: any will do
        sentrypulse.kill()
        now_stored = rows(sentrypulse, "SELECT COUNT(*) FROM monitors_result")[0][0]
        assert now_stored >= stored
        stored = now_stored
        assert rows(sentrypulse, "PRAGMA integrity_check") == [("ok",)]
        sentrypulse.start()

    def all_are_down():
        return rows(sentrypulse, "SELECT COUNT(*) FROM monitors_regionstate WHERE state = 'down'")[0][0] == 10

    wait_for(all_are_down)
    per_monitor = rows(sentrypulse, "SELECT monitor_id, COUNT(*) FROM incidents_incident GROUP BY monitor_id")
    assert sorted(count for _, count in per_monitor) == [1] * 10
    sentrypulse.kill()
    target.start()
    sentrypulse.start()

    def all_recovered():
        return (
            rows(sentrypulse, "SELECT COUNT(*) FROM incidents_incident WHERE status = 'resolved'")[0][0] == 10
        )

    wait_for(all_recovered)
    assert rows(sentrypulse, "SELECT COUNT(*) FROM monitors_regionstate WHERE state != 'up'") == [(0,)]
    assert rows(sentrypulse, "SELECT COUNT(*) FROM incidents_incident") == [(10,)]
    assert sentrypulse.stop() == 0
