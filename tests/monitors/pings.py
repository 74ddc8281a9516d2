"""Heartbeats to test with, and the pings they get."""

from datetime import UTC, datetime, timedelta

from accounts.models import Team
from monitors.heartbeats import take_ping
from monitors.models import Heartbeat, Monitor, PingKind, RegionState
from probes.config import check_config

T0 = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START, SUCCESS, FAIL = PingKind.START, PingKind.SUCCESS, PingKind.FAIL


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def make_heartbeat(*, enabled=True, deadline_at=None, last_ping_at=None, started_at=None, **config):
    """Every five minutes with a minute's grace, unless ``config`` says otherwise."""
    given_config = config if "cron" in config else {"period_s": 300, **config}
    team, _ = Team.objects.get_or_create(name="Ops")
    complete = check_config("heartbeat", {"grace_s": 60, **given_config})
    monitor = Monitor.objects.create(
        team=team, name="Backup", kind="heartbeat", config=complete, enabled=enabled, fail_after=1
    )
    RegionState.objects.create(monitor=monitor, region="local", counted_from=T0 - DAY)
    return Heartbeat.objects.create(
        monitor=monitor, deadline_at=deadline_at, last_ping_at=last_ping_at, started_at=started_at
    )


def send(heartbeat, now, kind=SUCCESS, *, exit_status=None, run_id="", body=b""):
    """Ping, and read the heartbeat again."""
    result = take_ping(
        heartbeat.uuid,
        kind=kind,
        exit_status=exit_status,
        run_id=run_id,
        body=body,
        address="192.0.2.7",
        user_agent="curl/8",
        method="POST",
        now=now,
    )
    heartbeat.refresh_from_db()
    return result
