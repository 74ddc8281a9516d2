"""What the public gets of a page: its files under their headers, and nothing of what is not for it."""

import json

import pytest
from django.db import OperationalError
from django.test import Client

from accounts.models import Role
from accounts.tokens import issue_tokens
from statuspages import services, views
from statuspages.models import StatusPage, Subscriber
from statuspages.publishing import publish_due
from tests.factories import MembershipFactory, TeamFactory, UserFactory, make_member
from tests.statuspages.factories import HOSTILE, NOW, make_old, make_page, subscribe, tokens_of
from tests.statuspages.test_logos import PNG

pytestmark = pytest.mark.django_db
FILES = (
    *(
        "",
        "index.html",
        "embed.html",
        "feed.atom",
        "status.json",
        "badge.svg",
        "badge-response.svg",
        "logo.png",
    ),
    *("badge-uptime-7d.svg", "badge-uptime-30d.svg", "badge-uptime-90d.svg"),
)
PASSWORD = "a long password"


@pytest.fixture
def web():
    return Client()


def get_all(client, page):
    return {name: client.get(f"/status/{page.slug}/{name}") for name in FILES}


# What everybody may read


def test_every_file_of_a_public_page_is_there_under_its_headers(web):
    page = make_page()
    services.set_logo(page, PNG)
    for name, answer in get_all(web, page).items():
        assert answer.status_code == 200, name
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Cache-Control"].startswith(
            "public, max-age=10, stale-while-revalidate=60, stale-if-error="
        )
        assert "default-src 'none'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert "Set-Cookie" not in answer
        framed = name in {"embed.html", "status.json"} or name.endswith(".svg")
        assert ("frame-ancestors *" in answer["Content-Security-Policy"]) is framed, name
        assert "X-Frame-Options" not in answer


def test_a_page_that_has_not_changed_costs_no_body(web):
    make_page()
    first = web.get("/status/acme/")
    again = web.get("/status/acme/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_address_without_its_slash_leads_to_the_one_with_it(web):
    make_page()
    assert web.get("/status/acme")["Location"] == "/status/acme/"


def test_only_an_unlisted_page_sends_search_engines_away(web):
    make_page()
    make_page(slug="hidden-one", visibility="unlisted")
    assert "X-Robots-Tag" not in web.get("/status/acme/")
    assert web.get("/status/hidden-one/")["X-Robots-Tag"] == "noindex, nofollow"


def test_a_change_is_served_at_once(web):
    page = make_page()
    web.get("/status/acme/")
    services.update_page(page, now=NOW, title="Changed")
    assert b"Changed" in web.get("/status/acme/").content


@pytest.mark.parametrize(
    "path", ["nothing-here/", "acme/secret", "acme/..%2f..%2fetc/passwd", "acme/logo.svg", "ACME/"]
)
def test_what_is_not_there_is_not_found(web, path):
    make_page()
    assert web.get(f"/status/{path}").status_code == 404


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_addresses_are_not_found_and_not_repeated(web, text):
    from urllib.parse import quote

    answer = web.get(f"/status/{quote(text, safe='')}/")
    assert answer.status_code == 404
    assert "<script" not in answer.content.decode()


# While the database is away


def _fail(slug):
    raise OperationalError("gone away")


def test_without_a_database_the_published_copy_is_served(web, monkeypatch):
    make_page()
    publish_due(owner="me", now=NOW)
    monkeypatch.setattr(views, "find_page", _fail)
    answer = web.get("/status/acme/")
    assert answer.status_code == 200
    assert b"Acme" in answer.content
    assert "style-src 'sha256-" in answer["Content-Security-Policy"]
    assert web.get("/status/acme/status.json").json()["page"]["title"] == "Acme"


def test_without_a_database_and_a_copy_the_answer_says_when_to_come_again(web, monkeypatch):
    make_page(visibility="team")
    publish_due(owner="me", now=NOW)
    monkeypatch.setattr(views, "find_page", _fail)
    answer = web.get("/status/acme/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


# Behind a password


@pytest.fixture
def locked():
    page = make_page(visibility="password", password=PASSWORD, title="The secret title")
    services.set_logo(page, PNG)
    return page


def test_no_address_of_a_page_behind_a_password_gives_anything_away(web, locked):
    for name, answer in get_all(web, locked).items():
        assert answer.status_code == 403, name
        assert b"secret title" not in answer.content
        assert answer.headers.get("Cache-Control") in {"private, no-store", "no-store"}
    assert web.post("/status/acme/subscribe", {"email": "ada@example.com"}).status_code == 404
    assert not Subscriber.objects.exists()


def test_the_password_opens_every_file_until_it_changes(web, locked):
    answer = web.post("/status/acme/unlock", {"password": PASSWORD})
    assert (answer.status_code, answer["Location"]) == (303, "./")
    cookie = answer.cookies[f"statuspage-{locked.pk}"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/status/acme/")
    for name, answer in get_all(web, locked).items():
        assert answer.status_code == 200, name
        assert answer["Cache-Control"] == "private, no-store"
        assert "Access-Control-Allow-Origin" not in answer
    services.update_page(locked, now=NOW, password="another password")
    assert web.get("/status/acme/").status_code == 403


def test_a_wrong_password_opens_nothing_and_guessing_is_slowed_down(web, locked):
    for _ in range(10):
        answer = web.post("/status/acme/unlock", {"password": "a guess"})
        assert answer.status_code == 403
        assert b"That is not the password." in answer.content
        assert not answer.cookies
    answer = web.post("/status/acme/unlock", {"password": PASSWORD})
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) <= 61


def test_a_cookie_of_one_page_opens_no_other(web, locked):
    other = make_page(slug="other", visibility="password", password=PASSWORD)
    web.post("/status/acme/unlock", {"password": PASSWORD})
    value = web.cookies[f"statuspage-{locked.pk}"].value
    web.cookies[f"statuspage-{other.pk}"] = value
    assert web.get("/status/other/").status_code == 403


def test_a_page_that_is_open_takes_no_password(web):
    make_page()
    assert web.post("/status/acme/unlock", {"password": "x"}).status_code == 404


# For the team


def test_to_everybody_else_a_page_of_the_team_is_not_there(web):
    page = make_page(visibility="team")
    services.set_logo(page, PNG)
    stranger = Client()
    stranger.force_login(UserFactory())
    for client in (web, stranger):
        for name, answer in get_all(client, page).items():
            assert (answer.status_code, answer.content) == (404, b"There is no such page.\n"), name
        assert client.post("/status/acme/subscribe", {"email": "ada@example.com"}).status_code == 404


def test_the_team_reads_it_by_session_and_by_token(web):
    page = make_page(visibility="team")
    services.set_logo(page, PNG)
    user = UserFactory()
    MembershipFactory(team=page.team, user=user, role=Role.VIEWER)
    web.force_login(user)
    assert {answer.status_code for answer in get_all(web, page).values()} == {200}
    token = issue_tokens(user)["access"]
    by_token = Client(headers={"Authorization": f"Bearer {token}"})
    assert by_token.get("/status/acme/").status_code == 200
    assert Client(headers={"Authorization": "Bearer x.y.z"}).get("/status/acme/").status_code == 404


# Subscribing


def test_the_answer_is_the_same_whether_the_address_is_known_or_not(web):
    page = make_page()
    subscribe(page, "known@example.com")
    answers = [
        web.post("/status/acme/subscribe", {"email": f"{who}@example.com"}) for who in ("known", "new")
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].content == answers[1].content
    assert b"a message is on its way" in answers[0].content


def test_subscribing_takes_forms_and_json_and_components_of_the_page(web):
    monitor = make_old()
    page = make_page(None, monitor)
    other = make_page(slug="other", components=[{"name": "X"}])
    mine, theirs = page.components.get(), other.components.get()
    web.post("/status/acme/subscribe", {"email": "ada@example.com", "components": [mine.pk, theirs.pk]})
    body = json.dumps({"webhook": "https://hooks.example.com/x", "components": [mine.pk]})
    answer = web.post("/status/acme/subscribe", body, content_type="application/json")
    assert (answer.status_code, set(answer.json())) == (202, {"detail"})
    assert {(row.kind, tuple(row.wanted)) for row in Subscriber.objects.all()} == {
        ("email", (mine.pk,)),
        ("webhook", (mine.pk,)),
    }


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"{",
        b'{"email": 3}',
        b'{"email": "x"}',
        b'{"email":"a@b.cc","webhook":"https://x.y"}',
        b'{"email":"a@b.cc","components":"x"}',
        b'{"email":"a@b.cc","components":[-1]}',
        b"[" * 5000,
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(web, body):
    make_page()
    answer = web.post("/status/acme/subscribe", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["detail"]
    assert not Subscriber.objects.exists()


def test_subscribing_is_slowed_down_by_client_and_by_address(web):
    make_page()
    codes = [web.post("/status/acme/subscribe", {"email": "ada@example.com"}).status_code for _ in range(6)]
    assert codes == [202] * 5 + [429]
    codes = [
        web.post("/status/acme/subscribe", {"email": f"a{n}@example.com"}).status_code for n in range(15)
    ]
    assert codes == [202] * 14 + [429]  # 20 an hour from one client
    elsewhere = web.post("/status/acme/subscribe", {"email": "b@example.com"}, REMOTE_ADDR="192.0.2.7")
    assert elsewhere.status_code == 202


def test_a_link_shows_a_button_and_only_that_confirms(web):
    page = make_page(language="de")
    web.post("/status/acme/subscribe", {"email": "ada@example.com"})
    subscriber = page.subscribers.get()
    path = f"/status/-/confirm/{tokens_of(subscriber)['confirm']}"
    shown = web.get(path)
    assert shown.status_code == 200
    assert "Bestätigen" in shown.content.decode()
    assert shown["Cache-Control"] == "private, no-store"
    subscriber.refresh_from_db()
    assert subscriber.confirmed_at is None
    assert web.post(path).status_code == 200
    subscriber.refresh_from_db()
    assert subscriber.confirmed_at is not None
    assert web.post(path).status_code == 404


def test_one_click_unsubscribes_without_cookies_and_twice_is_once():
    page = make_page()
    subscriber = subscribe(page)
    client = Client(enforce_csrf_checks=True)
    path = f"/status/-/unsubscribe/{tokens_of(subscriber)['unsubscribe']}"
    assert client.get(path).status_code == 200
    subscriber.refresh_from_db()
    assert subscriber.unsubscribed_at is None
    for _ in range(2):
        assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    subscriber.refresh_from_db()
    assert subscriber.unsubscribed_at is not None
    assert client.get(f"/status/-/unsubscribe/{'x' * 32}").status_code == 404


def test_one_can_leave_a_page_that_was_renamed_or_made_private():
    page = make_page()
    subscriber = subscribe(page)
    services.update_page(page, now=NOW, slug="better", visibility="team")
    assert Client().post(f"/status/-/unsubscribe/{tokens_of(subscriber)['unsubscribe']}").status_code == 200


# Under a name of its own

HOST = "status.example.com"


@pytest.fixture
def own():
    page = make_page(custom_domain=HOST)
    StatusPage.objects.filter(pk=page.pk).update(verified_domain=HOST)
    return page


def test_a_proven_domain_leads_to_its_page_and_to_nothing_else(web, own):
    for name in FILES[:-4]:
        if name != "logo.png":
            assert web.get(f"/{name}", headers={"Host": HOST}).status_code == 200, name
    assert web.get("/", headers={"Host": f"{HOST}:8443"}).status_code == 200
    for path in (
        "/admin/",
        "/api/v1/",
        "/api/v1/health",
        "/status/acme/",
        "/static/favicon.svg",
        "/ping/x",
    ):
        answer = web.get(path, headers={"Host": HOST})
        assert answer.status_code == 404, path
        assert b"nothing here but the status page" in answer.content


@pytest.mark.parametrize(
    "host", ["status.example.org", "evil.com", "", "a" * 300, "status.example.com.evil.com", "x@y"]
)
def test_a_domain_that_is_not_proven_is_refused_as_ever(web, own, host):
    assert web.get("/status/acme/", headers={"Host": host}).status_code == 400


def test_a_domain_that_is_only_asked_for_leads_nowhere(web):
    make_page(custom_domain="asked.example.com")
    assert web.get("/", headers={"Host": "asked.example.com"}).status_code == 400


def test_a_page_behind_a_password_is_unlocked_under_its_own_name_too(web, own):
    services.update_page(own, now=NOW, visibility="password", password=PASSWORD)
    assert web.get("/", headers={"Host": HOST}).status_code == 403
    answer = web.post("/unlock", {"password": PASSWORD}, headers={"Host": HOST})
    assert answer.cookies[f"statuspage-{own.pk}"]["path"] == "/"
    assert web.get("/", headers={"Host": HOST}).status_code == 200


def test_a_page_of_the_team_is_not_there_under_its_own_name(web, own):
    services.update_page(own, now=NOW, visibility="team")
    web.force_login(make_member(own.team))
    assert web.get("/", headers={"Host": HOST}).status_code == 404


def test_one_subscribes_under_the_pages_own_name(web, own):
    answer = web.post("/subscribe", {"email": "ada@example.com"}, headers={"Host": HOST})
    assert answer.status_code == 202
    assert own.subscribers.count() == 1


def test_two_teams_may_ask_for_a_domain_and_one_has_it(own):
    other = make_page(TeamFactory(), slug="other", custom_domain=HOST)
    assert other.verified_domain is None
