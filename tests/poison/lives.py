"""Two teams that lead the same life: one of everything that a job finds work in."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from allauth.usersessions.models import UserSession
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import Membership, OutsideCall, Quota, QuotaLock, Role, Team, User
from alerts.models import MessageTemplate, OwnEvent, Trouble
from analytics.models import (
    Archiving,
    BurnAlert,
    LatencyRollup,
    Progress,
    Rollup,
    StaleSpan,
)
from analytics.reports.figures import Month
from analytics.reports.freezing import _freeze
from analytics.rollup_sql import sum_up_day, sum_up_hour
from incidents.models import MaintenanceWindow
from incidents.services import open_incident, say
from monitors.models import Heartbeat, Monitor, Ping, RegionState, Result, Tag
from pipeline.models import Cursor, DataWatch, NetworkOutage
from statuspages.models import Logo, Notice, Subscriber
from statuspages.posts import write_post
from statuspages.services import create_page
from statuspages.subscriptions import ask_to_confirm
from tests.alerts.factories import agree, make_channel, make_delivery, make_rule
from tests.analytics.factories import make_slo
from tests.factories import ApiKeyFactory, InvitationFactory, make_monitor
from tests.statuspages.factories import subscribe

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
ROLLED_UNTIL = NOW - 2 * HOUR
CONFIG = {
    "headers": {"X-Token": {"value": "s", "secret": True}, "Accept": "*/*"},
    "keyword": "ok",
    "json_path": "$.status",
    "json_equals": "ok",
    "expected_status": "200-299",
}


def make_ours() -> None:
    """The rows that there is one of, whoever's."""
    Progress.objects.create(name=Progress.UPTIME, rolled_until=ROLLED_UNTIL, lease_until=NOW - DAY)
    Archiving.objects.create(name=Archiving.RESULTS, lease_until=NOW - DAY)
    watch = {"since": NOW - DAY, "away_from": NOW - DAY, "looked_at": NOW - timedelta(seconds=15)}
    DataWatch.objects.create(name="results", **watch)
    NetworkOutage.objects.create(region="local", since=NOW - DAY, seen_at=NOW - DAY)
    since = NOW - timedelta(seconds=20)
    Cursor.objects.create(name="checks", sent_until=since, lease_until=since, moved_at=since)


def make_life(name: str) -> Team:
    """A team of that name, with an owner, and with something due for each job."""
    owner = User.objects.create(email=f"{name}@example.com", name=name, joined_at=NOW, email_verified_at=NOW)
    team = Team.objects.create(name=name, timezone="Europe/Berlin")
    Membership.objects.create(team=team, user=owner, role=Role.OWNER)
    shop = _make_monitors(team)
    _make_history(team, shop)
    _make_alerts(team, shop)
    _make_page(team, shop, owner)
    _make_account(team, owner)
    return team


def _make_monitors(team: Team) -> Monitor:
    """One of each kind of fate: watched, broken, without data, and a job that is late."""
    old = NOW - 60 * DAY
    made: dict[str, Any] = {"now": old, "tags": ["prod"], "interval_s": 60}
    shop = make_monitor(team, name="shop", config=CONFIG, **made)
    api = make_monitor(team, name="api", url="https://api.example.com/", depends_on=[shop.pk], **made)
    make_monitor(team, name="lost", url="https://lost.example.com/", **made)
    job = make_monitor(team, name="job", kind="heartbeat", config={"period_s": 3600, "grace_s": 60}, **made)
    Monitor.objects.filter(team=team).update(updated_at=old, created_at=old)
    states = RegionState.objects.filter(monitor__team=team)
    states.update(state="up", counted_from=old, changed_at=old)
    states.filter(monitor=api).update(slow_until=NOW + DAY)
    Heartbeat.objects.filter(pk=job.pk).update(
        deadline_at=NOW - 30 * timedelta(seconds=1), last_ping_at=NOW - HOUR, started_at=NOW - HOUR
    )
    ping: dict[str, Any] = {"monitor": job, "kind": "success", "method": "GET"}
    Ping.objects.bulk_create(Ping(received_at=NOW - number * HOUR, **ping) for number in range(103))
    night = MaintenanceWindow.objects.create(
        team=team,
        title="Night",
        starts_at=NOW - 30 * DAY,
        ends_at=NOW - 30 * DAY + HOUR,
        rrule="FREQ=WEEKLY;BYDAY=SU",
        timezone="Europe/Berlin",
    )
    night.tags.set(Tag.objects.filter(team=team))
    night.monitors.set([shop])
    return shop


def _make_history(team: Team, shop: Monitor) -> None:
    """Results to roll up, to roll up again and to purge; a promise that is broken; a month to freeze."""
    rows = [(NOW - 40 * DAY + n * MINUTE, "up") for n in range(3)]
    rows += [(NOW - 4 * HOUR + n * 20 * MINUTE, "up") for n in range(9)]
    rows += [(NOW - HOUR + n * 5 * MINUTE, "down") for n in range(10)]
    for monitor in Monitor.objects.filter(team=team, name__in=("shop", "api")):
        Result.objects.bulk_create(
            Result(
                monitor=monitor, region="local", scheduled_at=at, checked_at=at, status=status, total_ms=25
            )
            for at, status in rows
        )
    ids = list(Monitor.objects.filter(team=team).values_list("pk", flat=True))
    sum_up_hour(NOW - 4 * HOUR, ids)
    sum_up_day(NOW.replace(hour=0), ids)
    for model in (Rollup, LatencyRollup):
        kept = model.objects.filter(monitor=shop, period_h=1).get()
        kept.start_at = NOW - 400 * DAY
        kept.save(force_insert=True)
    StaleSpan.objects.create(monitor=shop, start_at=NOW - 4 * HOUR, end_at=NOW - 3 * HOUR)
    slo = make_slo(shop, name="burning")
    calm = make_slo(Tag.objects.get(team=team), name="calm", target="0.5")
    BurnAlert.objects.create(
        slo=calm, speed="slow", open_key=f"{calm.pk}:slow", burn_rate_long=1, burn_rate_short=1, opened_at=NOW
    )
    assert slo.pk
    assert _freeze(team, Month(date(2026, 1, 1), ZoneInfo("UTC")), now=NOW)


def _make_alerts(team: Team, shop: Monitor) -> None:
    """What is open, what is held, what is due, and who is to hear of it."""
    hook = make_channel(team, name="hook", url=f"https://{team.name}.example.com/hook", secret="s" * 40)
    mail = make_channel(team, "email", name="mail", to=[f"{team.name}@example.com"])
    agree(team, f"{team.name}@example.com")
    quiet = {
        "quiet_from": "22:00",
        "quiet_until": "06:00",
        "quiet_days": ["sun"],
        "timezone": "Europe/Berlin",
    }
    make_rule(hook, steps=[(5, mail)], monitors=[shop], tags=Tag.objects.filter(team=team), **quiet)
    make_rule(mail, name="Second")
    MessageTemplate.objects.create(team=team, event="down", subject="{{ headline }} for {{ team.name }}")
    incident = open_incident(shop, started_at=NOW - HOUR, cause={"status": "down", "error": "Expected 200."})
    assert incident is not None
    say(incident, "We look.", at=NOW - 50 * MINUTE)
    trouble = Trouble.objects.create(
        team=team, kind="incident", key=f"incident:{incident.pk}", incident=incident, monitor=shop,
        event="down", title="shop is down", cause=incident.cause, opened_at=NOW - HOUR,
        told_from=NOW - HOUR, look_at=NOW - MINUTE,
    )  # fmt: skip
    assert trouble.pk
    make_delivery(hook, at=NOW - MINUTE, event=OwnEvent.TEST)
    make_delivery(mail, at=NOW - MINUTE, event="recovered", trouble=trouble, status="held")


def _make_page(team: Team, shop: Monitor, owner: User) -> None:
    """A page that was never published, with a post to be told, and an address that is to be forgotten."""
    page = create_page(
        team,
        now=NOW - DAY,
        slug=f"page-{team.name}",
        title=f"Page of {team.name}",
        custom_css="h1 { color: red }",
        custom_domain=f"{team.name}.example.com",
        components=[{"name": "Shop", "group": "All", "monitors": [shop]}],
    )
    type(page).objects.filter(pk=page.pk).update(updated_at=NOW - HOUR)
    Logo.objects.create(page=page, media_type="image/png", data=b"\x89PNG")
    subscribe(page, f"reader-{team.name}@example.com", now=NOW - DAY)
    subscribe(page, f"https://{team.name}.example.com/posts", kind="webhook", now=NOW - DAY)
    Notice.objects.filter(subscriber__page=page).delete()
    ask_to_confirm(page, kind="email", address=f"gone-{team.name}@example.com", now=NOW - 30 * DAY)
    Subscriber.objects.filter(address=f"gone-{team.name}@example.com").update(created_at=NOW - 30 * DAY)
    ask_to_confirm(page, kind="email", address=f"new-{team.name}@example.com", now=NOW)
    component = page.components.get()
    Subscriber.objects.get(address=f"reader-{team.name}@example.com").components.add(component)
    write_post(
        page, author=owner, now=NOW - MINUTE, title="Slow", text="**We** look.", components=[component]
    )


def _make_account(team: Team, owner: User) -> None:
    InvitationFactory.create(team=team)
    ApiKeyFactory.create(team=team, user=owner)
    Quota.objects.create(team=team, name="monitors", most=100)
    QuotaLock.objects.get_or_create(team=team)
    OutsideCall.objects.create(user=owner, until=NOW)
    OutstandingToken.objects.create(
        user=owner, jti=team.name, token="x", created_at=NOW - 9 * DAY, expires_at=NOW - DAY
    )
    UserSession.objects.create(user=owner, session_key=team.name, ip="192.0.2.1", user_agent="x")
