"""One team's slow receivers hold up nobody else's alerts."""

from time import monotonic

import msgspec

from delivery.message import Outcome
from tests.delivery.receivers import make_delivery, receive
from tests.hostile.servers import serve, stay_silent


def to(url, team, number):
    made = make_delivery("webhook", {"url": url}, id=f"alerts:{number}", key=f"k{number}")
    return msgspec.structs.replace(made, team_id=team)


def all_receipts(chunks):
    return [receipt for chunk in chunks for receipt in chunk]


def test_receivers_that_hang_leave_threads_for_other_teams(make_courier):
    courier = make_courier(concurrency=3, deadline_s=4)
    with serve(stay_silent) as silent, receive() as receiver:
        slow = courier.send([to(silent.url, 1, number) for number in range(9)])
        began = monotonic()
        receipts = all_receipts(courier.send([to(receiver.url, 2, 100 + number) for number in range(6)]))
        assert monotonic() - began < 3
        assert [receipt.outcome for receipt in receipts] == [Outcome.SENT] * 6
        slow.close()


def test_what_waited_for_its_turn_too_long_is_left_to_its_outbox(make_courier):
    courier = make_courier(concurrency=1, deadline_s=1)
    with serve(stay_silent) as silent, receive() as receiver:
        slow, late = to(silent.url, 1, 1), to(receiver.url, 1, 2)
        receipts = all_receipts(courier.send([slow, late], start_within_s=lambda one: 0.5))
        assert [receipt.id for receipt in receipts] == [slow.id]
        assert receiver.requests == []
