"""The link in the message: signed, good for seven days, once, and only by its button."""

from datetime import timedelta

import pytest
from django.core import signing
from django.test import Client

from alerts.acknowledge_links import acknowledge_link, incident_link, monitor_link
from alerts.models import Delivery
from alerts.planning import plan_deliveries
from incidents.models import Incident
from incidents.reconcile import IncidentEvent
from incidents.services import open_incident, resolve
from tests.alerts.factories import drop_defaults, make_channel, make_rule
from tests.factories import make_member, make_monitor, make_team

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make_team(name="Ours")


@pytest.fixture
def row(team, now):
    drop_defaults(team)
    make_rule(make_channel(team), events=["down", "acknowledged"])
    incident = open_incident(make_monitor(team), started_at=now, cause=None)
    assert incident is not None
    plan_deliveries([IncidentEvent("opened", incident)], now=now)
    return Delivery.objects.get()


@pytest.fixture
def now(time_machine_now):
    return time_machine_now


@pytest.fixture
def time_machine_now():
    from django.utils import timezone

    return timezone.now()


@pytest.fixture
def browser():
    return Client(enforce_csrf_checks=True)


def path_of(row):
    return acknowledge_link(row).removeprefix("http://127.0.0.1:8000")


def test_links_to_read_on_lead_to_the_app_and_the_acknowledging_one_to_us(row, settings):
    settings.APP_URL, settings.PUBLIC_URL = "https://app.example.com", "https://api.example.com"
    assert (
        incident_link(row.trouble.incident) == f"https://app.example.com/incidents/{row.trouble.incident.pk}"
    )
    assert incident_link(None) == "https://app.example.com/incidents"
    assert monitor_link(7) == "https://app.example.com/monitors/7"
    assert acknowledge_link(row).startswith("https://api.example.com/acknowledge/")


def test_following_the_link_changes_nothing_and_its_button_acknowledges(browser, row):
    for _ in range(3):  # a mail scanner, a preview, a person
        page = browser.get(path_of(row))
        assert page.status_code == 200
        assert 'method="post"' in page.content.decode()
    assert browser.head(path_of(row)).status_code == 200
    assert Incident.objects.get().acknowledged_at is None
    page = browser.post(path_of(row))
    incident = Incident.objects.get()
    assert "You are on it" in page.content.decode()
    assert incident.acknowledged_at is not None
    assert incident.updates.last().text == "Acknowledged by Hook, from the alert."
    assert Delivery.objects.filter(event="acknowledged").count() == 1  # planned in the same transaction


def test_the_page_is_private_and_runs_nothing(browser, row):
    page = browser.get(path_of(row))
    assert page["Referrer-Policy"] == "no-referrer"
    assert page["Cache-Control"] == "no-store"
    assert page["Content-Security-Policy"].startswith("default-src 'none'")
    assert "<script" not in page.content.decode()


def test_the_link_works_once(browser, row):
    assert browser.post(path_of(row)).status_code == 200
    again = browser.post(path_of(row))
    assert again.status_code == 410
    assert "used already" in again.content.decode()
    assert Incident.objects.get().updates.filter(text__startswith="Acknowledged").count() == 1


def test_whoever_is_second_is_told_so(browser, row, team):
    second = make_channel(team, name="Second", url="https://hooks.example.com/second")
    other = Delivery.objects.create(
        team=team, channel=second, trouble=row.trouble, event="down", key="other", planned_at=row.planned_at
    )
    browser.post(path_of(row))
    assert "Somebody was faster" in browser.post(path_of(other)).content.decode()


def test_a_letter_to_one_member_acknowledges_in_their_name(browser, row, team):
    ada = make_member(team)
    row.channel = make_channel(team, "email", "Ada", to=[ada.email])
    row.save()
    browser.post(path_of(row))
    assert Incident.objects.get().acknowledged_by == ada


def test_a_link_that_is_old_forged_or_cut_off_does_nothing(browser, row, time_machine):
    path = path_of(row)
    forged = path.replace(path[20:24], "AAAA")
    other = f"/acknowledge/{signing.dumps(row.pk, salt='other')}/"
    for bad in (path[:-6] + "/", forged, other, "/acknowledge/none/"):
        assert browser.post(bad).status_code == 410, bad
    time_machine.move_to(row.planned_at + timedelta(days=8))
    expired = browser.post(path)
    assert (expired.status_code, "expired" in expired.content.decode()) == (410, True)
    assert Incident.objects.get().acknowledged_at is None


def test_what_is_over_cannot_be_acknowledged(browser, row, team, now):
    resolve(Incident.objects.get(), author=make_member(team), now=now)
    assert "It is over" in browser.get(path_of(row)).content.decode()
    assert browser.post(path_of(row)).status_code == 410


def test_the_link_of_an_incident_that_was_deleted_says_so(browser, row):
    path = path_of(row)
    Incident.objects.all().delete()
    assert browser.get(path).status_code == 410
