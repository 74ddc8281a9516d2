"""A post, a subscriber or a notice that cannot be handled keeps no other from being told."""

from datetime import timedelta

import pytest

from core import isolation
from core.field_encryption import seal
from outbox import claiming
from outbox.claiming import UNHEARD
from pipeline import dispatch
from pipeline.jobs import periodic
from pipeline.messages import decode
from pipeline.queues.base import Sender
from statuspages import notifications
from statuspages.models import Notice, Post, StatusPage, Subscriber
from statuspages.posts import write_post
from tests.factories import TeamFactory, make_member
from tests.statuspages.factories import NOW, make_page, subscribe

pytestmark = pytest.mark.django_db


class Queues(Sender):
    def __init__(self):
        self.deliveries = []

    def send(self, queue, body, *, delay_s=0.0):
        self.deliveries += decode(body).deliveries


@pytest.fixture
def queues():
    queues = Queues()
    dispatch.use_sender(queues)
    yield queues
    dispatch.use_sender(None)


def make_story(name, kind="email"):
    """A page of its own team, with one subscriber and a post that is to be told."""
    team = TeamFactory()
    page = make_page(team, slug=name, title=name.title())
    address = f"{name}@example.com" if kind == "email" else f"https://{name}.example.com/hook"
    subscriber = subscribe(page, address, kind=kind)
    Notice.objects.all().delete()
    write_post(page, author=make_member(team), now=NOW, title=name.title(), text=f"{name} is slow.")
    return page, subscriber


def send(queues, *, now=NOW):
    periodic.send_notices(owner="test", now=now)
    return sorted(one.content.data["page"]["slug"] for one in queues.deliveries)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (
            {"secrets": "garbage"},
            "FIELD_ENCRYPTION_KEY does not open the stored secrets; restore the old key.",
        ),
        ({"secrets": "sealed without a link"}, notifications.UNPREPARED),
        ({"kind": "webhook", "address": "ftp://nowhere"}, notifications.UNPREPARED),
        ({"kind": "webhook", "address": ""}, notifications.UNPREPARED),
    ],
    ids=repr,
)
def test_a_poisoned_subscribers_notice_ends_with_its_reason_and_the_others_go_out(queues, columns, reason):
    for name in ("before", "bad", "later"):
        make_story(name)
    if columns.get("secrets", "").startswith("sealed"):
        columns = {"secrets": seal({"nothing": "x"})}
    Subscriber.objects.filter(page__slug="bad").update(**columns)
    assert send(queues) == ["before", "later"]
    notice = Notice.objects.get(subscriber__page__slug="bad")
    assert (notice.status, notice.due_at, notice.answer) == ("dead", None, reason)
    assert send(queues, now=NOW + timedelta(minutes=5)).count("bad") == 0


@pytest.mark.parametrize("columns", [{"language": "tlh"}, {"language": ""}, {"title": "\x00"}], ids=repr)
def test_a_poisoned_page_keeps_no_other_from_telling(queues, columns):
    make_story("bad")
    make_story("good")
    StatusPage.objects.filter(slug="bad").update(**columns)
    assert "good" in send(queues)


def test_a_post_that_cannot_be_planned_rests_and_is_planned_when_it_can_be(queues, monkeypatch):
    make_story("bad")
    make_story("good")
    plan = notifications._for_subscriber

    def explode(subscriber, posts, **kwargs):
        if subscriber.page.slug == "bad":
            raise KeyError("poison")
        return plan(subscriber, posts, **kwargs)

    monkeypatch.setattr(notifications, "_for_subscriber", explode)
    assert send(queues) == ["good"]
    assert list(Post.objects.filter(notices_due=True).values_list("page__slug", flat=True)) == ["bad"]
    monkeypatch.undo()
    isolation.forget_failures()  # a minute later
    assert send(queues) == ["bad", "good"]


def test_a_notice_of_which_nothing_is_ever_heard_ends(queues, monkeypatch):
    give_up_after = timedelta(hours=4)  # of a day's 150 attempts 30 are enough
    monkeypatch.setattr(claiming, "GIVE_UP_AFTER", give_up_after)
    make_story("bad")
    now = NOW
    while now < NOW + 2 * give_up_after:
        send(queues, now=now)
        notice = Notice.objects.get()
        if notice.due_at is None:
            break
        now = notice.due_at
    assert (notice.status, notice.answer) == ("dead", UNHEARD)
    assert 20 < notice.attempts < 35
