"""Pages, posts and subscribers on the wire."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from incidents.services import open_manual
from statuspages.models import Component, StatusPage, Subscriber
from statuspages.services import set_logo
from tests.factories import TeamFactory, UserFactory, make_member
from tests.statuspages.factories import HOSTILE, NOW, PAGES, make_old, make_page, subscribe
from tests.statuspages.test_logos import PNG

pytestmark = pytest.mark.django_db


def make(api, **fields):
    return api.post(PAGES, {"team": api.team.pk, "title": "Acme", "slug": "acme"} | fields)


def test_a_page_is_made_with_its_components_and_read_back(api, team):
    monitor = make_old(team)
    answer = make(
        api,
        accent="#AA3300",
        components=[{"group": "Shop", "name": "Web", "monitors": [monitor.pk]}, {"name": "Mail"}],
    )
    assert answer.status_code == 201, answer.json()
    data = answer.json()
    assert data == api.get(f"{PAGES}{data['id']}/").json()
    assert [(c["group"], c["name"], c["monitors"]) for c in data["components"]] == [
        ("Shop", "Web", [monitor.pk]),
        ("", "Mail", []),
    ]
    assert (data["visibility"], data["accent"], data["history_days"]) == ("public", "#aa3300", 90)
    assert data["timezone"] == team.timezone
    assert data["url"] == "http://127.0.0.1:8000/status/acme/"
    assert (data["has_password"], data["has_logo"], data["domain"]) == (False, False, None)
    assert data["publication"] == {"published_at": None, "url": None, "problem": ""}
    assert "password" not in data


def test_a_component_sent_back_with_its_id_stays_the_same_one(api, team):
    data = make(api, components=[{"name": "A"}, {"name": "B"}]).json()
    first, second = data["components"]
    changed = api.patch(
        f"{PAGES}{data['id']}/",
        {"components": [{**second, "name": "Better"}, {"name": "New"}]},
    ).json()
    assert [(c["name"], c["id"] == second["id"]) for c in changed["components"]] == [
        ("Better", True),
        ("New", False),
    ]
    assert not Component.objects.filter(pk=first["id"]).exists()
    assert api.patch(f"{PAGES}{data['id']}/", {"components": [{"id": second["id"]}]}).status_code == 400


def test_components_show_monitors_of_the_team_alone(api, team):
    theirs = make_old(TeamFactory())
    answer = make(api, components=[{"name": "A", "monitors": [theirs.pk]}])
    assert (answer.status_code, answer.json()) == (
        400,
        {"components": [f"There is no monitor {theirs.pk} in this team."]},
    )
    other = make_page(slug="other", components=[{"name": "X"}])
    page = make(api).json()
    stolen = {"components": [{"id": other.components.get().pk, "name": "Mine"}]}
    assert api.patch(f"{PAGES}{page['id']}/", stolen).status_code == 400
    assert other.components.get().name == "X"


@pytest.mark.parametrize(
    ("field", "value", "part"),
    [
        ("slug", "admin", "reserved"),
        ("slug", "A b", "small letters"),
        ("slug", "taken", "is taken"),
        ("title", "a\nb", "one line"),
        ("title", "", "blank"),
        ("timezone", "Mars/Olympus", "time zone"),
        ("language", "tlh", "choice"),
        ("accent", "red", "#0b7285"),
        ("custom_css", "a{b:url(x)}", "Line 1, column 5"),
        ("custom_domain", "https://x.example", "host name"),
        ("custom_domain", "127.0.0.1", "host name"),
        ("history_days", 5, "30"),
        ("visibility", "secret", "choice"),
        ("visibility", "password", "password"),
        ("colour", "red", "no field"),
        ("components", [{"name": "A", "colour": "red"}], "no field"),
        ("components", [{"name": ""}], "blank"),
        ("components", "x", "list"),
    ],
)
def test_every_field_that_makes_no_sense_is_refused_with_a_sentence(api, field, value, part):
    make_page(slug="taken")
    before = StatusPage.objects.count()
    answer = make(api, **{field: value})
    assert answer.status_code == 400
    assert part in str(answer.json()), answer.json()
    assert StatusPage.objects.count() == before


def test_a_password_is_set_and_never_read_back(api):
    answer = make(api, visibility="password", password="a long password")
    assert answer.status_code == 201
    assert answer.json()["has_password"] is True
    assert "a long password" not in str(answer.json())
    page = StatusPage.objects.get()
    assert "a long password" not in page.password_hash
    assert "at least 8" in str(api.patch(f"{PAGES}{page.pk}/", {"password": "short"}).json())


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_kept_as_they_are_or_refused(api, text):
    answer = make(api, title=text[:100], components=[{"name": text[:100]}])
    assert answer.status_code in {201, 400}


def test_a_logo_is_put_as_it_is_and_taken_away(api):
    page = make(api).json()["id"]
    answer = api.put(f"{PAGES}{page}/logo", PNG, content_type="image/png")
    assert (answer.status_code, answer.json()["has_logo"]) == (200, True)
    assert api.delete(f"{PAGES}{page}/logo").json()["has_logo"] is False


@pytest.mark.parametrize(
    ("body", "media_type", "code"),
    [
        (b"<svg onload=alert(1)>", "image/svg+xml", 400),
        (b"<svg onload=alert(1)>", "image/png", 400),
        (PNG * 3000, "image/png", 400),
        (b"", "image/png", 400),
        (PNG, "text/html", 415),
    ],
)
def test_what_is_no_picture_is_no_logo(api, body, media_type, code):
    page = make(api).json()["id"]
    assert api.put(f"{PAGES}{page}/logo", body, content_type=media_type).status_code == code
    assert not hasattr(StatusPage.objects.get(), "logo")


def test_publishing_now_answers_with_where_the_copy_lies(api, settings):
    page = make(api).json()["id"]
    data = api.post(f"{PAGES}{page}/publish").json()
    assert data["publication"]["url"] == f"{settings.PUBLISH_URL}/acme/"
    assert data["publication"]["published_at"]
    api.patch(f"{PAGES}{page}/", {"visibility": "team"})
    assert api.post(f"{PAGES}{page}/publish").status_code == 409


def test_a_preview_shows_a_page_that_nobody_else_may_see_yet(api):
    page = make(api, visibility="team", title="Soon").json()["id"]
    answer = api.get(f"{PAGES}{page}/preview")
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["Cache-Control"] == "private, no-store"
    assert b"Soon" in answer.content


def test_the_record_that_proves_a_domain_is_told(api):
    data = make(api, custom_domain="Status.Example.com").json()
    assert data["custom_domain"] == "status.example.com"
    assert data["domain"]["record_name"] == "_sentrypulse.status.example.com"
    assert data["domain"]["record_value"].startswith("sentrypulse-verification=")
    assert data["domain"]["verified_at"] is None
    assert make_page(slug="none").custom_domain == ""


def test_templates_are_in_the_pages_language_and_name_components(api):
    page = make(api, language="fr", components=[{"name": "Boutique"}]).json()
    component = page["components"][0]["id"]
    texts = api.get(f"{PAGES}{page['id']}/post-templates?components={component}").json()
    assert texts["resolved"] == "Le problème concernant Boutique est terminé."
    assert api.get(f"{PAGES}{page['id']}/post-templates?components=x").status_code == 400
    assert "nos services" in api.get(f"{PAGES}{page['id']}/post-templates").json()["resolved"]


def test_lists_cost_the_same_queries_with_3_and_with_30_rows(api, team):
    counts = []
    for number in (3, 30):
        while StatusPage.objects.count() < number:
            page = make_page(team, make_old(team))
            set_logo(page, PNG)
        with CaptureQueriesContext(connection) as queries:
            assert len(api.get(PAGES).json()["results"]) == number
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_lists_of_posts_and_subscribers_cost_the_same_with_3_and_with_30(api, team, user):
    page = make_page(team, make_old(team))
    component = page.components.get()
    counts = {"posts": [], "subscribers": []}
    for number in (3, 30):
        while page.posts.count() < number:
            body = {"title": "x", "text": "y", "components": [component.pk]}
            assert api.post(f"{PAGES}{page.pk}/posts/", body).status_code == 201
        while page.subscribers.count() < number:
            subscribe(page, f"a{page.subscribers.count()}@example.com", components=[component.pk])
        for kind, found in counts.items():
            with CaptureQueriesContext(connection) as queries:
                assert len(api.get(f"{PAGES}{page.pk}/{kind}/").json()["results"]) == number
            found.append(len(queries))
    assert all(first == second for first, second in counts.values()), counts


# Posts


def test_a_post_is_written_mended_and_deleted(api, team, user):
    page = make_page(team)
    path = f"{PAGES}{page.pk}/posts/"
    data = api.post(path, {"title": "Slow", "severity": "minor", "text": "We **look**."}).json()
    assert (data["status"], data["visibility"], data["automatic"]) == ("investigating", "public", False)
    assert data["html"] == "<p>We <strong>look</strong>.</p>"
    assert data["author"]["id"] == user.pk
    mended = api.patch(f"{path}{data['id']}/", {"text": "We looked."}).json()
    assert mended["text"] == "We looked."
    more = api.post(path, {"incident": data["incident"], "text": "Done.", "status": "resolved"}).json()
    assert more["status"] == "resolved"
    assert [row["id"] for row in api.get(path).json()["results"]] == [more["id"], data["id"]]
    assert api.delete(f"{path}{data['id']}/").status_code == 204


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": "x"},
        {"title": "x"},
        {"title": "x", "text": ""},
        {"title": "x", "text": "y", "status": "gone"},
        {"title": "x", "text": "y", "components": [2**62]},
        {"incident": 2**62, "text": "y"},
        {"title": "x", "text": "y" * 10_001},
        {"title": "x", "text": "y", "mood": "bad"},
    ],
)
def test_a_post_that_makes_no_sense_is_refused(api, team, body):
    page = make_page(team)
    assert api.post(f"{PAGES}{page.pk}/posts/", body).status_code == 400
    assert not page.posts.exists()


def test_another_teams_incident_and_components_are_not_there(api, team):
    page, other = make_page(team), make_page(TeamFactory(), components=[{"name": "X"}])
    incident = open_manual(other.team, title="Theirs", author=UserFactory(), now=NOW)
    path = f"{PAGES}{page.pk}/posts/"
    assert api.post(path, {"incident": incident.pk, "text": "x"}).status_code == 400
    assert (
        api.post(path, {"title": "x", "text": "y", "components": [other.components.get().pk]}).status_code
        == 400
    )


# Subscribers


def test_a_member_adds_an_address_that_must_confirm_and_takes_it_away(api, team):
    page = make_page(team)
    path = f"{PAGES}{page.pk}/subscribers/"
    data = api.post(path, {"address": "ada@example.com"}).json()
    assert (data["kind"], data["active"], data["confirmed_at"]) == ("email", False, None)
    assert not {"secrets", "confirm_hash", "unsubscribe_hash"} & set(data)
    assert api.post(path, {"address": "nobody"}).status_code == 400
    assert api.get(f"{path}?active=true").json()["results"] == []
    assert api.delete(f"{path}{data['id']}/").status_code == 204
    assert not Subscriber.objects.exists()


def test_one_address_is_asked_five_times_an_hour_at_most(api, team):
    page = make_page(team)
    path = f"{PAGES}{page.pk}/subscribers/"
    codes = [api.post(path, {"address": "ada@example.com"}).status_code for _ in range(6)]
    assert codes == [201] * 5 + [429]


def test_a_viewer_does_not_see_who_subscribed(viewer, team):
    page = make_page(team)
    subscribe(page)
    assert viewer.get(f"{PAGES}{page.pk}/subscribers/").status_code == 403
    assert viewer.get(f"{PAGES}{page.pk}/posts/").status_code == 200


def test_what_lies_below_a_page_is_found_below_that_page_only(api, team, client_of):
    page, other = make_page(team), make_page(TeamFactory())
    subscriber = subscribe(other)
    stranger = client_of(make_member(other.team))
    assert api.get(f"{PAGES}{page.pk}/subscribers/{subscriber.pk}/").status_code == 404
    assert api.delete(f"{PAGES}{page.pk}/subscribers/{subscriber.pk}/").status_code == 404
    assert stranger.get(f"{PAGES}{other.pk}/subscribers/{subscriber.pk}/").status_code == 200
    assert api.get(f"{PAGES}{2**64}/posts/").status_code == 404
