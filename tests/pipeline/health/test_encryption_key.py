"""A wrong FIELD_ENCRYPTION_KEY stops the start with a sentence; a damaged row does not."""

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from core.field_encryption import is_token, seal, unseal
from monitors.models import Monitor
from pipeline.health import encryption_key
from pipeline.health.encryption_key import find_key_fault, reseal_all, try_key
from statuspages.models import Subscriber
from tests.factories import make_monitor
from tests.stored_secrets import SECRET, new_key

pytestmark = pytest.mark.django_db


def test_the_right_key_finds_no_fault(stored):
    assert find_key_fault() == ""
    assert try_key().opened == 3


def test_a_wrong_key_is_told_in_one_sentence_that_names_the_setting_and_the_fix(stored, settings):
    settings.FIELD_ENCRYPTION_KEY = new_key()
    fault = find_key_fault()
    assert "FIELD_ENCRYPTION_KEY does not open 3 of the 3 stored secrets" in fault
    assert "1 of a monitor, 1 of a channel, 1 of a subscriber" in fault
    assert "new,old" in fault
    assert stored not in fault
    assert settings.FIELD_ENCRYPTION_KEY not in fault


def test_an_older_key_behind_the_new_one_is_enough_and_is_needed_until_all_is_sealed_anew(stored, settings):
    newest = new_key()
    settings.FIELD_ENCRYPTION_KEY = f"{newest}, {stored}"
    assert find_key_fault() == ""
    settings.FIELD_ENCRYPTION_KEY = newest  # the old one is taken away too early
    assert "3 of the 3" in find_key_fault()
    settings.FIELD_ENCRYPTION_KEY = f"{newest},{stored}"
    assert reseal_all() == 3
    assert reseal_all() == 0
    settings.FIELD_ENCRYPTION_KEY = newest
    assert find_key_fault() == ""
    assert unseal(Monitor.objects.get().secrets) == {"auth.password": "hush"}


def test_a_key_that_opens_only_what_was_saved_last_is_wrong(stored, settings):
    settings.FIELD_ENCRYPTION_KEY = new_key()
    make_monitor(Monitor.objects.get().team, config={"auth": SECRET})
    assert "3 of the 4" in find_key_fault()


@pytest.mark.parametrize("damaged", ["no token", "gAAAAA", "é", "x" * 5000])
def test_a_damaged_row_stops_nobody(stored, damaged):
    Monitor.objects.update(secrets=damaged)
    Subscriber.objects.all().delete()
    assert find_key_fault() == ""
    assert (try_key().opened, try_key().locked) == (1, {})


def test_one_foreign_row_among_many_is_reported_and_stops_nobody(stored, settings, caplog):
    team = Monitor.objects.get().team
    for number in range(20):
        make_monitor(team, name=str(number), config={"auth": SECRET})
    foreign = Monitor.objects.order_by("pk").last()
    settings.FIELD_ENCRYPTION_KEY, right = new_key(), settings.FIELD_ENCRYPTION_KEY
    Monitor.objects.filter(pk=foreign.pk).update(secrets=seal({"auth.password": "x"}))
    settings.FIELD_ENCRYPTION_KEY = right
    assert find_key_fault() == ""
    assert f"does not open monitor=[{foreign.pk}]" in caplog.text


def test_an_installation_without_secrets_has_no_wrong_key(db):
    assert find_key_fault() == ""


def test_where_the_database_is_away_or_empty_the_start_is_not_stopped_by_this(monkeypatch):
    def refuse(**_):
        raise OperationalError("no such table")

    monkeypatch.setattr(encryption_key, "try_key", refuse)
    assert find_key_fault() == ""


def test_trying_costs_the_same_however_many_there_are(stored, django_assert_num_queries):
    with django_assert_num_queries(6):
        try_key()
    for number in range(10):
        make_monitor(Monitor.objects.first().team, name=str(number), config={"auth": SECRET})
    with django_assert_num_queries(6):
        assert try_key().opened == 13


def test_prepare_refuses_a_wrong_key_and_seals_anew_with_the_newest(stored, settings, capsys):
    settings.FIELD_ENCRYPTION_KEY = new_key()
    with pytest.raises(CommandError, match="FIELD_ENCRYPTION_KEY does not open 3 of the 3"):
        call_command("prepare", no_static=True)
    settings.FIELD_ENCRYPTION_KEY = f"{new_key()},{stored}"
    call_command("prepare", no_static=True)
    said = capsys.readouterr().out
    assert "3 secrets are sealed with the newest key now." in said
    assert "EMAIL_URL is not set: e-mails, alerts among them, only go to the console." in said
    settings.FIELD_ENCRYPTION_KEY = settings.FIELD_ENCRYPTION_KEY.split(",")[0]
    assert find_key_fault() == ""


def test_every_seal_is_a_token_and_nothing_shorter_is():
    assert is_token(seal({"a": "b"}))
    assert is_token(seal({"a": "b" * 1000}))
    assert not is_token(seal({"a": "b"})[:-8])
    assert not is_token("")
