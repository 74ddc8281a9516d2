"""The admin across apps: a team goes with all that it has."""

import pytest
from django.utils import timezone

from accounts.models import Team, User
from analytics.models import BurnAlert, SlaReport, Slo
from incidents.models import Incident
from incidents.services import open_incident
from monitors.models import Heartbeat, Monitor, Ping
from monitors.services import create_monitor
from tests.factories import TeamFactory, UserFactory, make_monitor

pytestmark = pytest.mark.django_db


def test_an_operator_deletes_a_team_with_its_pings_alerts_and_reports(client):
    now = timezone.now()
    client.force_login(User.objects.create_superuser("root@example.com", "pw"))
    team, other = TeamFactory(name="Gone"), TeamFactory(name="Stays")
    for owner in (team, other):
        job = create_monitor(
            owner, now=now, kind="heartbeat", url="", name="Backup", config={"period_s": 3600}
        )
        Ping.objects.create(monitor=job, received_at=now, kind="success", method="GET")
        slo = Slo.objects.create(team=owner, name="Promise", monitor=job, target_ratio="0.999")
        BurnAlert.objects.create(
            slo=slo,
            speed="fast",
            open_key=f"{slo.pk}:fast",
            burn_rate_long=20,
            burn_rate_short=20,
            opened_at=now,
        )
        SlaReport.objects.create(
            team=owner, month="2026-01-01", timezone="UTC", frozen_at=now, digest="0" * 64
        )
    answer = client.post(f"/admin/accounts/team/{team.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert list(Team.objects.filter(name__in=["Gone", "Stays"])) == [other]
    for model in (Monitor, Heartbeat, Ping, Slo, BurnAlert, SlaReport):
        assert model.objects.count() == 1, model


RECORDS = ["burnalert", "slareport", "progress", "stalespan"]


@pytest.mark.parametrize("model", [*(f"analytics/{name}" for name in RECORDS), "monitors/ping"])
def test_records_are_not_deleted_by_hand(client, model):
    client.force_login(User.objects.create_superuser("root@example.com", "pw"))
    page = client.get(f"/admin/{model}/")
    assert page.status_code == 200
    assert "Delete selected" not in page.content.decode()
    assert client.get(f"/admin/{model}/add/").status_code == 403


def make_incidents(team):
    open_incident(make_monitor(team), started_at=timezone.now(), cause={"status": "down", "error": "x"})
    return Incident.objects.get(team=team)


@pytest.mark.parametrize("what", ["team", "user"])
def test_an_operator_deletes_a_team_and_a_user_with_the_incidents_of_their_checks(client, what):
    client.force_login(User.objects.create_superuser("root@example.com", "pw"))
    gone, stays = UserFactory.create(), UserFactory.create()
    row = gone if what == "user" else gone.personal_team
    make_incidents(gone.personal_team)
    kept = make_incidents(stays.personal_team)
    answer = client.post(f"/admin/accounts/{what}/{row.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    assert not type(row).objects.filter(pk=row.pk).exists()
    assert list(Incident.objects.all()) == [kept]
    chosen = {"action": "delete_selected", "_selected_action": [kept.pk], "post": "yes"}
    client.post("/admin/incidents/incident/", chosen)
    assert client.post(f"/admin/incidents/incident/{kept.pk}/delete/", {"post": "yes"}).status_code == 403
    assert list(Incident.objects.all()) == [kept]
    chosen = {"action": "delete_selected", "_selected_action": [stays.personal_team.pk], "post": "yes"}
    client.post("/admin/accounts/team/", chosen)
    assert not Incident.objects.exists()
