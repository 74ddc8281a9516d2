"""Dress the simulated team as a company of three people, for the app's screens in tests and pictures.

Run after `manage.py simulate`, in the project's folder: `python frontend/tests/e2e/harbourline.py PASSWORD`.
"""

import os
import sys
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import django

sys.path.insert(0, str(Path(__file__).parents[3]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentrypulse.settings")
django.setup()

from django.utils import timezone  # noqa: E402

from accounts.models import Membership, Role, Team, User  # noqa: E402
from actions import alerting, incidents  # noqa: E402
from actions import monitors as actions  # noqa: E402
from analytics.models import Slo  # noqa: E402
from incidents.models import Incident, MaintenanceWindow  # noqa: E402
from monitors.models import Monitor  # noqa: E402
from statuspages.services import create_page  # noqa: E402

PEOPLE = (("Mira Okafor", Role.OWNER), ("Jonas Berg", Role.MEMBER), ("Vera Lind", Role.VIEWER))
DOMAIN = "harbourline.example"


def make_people(team: Team, password: str) -> list[User]:
    now, people = timezone.now(), []
    for name, role in PEOPLE:
        email = f"{name.split()[0].lower()}@{DOMAIN}"
        user = User.objects.create_user(email, password, name=name, email_verified_at=now)
        user.personal_team.delete()
        Membership.objects.create(team=team, user=user, role=role, joined_at=now)
        people.append(user)
    return people


def give_addresses(monitors: list[Monitor]) -> None:
    """No check is ever sent to a simulated monitor, so its target may be any."""
    for monitor in monitors:
        host = f"{monitor.name.lower().replace(' ', '-')}.{DOMAIN}"
        port = {"tcp": ":5432", "tls": ":443"}.get(monitor.kind, "")
        if monitor.kind == "http":
            monitor.url = f"https://{host}/health"
        elif monitor.kind != "heartbeat":
            monitor.url = f"{host}{port}"
    Monitor.objects.bulk_update(monitors, ["url"])


def plan(team: Team, monitors: list[Monitor]) -> None:
    """One is paused, one in maintenance, two have promised their uptime."""
    now = timezone.now()
    web = [monitor for monitor in monitors if monitor.kind == "http"]
    actions.pause([web[-1]], now=now)
    window = MaintenanceWindow(
        team=team,
        title="Upgrade to MySQL 9",
        starts_at=now - timedelta(minutes=26),
        ends_at=now + timedelta(minutes=64),
    )
    alerting.save_maintenance(window, monitors=[next(m for m in monitors if m.kind == "tcp")])
    for monitor, target in ((web[0], "0.999"), (web[1], "0.999"), (web[3], "0.9995")):
        Slo.objects.create(
            team=team, name=f"{monitor.name}, a month", monitor=monitor, target_ratio=Decimal(target)
        )


def main(password: str) -> None:
    team = Team.objects.get(name="Simulation")
    team.name, team.timezone = "Harbourline", "Europe/Berlin"
    team.save()
    monitors = list(Monitor.objects.filter(team=team).order_by("pk"))
    _, jonas, _ = make_people(team, password)
    give_addresses(monitors)
    plan(team, monitors)
    now = timezone.now()
    for incident in Incident.objects.filter(team=team, resolved_at=None):
        incidents.acknowledge(incident, author=jonas, now=now)
    create_page(
        team,
        now=now,
        slug="harbourline",
        title="Harbourline status",
        timezone=team.timezone,
        components=[{"name": monitor.name, "monitors": [monitor]} for monitor in monitors[:6]],
    )


if __name__ == "__main__":
    main(sys.argv[1])
