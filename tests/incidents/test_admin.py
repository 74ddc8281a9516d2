from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.messages.storage.cookie import CookieStorage
from django.test import RequestFactory
from django.utils import timezone

from incidents.models import Incident, MaintenanceWindow
from sentrypulse.admin.incidents import MaintenanceWindowForm
from tests.factories import UserFactory
from tests.incidents.factories import T0, MonitorFactory, WindowFactory, make_incident, make_manual

pytestmark = [pytest.mark.django_db]

REGISTRY: Any = admin.site._registry


@pytest.fixture
def request_(rf: RequestFactory):
    request: Any = rf.post("/admin/")
    request.user = UserFactory(is_staff=True, is_superuser=True)
    request._messages = CookieStorage(request)
    return request


def said(request):
    return [str(message) for message in request._messages]


def test_operators_resolve_incidents_and_hear_which_were_resolved_already(request_):
    open_one, resolved = make_incident(), make_manual(make_incident().team)
    incidents = REGISTRY[Incident]
    incidents.resolve(request_, Incident.objects.filter(pk=resolved.pk))
    incidents.resolve(request_, Incident.objects.filter(pk__in=[open_one.pk, resolved.pk]))
    assert Incident.objects.get(pk=open_one.pk).resolved_by == request_.user
    assert said(request_) == ["1 resolved.", "Slow mail: This incident is resolved already.", "1 resolved."]


def test_operators_acknowledge_incidents(request_):
    incident = make_incident()
    REGISTRY[Incident].acknowledge(request_, Incident.objects.all())
    assert Incident.objects.get(pk=incident.pk).acknowledged_by == request_.user
    assert said(request_) == ["1 acknowledged."]


def test_a_record_can_be_neither_added_nor_deleted_by_hand(request_):
    incidents, automatic = REGISTRY[Incident], make_incident()
    assert not incidents.has_add_permission(request_)
    assert not incidents.has_delete_permission(request_, automatic)
    assert incidents.has_delete_permission(request_, make_manual(automatic.team))


def test_what_was_found_is_read_only(request_):
    incidents = REGISTRY[Incident]
    assert set(incidents.get_form(request_, make_incident()).base_fields) == {"title", "severity"}


def form(window, **change):
    asked = {
        "team": window.team_id,
        "title": "x",
        "starts_at": "2100-01-01 00:00",
        "ends_at": "2100-01-01 01:00",
        "rrule": "",
        "timezone": "UTC",
        "monitors": [monitor.pk for monitor in window.monitors.all()],
        "tags": [],
    }
    return MaintenanceWindowForm(asked | change)


def test_the_form_refuses_what_the_api_refuses():
    monitor = MonitorFactory()
    window = WindowFactory(team=monitor.team, monitors=[monitor])
    assert form(window).is_valid()
    assert form(window, timezone="Mars").errors == {
        "timezone": ["There is no time zone 'Mars'; use an IANA name such as Europe/Berlin."]
    }
    assert form(window, monitors=[]).errors == {
        "monitors": ["A window covers at least one monitor or tag; name one of either."]
    }
    assert form(window, monitors=[MonitorFactory().pk]).errors == {
        "monitors": ["Choose monitors of the window's own team."]
    }


@pytest.mark.parametrize(("hours", "runs"), [(0, False), (2, True)])
def test_the_list_shows_what_runs(hours, runs):
    start = timezone.now() - timedelta(hours=1)
    window = WindowFactory(starts_at=start, ends_at=start + timedelta(hours=hours, minutes=1))
    assert REGISTRY[MaintenanceWindow].is_running(window) is runs


def test_the_pages_open(client):
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    incident, window = make_incident(started_at=T0), WindowFactory()
    for path in ("", f"{incident.pk}/change/"):
        assert client.get(f"/admin/incidents/incident/{path}").status_code == 200
    for path in ("", "add/", f"{window.pk}/change/"):
        assert client.get(f"/admin/incidents/maintenancewindow/{path}").status_code == 200
