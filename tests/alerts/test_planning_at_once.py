"""Recorder, two planners and two senders at once: everybody is told once, and nobody is told nothing."""

import threading
from collections import Counter
from datetime import timedelta

from django.db import OperationalError, connection

from alerts import planning, receipts, sending
from alerts.models import AlertSettings, Delivery
from delivery.message import Outcome, Receipt
from pipeline.stages.record import record
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.factories import make_monitor, make_team
from tests.pipeline.factories import make_result

LATER = T0 + timedelta(hours=2)


def test_everything_at_once_tells_each_thing_once(shared_database):
    team = make_team(name="Ours")
    drop_defaults(team)
    make_rule(make_channel(team), make_channel(team, name="Second"))
    AlertSettings.objects.update(digest_over=1000)
    monitors = [make_monitor(team, name=f"Shop {number}", fail_after=1) for number in range(6)]
    done, faults, sent = threading.Event(), list[Exception](), Counter[str]()

    def again(task):
        """As the engines do: a deadlock, of which a database chooses the victim, is tried again."""
        while True:
            try:
                return task()
            except OperationalError as away:
                if "eadlock" not in str(away) and "locked" not in str(away):
                    raise

    def work(task):
        try:
            task()
        except Exception as fault:  # noqa: BLE001  # told by the test itself
            faults.append(fault)
            done.set()
        finally:
            connection.close()

    def record_all():
        for number, letter in enumerate("DUDU"):
            at = T0 + timedelta(minutes=number)
            for half in (monitors[:3], monitors[3:]):
                batch = [make_result(monitor, at, letter) for monitor in half]
                again(lambda batch=batch, at=at: record(batch, now=at))
        done.set()

    def turn():
        again(lambda: planning.follow_troubles(now=LATER))
        messages = again(lambda: sending.take_due(now=LATER))
        sent.update(message.key for message in messages)
        taken = [
            Receipt(id=m.id, attempt=m.attempt, at=LATER, outcome=Outcome.SENT, status=200) for m in messages
        ]
        again(lambda: receipts.settle_deliveries(taken + taken[:2], now=LATER))

    def turn_on():
        while not done.is_set():
            turn()

    threads = [threading.Thread(target=work, args=[task]) for task in (record_all, turn_on, turn_on)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for _ in range(3):
        turn()
    assert faults == []
    assert set(sent.values()) == {1}
    rows = Delivery.objects.values_list("event", "status")
    assert Counter(status for _, status in rows) == {"sent": len(sent)} | (
        {"dropped": len(rows) - len(sent)} if len(rows) > len(sent) else {}
    )
    assert Counter(event for event, _ in rows) == {"down": 24, "recovered": 24}
