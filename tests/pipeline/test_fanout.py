import pytest
from django.db import transaction

from pipeline import dispatch, fanout
from pipeline.queues.base import QueuesAway, Sender


class Away(Sender):
    def send(self, queue, body, *, delay_s=0.0):
        raise QueuesAway("The broker does not answer.")


@pytest.mark.django_db(transaction=True)
def test_what_was_changed_stays_changed_when_nobody_can_be_woken(monkeypatch, caplog):
    monkeypatch.setattr(dispatch, "_sender", Away())
    with transaction.atomic():
        fanout.wake_sending()
        fanout.wake_pages()
    assert [record.levelname for record in caplog.records] == ["ERROR"] * 4
