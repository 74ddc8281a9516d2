"""The document of the API, its page, and the API in a browser."""

import re
from urllib.parse import urlsplit

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import Role
from tests.factories import MembershipFactory, TeamFactory, UserFactory, make_monitor


def find_origins(html):
    """Where the page has scripts, styles and pictures from; "" is our own."""
    links = re.findall(r"""<(?:script|link|img)\b[^>]*?\b(?:src|href)=["']([^"']+)["']""", html)
    assert links
    return {urlsplit(link).netloc for link in links if not link.startswith("data:")}


def test_the_whole_api_has_a_valid_document_without_a_warning(tmp_path):
    path = tmp_path / "schema.yaml"
    call_command("spectacular", "--fail-on-warn", "--validate", "--file", str(path))
    written = path.read_text()
    for endpoint in ("/api/v1/monitors/{id}/check:", "/api/v1/monitors/{id}/stats:", "/api/v1/incidents/:"):
        assert endpoint in written


@pytest.mark.django_db
def test_the_document_and_its_page_load_everything_from_us():
    client = Client()
    schema = client.get("/api/schema/?format=json")
    assert schema.status_code == 200
    assert schema.json()["info"]["title"] == "SentryPulse API"
    page = client.get("/api/docs/")
    assert page.status_code == 200
    html = page.content.decode()
    assert find_origins(html) == {""}
    assert re.findall(r"https?://[^\s\"'<>]+", html) == []
    assert '"/api/schema/"' in html


@pytest.mark.django_db
def test_a_person_signed_in_browses_the_api_as_pages():
    team, user = TeamFactory(name="Ours"), UserFactory()
    MembershipFactory(team=team, user=user, role=Role.OWNER)
    monitor = make_monitor(team, name="Shop & <b>Co</b>")
    client = Client(headers={"Accept": "text/html"})
    client.force_login(user)
    for path in (
        "/api/v1/",
        "/api/v1/monitors/",
        f"/api/v1/monitors/{monitor.pk}/",
        f"/api/v1/monitors/{monitor.pk}/stats",
        f"/api/v1/monitors/{monitor.pk}/results",
        "/api/v1/incidents/",
        "/api/v1/maintenance/",
        "/api/v1/tags/",
        "/api/v1/teams/",
        "/api/v1/api-keys/",
        "/api/v1/auth/me",
    ):
        page = client.get(path)
        assert page.status_code == 200, path
        assert page["Content-Type"] == "text/html; charset=utf-8", path
        assert find_origins(page.content.decode()) == {""}, path
    listed = client.get("/api/v1/monitors/").content.decode()
    assert "Shop &amp; &lt;b&gt;Co&lt;/b&gt;" in listed
    assert "<b>Co</b>" not in listed


@pytest.mark.django_db
def test_a_stranger_sees_a_page_that_asks_to_sign_in():
    page = Client(headers={"Accept": "text/html"}).get("/api/v1/monitors/")
    assert page.status_code == 401
    assert "Authentication credentials were not provided." in page.content.decode()
