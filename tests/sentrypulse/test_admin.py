"""The admin across apps: a team goes with all that it has."""

import pytest
from django.utils import timezone

from accounts.models import Team, User
from analytics.models import BurnAlert, SlaReport, Slo
from monitors.models import Heartbeat, Monitor, Ping
from monitors.services import create_monitor
from tests.accounts.factories import TeamFactory

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
