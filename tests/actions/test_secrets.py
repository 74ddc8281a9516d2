"""What `manage.py forget_secrets` does, when the key of stored secrets is lost."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from actions.secrets import forget_unreadable
from alerts.models import Channel
from core.field_encryption import unseal
from incidents.models import Incident
from incidents.services import open_incident
from monitors.models import Monitor
from pipeline.health.encryption_key import find_key_fault
from statuspages.models import Subscriber
from tests.stored_secrets import new_key

pytestmark = pytest.mark.django_db


def test_a_key_that_is_lost_lets_the_product_go_on_without_what_it_kept(stored, settings):
    settings.FIELD_ENCRYPTION_KEY = new_key()
    monitor, channel, subscriber = Monitor.objects.get(), Channel.objects.get(), Subscriber.objects.get()
    assert forget_unreadable(now=timezone.now()) == {
        "monitor": [monitor.pk],
        "channel": [channel.pk],
        "subscriber": [subscriber.pk],
    }
    assert find_key_fault() == ""
    monitor.refresh_from_db(), channel.refresh_from_db(), subscriber.refresh_from_db()
    assert (monitor.enabled, monitor.secrets) == (False, "")
    assert (channel.enabled, channel.secrets) == (False, "")
    assert "Type them in again" in channel.disabled_reason
    assert set(unseal(subscriber.secrets)) == {"unsubscribe", "signing"}
    assert subscriber.unsubscribed_at is None
    assert forget_unreadable(now=timezone.now()) == {}


def test_the_incident_of_a_monitor_that_is_paused_for_it_ends(stored, settings):
    """Before: it stayed open, and no check could ever end it."""
    opened = open_incident(Monitor.objects.get(), started_at=timezone.now(), cause=None)
    settings.FIELD_ENCRYPTION_KEY = new_key()
    now = timezone.now()
    forget_unreadable(now=now)
    ended = Incident.objects.get(pk=opened.pk)
    assert (ended.resolved_at, ended.status) == (
        now.replace(microsecond=now.microsecond // 1000 * 1000),
        "resolved",
    )


def test_the_command_lists_what_it_would_delete_and_asks_on_a_terminal_alone(
    stored, settings, capsys, monkeypatch
):
    settings.FIELD_ENCRYPTION_KEY = new_key()
    listed = f"1 of a monitor: {Monitor.objects.get().pk}\n1 of a channel: {Channel.objects.get().pk}\n"
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(CommandError, match="no terminal to ask on"):
        call_command("forget_secrets")
    assert capsys.readouterr().out.startswith(listed)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda asked: "n")
    call_command("forget_secrets")
    assert capsys.readouterr().out.endswith("Nothing was deleted.\n")
    assert Monitor.objects.get().secrets != ""
    call_command("forget_secrets", yes=True)
    assert capsys.readouterr().out.endswith("3 deleted.\n")
    assert Monitor.objects.get().secrets == ""


def test_the_command_asks_nothing_when_there_is_nothing_to_delete(stored, capsys, monkeypatch):
    """Before: it asked first, and ended with EOFError where nobody could answer."""
    monkeypatch.setattr("builtins.input", lambda asked: pytest.fail(asked))
    call_command("forget_secrets")
    assert capsys.readouterr().out == (
        "All secrets that are stored can be opened; there is nothing to delete.\n"
    )
