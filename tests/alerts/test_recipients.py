"""Alerts by e-mail go to verified members and to who agreed; nobody writes to strangers through us."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import signing
from django.utils import timezone
from rest_framework.test import APIClient

from accounts import mail
from accounts.models import Role, User
from alerts.models import Channel, Consent, Delivery, Reason, Recipient
from alerts.receipts import settle_deliveries
from alerts.recipients import ask_new, read_agreed
from alerts.sending import take_due
from delivery.message import Outcome, Receipt
from tests.alerts.factories import T0, agree, drop_defaults, make_channel, make_delivery
from tests.factories import UserFactory, make_member, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_threads(monkeypatch):
    monkeypatch.setattr(mail, "send_in_thread", mail.send_or_log)


@pytest.fixture
def team():
    """Without its default channel."""
    team = make_team()
    drop_defaults(team)
    return team


@pytest.fixture
def admin(team):
    return make_member(team, Role.ADMIN)


def create(api, team, *addresses, **fields):
    body = {"team": team.pk, "name": "Mail", "kind": "email", "config": {"to": list(addresses)}, **fields}
    return api.post("/api/v1/channels/", body)


def asked(letters):
    return [letter.to[0] for letter in letters if letter.subject.startswith("Do you want alerts")]


def link_in(letter):
    return re.search(r"/recipients/[^/\s]+/", letter.body)[0]


@pytest.fixture
def api(admin):
    client = APIClient()
    client.force_authenticate(admin)
    return client


def commit(django_capture_on_commit_callbacks, do):
    with django_capture_on_commit_callbacks(execute=True):
        return do()


def test_a_stranger_is_asked_and_gets_nothing_until_he_agrees(
    api, team, mailoutbox, client, django_capture_on_commit_callbacks
):
    answer = commit(django_capture_on_commit_callbacks, lambda: create(api, team, "Bob@example.org"))
    assert answer.status_code == 201
    assert answer.json()["awaiting_consent"] == ["Bob@example.org"]
    assert asked(mailoutbox) == ["bob@example.org"]
    channel = Channel.objects.get(pk=answer.json()["id"])
    row = make_delivery(channel)
    assert take_due(now=T0) == []
    row.refresh_from_db()
    assert row.answer == "Has not agreed to get alerts yet: Bob@example.org."

    link = link_in(mailoutbox[-1])
    assert client.get(link).status_code == 200
    assert Recipient.objects.get().consent == Consent.ASKED  # a mail scanner follows links
    assert b"Alerts come to you" in client.post(link, {"answer": "yes"}).content
    assert api.get(f"/api/v1/channels/{channel.pk}/").json()["awaiting_consent"] == []
    make_delivery(channel, at=T0 + timedelta(minutes=5))
    messages = take_due(now=T0 + timedelta(minutes=5))
    assert ["Bob@example.org"] in [message.config["to"] for message in messages]
    assert b"Nothing comes to you" in client.post(link, {"answer": "no"}).content
    make_delivery(channel, at=T0 + timedelta(minutes=9))
    messages = take_due(now=T0 + timedelta(minutes=9))
    assert ["Bob@example.org"] not in [message.config["to"] for message in messages]


def test_of_several_those_who_agreed_are_told(team):
    channel = make_channel(team, "email", to=["yes@example.org", "not-yet@example.org"])
    Recipient.objects.filter(address="not-yet@example.org").update(consent=Consent.ASKED)
    make_delivery(channel)
    (message,) = take_due(now=T0)
    assert message.config["to"] == ["yes@example.org"]


def test_a_verified_member_is_not_asked_and_one_who_is_not_is(api, team, admin, mailoutbox):
    new = make_member(team, Role.VIEWER)
    User.objects.filter(pk=new.pk).update(email_verified_at=None)
    answer = create(api, team, admin.email, new.email)
    assert answer.json()["awaiting_consent"] == [new.email]


def test_who_is_verified_but_of_another_team_is_asked(api, team):
    stranger = UserFactory.create()
    assert create(api, team, stranger.email).json()["awaiting_consent"] == [stranger.email]


def test_a_team_enters_so_many_new_addresses_a_day_and_no_more(api, team, settings, mailoutbox):
    settings.RECIPIENTS_A_DAY = 3
    assert create(api, team, "a@example.org", "b@example.org").status_code == 201
    answer = create(api, team, "c@example.org", "d@example.org")
    assert answer.status_code == 400
    assert list(answer.json()) == ["config.to"]
    assert Recipient.objects.count() == 2
    assert not Channel.objects.filter(
        team=team, kind="email", config={"to": ["c@example.org", "d@example.org"]}
    )
    assert create(api, team, "a@example.org", "c@example.org").status_code == 201  # a is known


def test_a_channel_saved_again_asks_again_only_after_a_day(team):
    channel = Channel.objects.create(team=team, kind="email", name="M", config={"to": ["a@example.org"]})
    for hours, times in ((0, 1), (1, 1), (25, 2), (26, 2)):
        ask_new(channel, now=T0 + timedelta(hours=hours))
        found = Recipient.objects.get()
        assert found.asked_at == T0 + timedelta(hours=25 if times == 2 else 0)
    Recipient.objects.update(consent=Consent.DECLINED)
    ask_new(channel, now=T0 + timedelta(days=9))
    assert Recipient.objects.get().asked_at == T0 + timedelta(hours=25)  # who said no is left alone


@pytest.mark.parametrize(
    "token", ["nonsense", (10**9, "alerts.recipients"), (1, "other")], ids=["text", "row", "salt"]
)
def test_a_link_that_is_none_does_nothing(client, team, token):
    agree(team, "a@example.org")
    token = token if isinstance(token, str) else signing.dumps(token[0], salt=token[1])
    for answer in (
        client.get(f"/recipients/{token}/"),
        client.post(f"/recipients/{token}/", {"answer": "no"}),
    ):
        assert answer.status_code == 410
        assert b"This link does nothing" in answer.content
    assert Recipient.objects.get().consent == Consent.AGREED


def test_who_answers_for_his_account_has_proven_its_address(client, team):
    user = UserFactory.create(email_verified_at=None)
    agree(team, user.email)
    recipient = Recipient.objects.get()
    token = signing.dumps(recipient.pk, salt="alerts.recipients")
    client.post(f"/recipients/{token}/", {"answer": "yes"})
    user.refresh_from_db()
    assert user.email_verified_at is not None


def test_a_test_of_a_channel_writes_to_no_stranger_either(api, team):
    channel = create(api, team, "bob@example.org").json()
    answer = api.post(f"/api/v1/channels/{channel['id']}/test")
    assert answer.status_code == 409
    assert "has agreed" in answer.json()["detail"]
    assert not Delivery.objects.exists()


def test_one_statement_more_or_less_whatever_the_number(api, team, django_assert_num_queries):
    agreed = [make_team() for _ in range(5)]
    with django_assert_num_queries(2):
        read_agreed([one.pk for one in agreed])


def test_a_moved_channel_takes_no_stored_secret_along(api, team):
    body = {
        "team": team.pk, "name": "Hook", "kind": "webhook",
        "config": {
            "url": "https://hooks.example.com/a", "secret": "a secret of some length",
            "headers": {"Authorization": "Bearer t0ken"},
        },
    }  # fmt: skip
    channel = api.post("/api/v1/channels/", body).json()
    path = f"/api/v1/channels/{channel['id']}/"
    moved = api.patch(path, {"config": {"url": "https://evil.example/a"}})
    assert moved.status_code == 400
    assert set(moved.json()) == {"config.secret", "config.headers.Authorization"}
    assert Channel.objects.get(pk=channel["id"]).config["url"] == "https://hooks.example.com/a"
    assert api.patch(path, {"config": {"url": "https://hooks.example.com/b"}}).status_code == 200
    anew = {"url": "https://other.example/", "secret": "", "headers": {"Authorization": "Bearer n3w"}}
    assert api.patch(path, {"config": anew}).status_code == 200


def test_a_moved_ntfy_server_asks_for_its_token_again(api, team):
    body = {
        "team": team.pk,
        "name": "N",
        "kind": "ntfy",
        "config": {"topic": "acme-1", "token": "tk_0123456789abc"},
    }
    channel = api.post("/api/v1/channels/", body).json()
    moved = api.patch(f"/api/v1/channels/{channel['id']}/", {"config": {"server": "https://evil.example"}})
    assert (moved.status_code, set(moved.json())) == (400, {"config.token"})


def test_instants_are_of_the_request(api, team):
    before = timezone.now()
    create(api, team, "bob@example.org")
    assert Recipient.objects.get().asked_at >= before


def test_who_is_left_out_of_a_letter_stands_in_the_ledger_with_the_reason(team):
    channel = make_channel(team, "email", to=["yes@example.org", "Silent@example.org", "no@example.org"])
    Recipient.objects.filter(address="silent@example.org").update(consent=Consent.ASKED)
    Recipient.objects.filter(address="no@example.org").update(consent=Consent.DECLINED)
    make_delivery(channel)
    for _ in range(2):  # and once, however often it is tried
        (message,) = take_due(now=T0)
        assert message.config["to"] == ["yes@example.org"]
        Delivery.objects.filter(channel=channel).update(due_at=T0)
    rows = Delivery.objects.filter(status="withheld").order_by("pk")
    assert [(row.reason, row.answer, row.channel_name) for row in rows] == [
        ("no_consent", "Has not agreed to get alerts yet: Silent@example.org.", channel.name),
        ("declined", "Wants no alerts, and said so by the link: no@example.org.", channel.name),
    ]


def test_a_letter_that_nobody_wants_any_more_is_given_up_and_says_so(team):
    channel = make_channel(team, "email", to=["no@example.org"])
    Recipient.objects.update(consent=Consent.DECLINED)
    row = make_delivery(channel)
    assert take_due(now=T0) == []
    row.refresh_from_db()
    assert (row.status, row.reason) == ("dead", "declined")


def test_an_address_that_the_mail_server_refuses_stands_in_the_ledger(team):
    channel = make_channel(team, "email", to=["yes@example.org", "gone@example.org"])
    row = make_delivery(channel)
    (message,) = take_due(now=T0)
    refused = "gone@example.org: 550 No such user"
    receipt = Receipt(id=message.id, attempt=1, outcome=Outcome.SENT, at=T0, status=250, left_out=refused)
    for _ in range(2):
        settle_deliveries([receipt], now=T0)
    row.refresh_from_db()
    assert row.status == "sent"
    (beside,) = Delivery.objects.filter(status="withheld")
    assert (beside.reason, beside.answer) == ("address_refused", refused)


def test_every_reason_is_documented():
    written = (Path(__file__).parents[2] / "docs" / "alerting.md").read_text()
    assert [reason for reason in Reason if f"`{reason}`" not in written] == []
