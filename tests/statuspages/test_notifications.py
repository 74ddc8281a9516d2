"""Subscribers are asked first, told once, and left alone."""

from datetime import timedelta

import pytest

from delivery.message import Outcome, Receipt, Tone
from outbox.backoff import RECEIPT_WITHIN
from outbox.models import OutgoingStatus
from pipeline import dispatch
from pipeline.jobs import periodic
from pipeline.messages import Deliveries, decode
from pipeline.queues.base import Sender
from statuspages import notifications, receipts, subscriptions
from statuspages.models import Notice, NoticePurpose, Subscriber
from statuspages.posts import write_post
from tests.factories import TeamFactory, make_member
from tests.statuspages.factories import NOW, make_old, make_page, subscribe, tokens_of

pytestmark = pytest.mark.django_db
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def page():
    team = TeamFactory()
    return make_page(team, make_old(team), make_old(team), title="Acme")


@pytest.fixture
def author(page):
    return make_member(page.team)


def send(*, now=NOW):
    """What the job sends, by address."""
    notifications.plan_due(now=now)
    return notifications.claim_deliveries(now=now)


def receive(delivery, outcome, *, now=NOW, answer="", attempt=None):
    receipt = Receipt(
        id=delivery.id, attempt=attempt or delivery.attempt, outcome=outcome, at=now, answer=answer
    )
    receipts.settle_notices([receipt], now=now)


def addresses(deliveries):
    return sorted(d.config["to"][0] if d.kind == "email" else d.config["url"] for d in deliveries)


def confirm_all():
    """Nobody waits for the first message any more."""
    Notice.objects.filter(purpose=NoticePurpose.CONFIRM).delete()


def test_nobody_is_told_anything_but_how_to_confirm_before_they_have(page, author):
    asked = subscriptions.ask_to_confirm(page, kind="email", address="ada@example.com", now=NOW)
    write_post(page, author=author, now=NOW, title="Slow", text="We look.")
    (letter,) = send()
    assert letter.kind == "email"
    assert letter.config == {"to": ["ada@example.com"]}
    assert letter.content.subject == "Confirm that you want news of Acme"
    assert f"/status/-/confirm/{tokens_of(asked)['confirm']}" in letter.content.text
    assert letter.content.link in letter.content.html
    assert send(now=NOW + 2 * MINUTE)
    assert not Notice.objects.filter(purpose=NoticePurpose.POST).exists()


def test_who_confirmed_is_told_of_each_post_once(page, author):
    subscriber = subscribe(page)
    confirm_all()
    post, _ = write_post(page, author=author, now=NOW, title="Slow shop", text="We **look**.")
    (letter,) = send()
    assert letter.key == f"statuspages:{subscriber.pk}:{post.pk}"
    assert letter.content.subject == "[Acme] Investigating: Slow shop"
    assert "We **look**." in letter.content.text
    assert "<strong>look</strong>" in letter.content.html
    assert letter.content.tone is Tone.BAD
    receive(letter, Outcome.SENT)
    assert send(now=NOW + DAY) == []


def test_a_letter_can_be_answered_by_one_click(page, author):
    """RFC 8058, section 3.1."""
    subscriber = subscribe(page)
    confirm_all()
    write_post(page, author=author, now=NOW, title="Slow", text="x")
    (letter,) = send()
    leave = f"http://127.0.0.1:8000/status/-/unsubscribe/{tokens_of(subscriber)['unsubscribe']}"
    assert letter.content.headers["List-Unsubscribe"] == f"<{leave}>"
    assert letter.content.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert leave in letter.content.text


def test_a_webhook_gets_data_and_the_secret_of_its_signature(page, author):
    subscriber = subscribe(page, "https://hooks.example.com/x", kind="webhook")
    confirm_all()
    post, _ = write_post(page, author=author, now=NOW, title="Slow", text="We look.")
    (call,) = send()
    assert call.kind == "webhook"
    assert call.from_stranger
    assert call.config["url"] == "https://hooks.example.com/x"
    assert call.config["secret"] == tokens_of(subscriber)["signing"]
    assert call.content.data["event"] == "post"
    assert call.content.data["post"]["id"] == post.pk
    assert call.content.data["incident"]["status"] == "investigating"


def test_the_first_call_of_a_webhook_carries_what_confirms_it(page):
    asked = subscriptions.ask_to_confirm(page, kind="webhook", address="https://hooks.example.com/x", now=NOW)
    (call,) = send()
    assert call.content.data["event"] == "confirm"
    assert call.content.data["confirm_url"].endswith(tokens_of(asked)["confirm"])
    assert call.content.data["signing_secret"] == call.config["secret"]


def test_components_choose_who_is_told(page, author):
    first, second = page.components.all()
    subscribe(page, "all@example.com")
    subscribe(page, "first@example.com", components=[first.pk])
    subscribe(page, "second@example.com", components=[second.pk])
    confirm_all()
    write_post(page, author=author, now=NOW, title="One", text="x", components=[first])
    assert addresses(send()) == ["all@example.com", "first@example.com"]
    write_post(page, author=author, now=NOW, title="Whole page", text="x")
    assert addresses(send()) == ["all@example.com", "first@example.com", "second@example.com"]


def test_who_chose_a_component_that_is_gone_is_not_told_of_all_others(page, author):
    first, second = page.components.all()
    subscribe(page, components=[first.pk])
    confirm_all()
    first.delete()
    write_post(page, author=author, now=NOW, title="Slow", text="x", components=[second])
    assert send() == []


def test_more_than_five_posts_of_a_moment_are_one_letter(page, author):
    subscribe(page)
    confirm_all()
    for number in range(7):
        write_post(page, author=author, now=NOW, title=f"Trouble {number}", text="x")
    (letter,) = send()
    assert "6 other reports of the same moment are on the page." in letter.content.text
    assert send(now=NOW + DAY) == [] or Notice.objects.filter(purpose=NoticePurpose.POST).count() == 1


def test_a_post_that_shall_not_be_told_or_is_internal_is_not(page, author):
    subscribe(page)
    confirm_all()
    write_post(page, author=author, now=NOW, title="Quiet", text="x", notify=False)
    write_post(page, author=author, now=NOW, title="Note", text="x", visibility="internal")
    assert send() == []


def test_planning_twice_plans_once(page, author):
    subscribe(page)
    confirm_all()
    write_post(page, author=author, now=NOW, title="Slow", text="x")
    assert [notifications.plan_due(now=NOW), notifications.plan_due(now=NOW)] == [1, 0]


def test_a_lost_message_is_sent_again_with_the_same_key(page, author):
    subscribe(page)
    confirm_all()
    write_post(page, author=author, now=NOW, title="Slow", text="x")
    (first,) = send()
    assert send(now=NOW + RECEIPT_WITHIN - MINUTE / 60) == []
    (again,) = send(now=NOW + RECEIPT_WITHIN)
    assert (again.key, again.attempt) == (first.key, 2)


def test_an_address_that_is_refused_for_good_is_switched_off(page, author):
    subscriber = subscribe(page)
    confirm_all()
    write_post(page, author=author, now=NOW, title="Slow", text="x")
    (letter,) = send()
    receive(letter, Outcome.REFUSED, answer="550 No such user here.")
    subscriber.refresh_from_db()
    assert (subscriber.unsubscribed_at, subscriber.off_reason) == (NOW, "550 No such user here.")
    assert Notice.objects.get().status == OutgoingStatus.DEAD
    write_post(page, author=author, now=NOW, title="More", text="x")
    assert send(now=NOW + DAY) == []


def test_an_address_that_fails_for_a_while_stays(page, author):
    subscriber = subscribe(page)
    confirm_all()
    write_post(page, author=author, now=NOW, title="Slow", text="x")
    (letter,) = send()
    receive(letter, Outcome.RETRY, answer="451 Try later.")
    subscriber.refresh_from_db()
    assert subscriber.unsubscribed_at is None
    assert Notice.objects.get().status == OutgoingStatus.RETRY


def test_our_own_trouble_switches_no_subscriber_off_however_long_it_lasts(page, author):
    """Amazon SES in its sandbox takes e-mails to nobody: see tests/delivery/kinds/test_email.py."""
    subscriber = subscribe(page)
    confirm_all()
    write_post(page, author=author, now=NOW, title="Slow", text="x")
    for hour in range(30):
        now = NOW + timedelta(hours=hour)
        for letter in send(now=now):
            receive(letter, Outcome.RETRY, answer="Amazon SES takes no e-mail from us: …", now=now)
    assert Notice.objects.get().status == OutgoingStatus.DEAD
    subscriber.refresh_from_db()
    assert (subscriber.unsubscribed_at, subscriber.off_reason) == (None, "")


def test_who_leaves_between_planning_and_sending_is_not_told(page, author):
    subscriber = subscribe(page)
    confirm_all()
    write_post(page, author=author, now=NOW, title="Slow", text="x")
    notifications.plan_due(now=NOW)
    assert subscriptions.unsubscribe(tokens_of(subscriber)["unsubscribe"], now=NOW)
    assert notifications.claim_deliveries(now=NOW) == []
    assert Notice.objects.get().status == OutgoingStatus.DROPPED


def test_a_link_confirms_once_and_for_three_days(page):
    asked = subscriptions.ask_to_confirm(page, kind="email", address="ada@example.com", now=NOW)
    token = tokens_of(asked)["confirm"]
    assert subscriptions.confirm(token, now=NOW + timedelta(days=3)) is None
    assert subscriptions.confirm(token, now=NOW + DAY) == asked
    assert subscriptions.confirm(token, now=NOW + DAY) is None
    assert subscriptions.confirm("x" * 32, now=NOW) is None


def test_asking_again_changes_the_components_only_when_that_is_confirmed_too(page):
    first, second = page.components.all()
    subscriber = subscribe(page, components=[first.pk])
    again = subscriptions.ask_to_confirm(
        page, kind="email", address="ADA@example.com", components=[second.pk], now=NOW
    )
    assert again == subscriber
    assert list(subscriber.components.all()) == [first]
    subscriptions.confirm(tokens_of(again)["confirm"], now=NOW)
    assert list(subscriber.components.all()) == [second]


def test_a_link_of_an_older_letter_is_good_no_more_once_a_newer_was_asked_for(page):
    first = tokens_of(subscriptions.ask_to_confirm(page, kind="email", address="ada@example.com", now=NOW))[
        "confirm"
    ]
    subscriptions.ask_to_confirm(page, kind="email", address="ada@example.com", now=NOW)
    assert subscriptions.confirm(first, now=NOW) is None
    assert len(send()) == 1


def test_addresses_that_never_confirmed_or_have_left_are_forgotten(page):
    never = subscriptions.ask_to_confirm(page, kind="email", address="never@example.com", now=NOW)
    gone, stays = subscribe(page, "gone@example.com"), subscribe(page, "stays@example.com")
    Subscriber.objects.filter(pk=never.pk).update(created_at=NOW)
    subscriptions.unsubscribe(tokens_of(gone)["unsubscribe"], now=NOW)
    assert subscriptions.purge_subscribers(now=NOW + timedelta(days=6)) == 0
    assert subscriptions.purge_subscribers(now=NOW + timedelta(days=31)) == 2
    assert list(Subscriber.objects.all()) == [stays]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "a@b@c",
        "ada@example.com\nBcc: x@y.z",
        "ada@exa mple.com",
        "<script>@x",
        "x" * 500 + "@y.zz",
    ],
)
def test_what_is_no_address_is_refused(address):
    with pytest.raises(Exception, match=r".") as refused:
        subscriptions.clean_address("email", address)
    assert type(refused.value).__name__ == "ValidationError"


def test_an_international_domain_is_written_to_in_ascii():
    assert subscriptions.clean_address("email", "Ada@straße.de") == "Ada@xn--strae-oqa.de"
    assert subscriptions.clean_address("webhook", "https://straße.de/ä") == "https://xn--strae-oqa.de/ä"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "ftp://x.example",
        "javascript:alert(1)",
        "https://",
        "https://u:p@x.example",
        "https://x.example/a b",
        "https://x.example:99999",
        "https://x.example\n",
        "file:///etc/passwd",
        "//x.example",
    ],
)
def test_what_is_no_url_for_a_webhook_is_refused(url):
    if url.endswith("\n"):
        assert subscriptions.clean_address("webhook", url) == url.strip()
        return
    with pytest.raises(Exception, match=r".") as refused:
        subscriptions.clean_address("webhook", url)
    assert type(refused.value).__name__ == "ValidationError"


class Sent(Sender):
    """An engine's queues that keep what is sent."""

    def __init__(self):
        self.bodies = []

    def send(self, queue, body, *, delay_s=0.0):
        assert queue == "deliveries"
        self.bodies.append(body)

    def free(self, queue):
        return 1

    def figures(self):
        return {}


def test_the_job_sends_what_is_due_as_messages(page, author):
    for number in range(25):
        subscribe(page, f"a{number}@example.com")
    confirm_all()
    write_post(page, author=author, now=NOW, title="Slow", text="x")
    sent = Sent()
    dispatch.use_sender(sent)
    try:
        periodic.send_notices(owner="me", now=NOW)
    finally:
        dispatch.use_sender(None)
    messages = [decode(body) for body in sent.bodies]
    assert all(isinstance(message, Deliveries) for message in messages)
    assert [len(message.deliveries) for message in messages] == [10, 10, 5]
    assert all("ada" not in repr(message) for message in messages)
