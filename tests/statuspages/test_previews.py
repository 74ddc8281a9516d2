"""The draft of a page at an address for some minutes."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client

from statuspages.models import Preview, StatusPage
from statuspages.previews import MOST_A_PAGE
from tests.factories import make_monitor
from tests.statuspages.factories import NOW, make_page

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(team):
    return make_page(team, make_monitor(team), visibility="team")


def draft(api, page, at=NOW, **fields):
    with time_machine.travel(at, tick=False):
        return api.post(f"/api/v1/status-pages/{page.pk}/preview", fields)


def look(url, at=NOW):
    with time_machine.travel(at, tick=False):
        return Client().get(urlsplit(url).path)


def test_a_draft_is_shown_in_a_frame_of_ours_without_signing_in(api, page):
    made = draft(api, page, title="Acme, soon", components=[{"name": "Till", "monitors": []}])
    assert made.status_code == 201, made.content
    shown = look(made.json()["url"])
    html = shown.content.decode()
    assert (shown.status_code, "Acme, soon" in html, "Till" in html) == (200, True, True)
    assert "frame-ancestors 'self'" in shown["Content-Security-Policy"]
    assert "form-action 'none'" in shown["Content-Security-Policy"]
    assert (shown["X-Robots-Tag"], shown["Cache-Control"]) == ("noindex, nofollow", "private, no-store")
    assert "X-Frame-Options" not in shown


def test_a_draft_changes_nothing(api, page):
    before = list(StatusPage.objects.values()), list(page.components.values())
    changes = page.publication.changes
    draft(api, page, title="Acme, soon", components=[])
    assert (list(StatusPage.objects.values()), list(page.components.values())) == before
    page.publication.refresh_from_db()
    assert page.publication.changes == changes


def test_a_draft_is_gone_after_ten_minutes_and_so_is_its_row(api, page):
    url = draft(api, page).json()["url"]
    assert look(url, NOW + timedelta(minutes=9)).status_code == 200
    assert look(url, NOW + timedelta(minutes=11)).status_code == 404
    draft(api, page, NOW + timedelta(minutes=11))
    assert Preview.objects.count() == 1


def test_a_page_keeps_only_its_newest_drafts(api, page):
    urls = [draft(api, page, title=f"T{n}").json()["url"] for n in range(MOST_A_PAGE + 1)]
    assert [look(url).status_code for url in urls] == [404] + [200] * MOST_A_PAGE


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"accent": "red"}, "accent"), ({"nope": 1}, "nope"), ({"components": [{}]}, "components.0.name")],
)
def test_a_draft_that_could_not_be_saved_is_refused_as_saving_is(api, page, fields, field):
    answer = draft(api, page, **fields)
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert not Preview.objects.exists()


def test_an_address_that_was_tampered_with_shows_nothing(api, page):
    url = draft(api, page).json()["url"]
    assert look(url.replace("/preview/", "/preview/x")).status_code == 404


def test_who_may_not_change_the_page_makes_no_draft(viewer, stranger, page):
    assert draft(viewer, page, title="x").status_code == 403
    assert draft(stranger, page, title="x").status_code == 404
    assert not Preview.objects.exists()
