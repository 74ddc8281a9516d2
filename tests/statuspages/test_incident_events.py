"""What happens to incidents is said on pages, once, in words for people."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from alerts.models import Delivery
from incidents.reconcile import IncidentEvent
from incidents.services import acknowledge, delete_incident, open_manual, retract
from statuspages.incident_events import write_posts
from statuspages.models import Post, Publication
from statuspages.posts import edit_post, write_post
from tests.alerts.factories import make_channel, make_rule
from tests.factories import TeamFactory, make_member
from tests.statuspages.factories import HOSTILE, NOW, come_back, go_down, make_old, make_page

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def texts_of(page):
    return list(page.posts.order_by("at", "pk").values_list("status", "text"))


def changes_of(page):
    return Publication.objects.get(page=page).changes


def count_queries(events):
    with CaptureQueriesContext(connection) as queries, transaction.atomic():
        write_posts(events, now=NOW)
    return len(
        [query for query in queries.captured_queries if not query["sql"].startswith(("SAVEPOINT", "RELEASE"))]
    )


def test_an_incident_is_told_from_its_beginning_to_its_end():
    monitor = make_old()
    page = make_page(None, monitor, components=[{"name": "Shop", "monitors": [monitor]}])
    opened = go_down(monitor)
    write_posts([opened], now=NOW)
    author = make_member(page.team)
    acknowledge(opened.incident, author=author, now=NOW + MINUTE)
    write_posts([IncidentEvent("acknowledged", opened.incident)], now=NOW + MINUTE)
    write_posts([come_back(opened.incident)], now=NOW + 2 * MINUTE)
    assert texts_of(page) == [
        ("investigating", "We are investigating trouble with Shop and will say more as soon as we know it."),
        ("investigating", "Our team is looking into the trouble with Shop."),
        ("resolved", "The trouble with Shop is over."),
    ]
    assert [post.components.get().name for post in page.posts.all()] == ["Shop"] * 3
    assert not page.posts.filter(text__contains="10.0.0.7").exists()  # what was found is not for the public


def test_automatic_posts_speak_the_pages_language():
    monitor = make_old()
    page = make_page(None, monitor, language="de", components=[{"name": "Laden", "monitors": [monitor]}])
    write_posts([go_down(monitor)], now=NOW)
    assert texts_of(page)[0][1].startswith("Wir untersuchen eine Störung bei Laden")


def test_a_page_that_wants_no_automatic_posts_only_changes():
    monitor = make_old()
    page = make_page(None, monitor, automatic_posts=False)
    before = changes_of(page)
    write_posts([go_down(monitor)], now=NOW)
    assert texts_of(page) == []
    assert changes_of(page) == before + 1


def test_taking_an_event_again_says_nothing_again():
    monitor = make_old()
    page = make_page(None, monitor)
    opened = go_down(monitor)
    for _ in range(2):
        write_posts([opened], now=NOW)
    resolved = come_back(opened.incident)
    for _ in range(2):
        write_posts([resolved], now=NOW + MINUTE)
    assert [status for status, _ in texts_of(page)] == ["investigating", "resolved"]


def test_an_end_is_not_told_where_no_beginning_was():
    monitor = make_old()
    opened = go_down(monitor)
    page = make_page(None, monitor)
    write_posts([come_back(opened.incident)], now=NOW)
    assert texts_of(page) == []


def test_what_people_have_said_already_is_not_said_again_by_itself():
    monitor = make_old()
    page = make_page(None, monitor)
    opened = go_down(monitor)
    write_posts([opened], now=NOW)
    author = make_member(page.team)
    write_post(
        page, author=author, now=NOW + MINUTE, incident=opened.incident, text="All good.", status="resolved"
    )
    opened.incident.refresh_from_db()
    write_posts([IncidentEvent("resolved", opened.incident)], now=NOW + 2 * MINUTE)
    assert [status for status, _ in texts_of(page)] == ["investigating", "resolved"]


def test_an_incident_that_never_was_is_told_as_a_false_alarm():
    monitor = make_old()
    page = make_page(None, monitor)
    opened = go_down(monitor)
    write_posts([opened], now=NOW)
    retract(opened.incident, at=NOW + MINUTE)
    write_posts([IncidentEvent("resolved", opened.incident)], now=NOW + MINUTE)
    assert texts_of(page)[-1] == ("resolved", "This was a false alarm: A worked all the time.")


def test_only_pages_that_show_the_monitor_say_it():
    team = TeamFactory()
    shown, hidden = make_old(team), make_old(team)
    mine, other = make_page(team, shown), make_page(team, hidden)
    theirs = make_page(TeamFactory())
    write_posts([go_down(shown)], now=NOW)
    assert [len(texts_of(page)) for page in (mine, other, theirs)] == [1, 0, 0]
    assert changes_of(other) == 1


def test_a_team_without_a_page_costs_one_query():
    assert count_queries([go_down(make_old())]) == 1


def test_many_events_cost_no_more_queries_than_few():
    counts = []
    for number in (2, 40):
        team = TeamFactory()
        monitors = [make_old(team) for _ in range(number)]
        make_page(team, *monitors)
        counts.append(count_queries([go_down(monitor) for monitor in monitors]))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_components_name_is_a_name_whatever_markdown_makes_of_it(name):
    line = " ".join(name.split())[:100]
    monitor = make_old()
    page = make_page(None, monitor, components=[{"name": line, "monitors": [monitor]}])
    write_posts([go_down(monitor)], now=NOW)
    assert "](" not in texts_of(page)[0][1].replace("\\", "")  # no link was made


# By people


def test_a_post_with_a_title_opens_an_incident_and_a_status_moves_it():
    page = make_page()
    author = make_member(page.team)
    post, _ = write_post(page, author=author, now=NOW, title="Slow mail", text="We look.", severity="minor")
    assert (post.incident.title, post.incident.status, post.status) == (
        "Slow mail",
        "investigating",
        "investigating",
    )
    write_post(page, author=author, now=NOW, incident=post.incident, text="Found.", status="identified")
    done = {"incident": post.incident, "text": "Done.", "status": "resolved"}
    last, _ = write_post(page, author=author, now=NOW, **done)
    assert last.incident.status == "resolved"
    assert last.incident.resolved_at == NOW
    after, _ = write_post(page, author=author, now=NOW, incident=last.incident, text="A post-mortem.")
    assert after.status == "resolved"


def test_an_internal_post_moves_nothing_and_tells_nobody():
    page = make_page()
    author = make_member(page.team)
    post, _ = write_post(page, author=author, now=NOW, title="Slow mail", text="We look.")
    note, _ = write_post(
        page, author=author, now=NOW, incident=post.incident, text="It is the disk.", status="identified",
        visibility="internal",
    )  # fmt: skip
    assert not note.notices_due
    note.incident.refresh_from_db()
    assert note.incident.status == "investigating"


def test_a_note_that_becomes_public_is_told_then():
    page = make_page()
    note, _ = write_post(
        page, author=make_member(page.team), now=NOW, title="x", text="y", visibility="internal"
    )
    edit_post(note, visibility="public")
    assert Post.objects.get(pk=note.pk).notices_due
    edit_post(note, visibility="internal")
    assert not Post.objects.get(pk=note.pk).notices_due


def test_a_post_concerns_what_the_last_one_did_unless_it_says_otherwise():
    monitor, other = make_old(), None
    other = make_old(monitor.team)
    page = make_page(None, monitor, other)
    author = make_member(page.team)
    first, second = page.components.all()
    opened = go_down(monitor)
    post, _ = write_post(page, author=author, now=NOW, incident=opened.incident, text="x")
    assert list(post.components.all()) == [first]
    write_post(page, author=author, now=NOW + MINUTE, incident=opened.incident, text="x", components=[second])
    last, _ = write_post(page, author=author, now=NOW + 2 * MINUTE, incident=opened.incident, text="x")
    assert list(last.components.all()) == [second]


def test_what_people_opened_for_a_monitor_is_not_told_by_itself():
    monitor = make_old()
    page = make_page(None, monitor)
    incident = open_manual(
        page.team, title="Rack 7 is on fire", author=make_member(page.team), now=NOW, monitor=monitor
    )
    before = changes_of(page)
    assert write_posts([IncidentEvent("opened", incident)], now=NOW)
    assert texts_of(page) == []
    assert changes_of(page) == before + 1


def test_a_post_by_the_api_is_told_to_those_whom_alerts_reach(client_of):
    page = make_page()
    api = client_of(make_member(page.team))
    make_rule(make_channel(page.team))
    body = {"title": "Slow mail", "text": "We look.", "severity": "critical"}
    assert api.post(f"/api/v1/status-pages/{page.pk}/posts/", body).status_code == 201
    assert Delivery.objects.filter(trouble__incident__title="Slow mail").exists()


def test_a_deleted_incident_leaves_the_pages_of_its_team():
    page = make_page()
    author = make_member(page.team)
    post, _ = write_post(page, author=author, now=NOW, title="Slow", text="x")
    before, incident = changes_of(page), post.incident
    delete_incident(incident)
    assert write_posts([IncidentEvent("deleted", incident)], now=NOW)
    assert changes_of(page) == before + 1
    assert not page.posts.exists()
