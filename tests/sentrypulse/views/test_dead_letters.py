"""Messages that were given up: by the command, and on the administrators' page."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from pipeline import dispatch
from pipeline.queues.base import DeadLetter, QueuesAway, Sender
from tests.factories import UserFactory
from tests.pipeline.factories import T0

SECRET = b'{"type":"checks.v1","specs":[{"config":{"auth":"s3cret-word"}}]}'


class Queues(Sender):
    """Queues with two dead letters, of which one cannot be sent again."""

    def __init__(self):
        self.letters = {
            "checks-1": DeadLetter("checks-1", "checks", SECRET, "It is no message.", 5, T0),
            "results-2": DeadLetter("results-2", "results", b"stray", "", 1, T0 + timedelta(minutes=1)),
        }
        self.redriven, self.away = [], False

    def figures(self):
        return {"checks": {"waiting": 3, "dead_letters": 1}}

    def dead_letters(self, *, limit=100):
        if self.away:
            raise QueuesAway("SQS does not serve the queue checks.")
        return list(self.letters.values())[:limit]

    def redrive(self, letter_id):
        if letter_id != "checks-1" or letter_id not in self.letters:
            return False
        self.redriven.append(self.letters.pop(letter_id).body)
        return True

    def drop(self, letter_id):
        return self.letters.pop(letter_id, None) is not None

    def redrive_all(self):
        return sum(self.redrive(letter_id) for letter_id in list(self.letters))

    def drop_all(self):
        return sum(self.drop(letter_id) for letter_id in list(self.letters))


@pytest.fixture
def queues(settings):
    settings.EMBEDDED = False
    reachable = Queues()
    dispatch.use_sender(reachable)
    yield reachable
    dispatch.use_sender(None)


def run(capsys, *arguments):
    call_command("deadletters", *arguments)
    told = capsys.readouterr()
    return told.out.splitlines(), told.err.splitlines()


def test_the_list_tells_what_was_given_up_and_no_secret(queues, capsys):
    lines, _ = run(capsys, "list")
    assert lines == [
        "checks-1  checks  64 bytes, tried 5 times, 2026-03-01 12:00:00Z  It is no message.",
        "results-2  results  5 bytes, tried 1 times, 2026-03-01 12:01:00Z",
        "2 dead letters.",
    ]
    lines, _ = run(capsys, "list", "--limit", "1", "--bodies")
    assert "s3cret-word" in lines[1]
    assert lines[-1] == "1 dead letters."


def test_those_named_are_sent_again_and_who_cannot_be_is_told(queues, capsys):
    lines, errors = run(capsys, "redrive", "checks-1", "results-2")
    assert lines == ["Sent again: 1 of 2."]
    assert errors == ["There is no dead letter results-2, or it cannot be sent again."]
    assert queues.redriven == [SECRET]
    assert list(queues.letters) == ["results-2"]


def test_those_named_are_dropped_and_no_others(queues, capsys):
    assert run(capsys, "drop", "checks-1")[0] == ["Dropped: 1 of 1."]
    assert list(queues.letters) == ["results-2"]
    with pytest.raises(CommandError, match="Name the dead letters to drop, or give --all"):
        run(capsys, "drop")
    assert list(queues.letters) == ["results-2"]


def test_all_are_all_that_there_are_and_not_those_of_the_list(queues, capsys, monkeypatch):
    monkeypatch.setattr(queues, "dead_letters", None)  # a list has a limit
    assert run(capsys, "redrive", "--all")[0] == ["Sent again: 1."]
    assert list(queues.letters) == ["results-2"]
    assert run(capsys, "drop", "--all")[0] == ["Dropped: 1."]
    assert queues.letters == {}


def test_queues_that_are_away_are_told_in_one_sentence(queues, capsys):
    queues.away = True
    with pytest.raises(CommandError, match="SQS does not serve the queue checks"):
        run(capsys, "list")


def test_the_embedded_engine_keeps_its_dead_letters_to_itself(queues, settings, capsys):
    settings.EMBEDDED = True
    with pytest.raises(CommandError, match="in its own process"):
        run(capsys, "list")


@pytest.fixture
def page(client, db):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return reverse("admin:dead_letters")


def test_the_page_shows_depth_and_letters_and_no_secret(client, page, queues):
    shown = client.get(page).content.decode()
    assert "<td>checks</td><td>3</td><td>1</td>" in shown
    assert 'value="checks-1"' in shown
    assert "It is no message." in shown
    assert "s3cret-word" not in shown
    assert page in client.get(reverse("admin:pipeline_cursor_changelist")).content.decode()


def test_the_page_sends_again_and_drops(client, page, queues):
    assert client.post(page, {"action": "redrive", "id": ["checks-1"]}).status_code == 302
    assert queues.redriven == [SECRET]
    assert "Sent again: 1 of 1" in client.get(page).content.decode()
    client.post(page, {"action": "drop", "id": ["results-2"]})
    assert queues.letters == {}
    assert "There are none." in client.get(page).content.decode()


def test_the_page_says_when_the_queues_are_away(client, page, queues):
    queues.away = True
    assert "SQS does not serve the queue checks." in client.get(page).content.decode()


def test_staff_that_is_no_administrator_is_refused(client, page, queues):
    client.force_login(UserFactory(is_staff=True))
    assert client.get(page).status_code == 403
    assert client.post(page, {"action": "drop", "id": ["checks-1"]}).status_code == 403
    assert len(queues.letters) == 2
