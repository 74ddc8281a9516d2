"""All jobs, run as a process runs them, and what they made for one team."""

import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import Team
from alerts.models import Delivery, Trouble
from analytics.models import BurnAlert, LatencyRollup, Rollup, SlaReport, StaleSpan
from core import isolation
from delivery.message import Outcome, Receipt
from incidents.models import Incident, Update
from monitors.models import Heartbeat, Monitor, Ping, RegionState, Result
from pipeline import dispatch
from pipeline.health import signs
from pipeline.messages import Receipts, Results, decode, encode
from pipeline.queues.base import Sender
from pipeline.stages.record import record_messages
from pipeline.stages.settle import settle
from pipeline.timetable import TIMETABLE, ask_soon, run_job
from probes.result import CheckResult
from statuspages.models import Notice, Publication, StatusPage, Subscriber
from tests.pipeline.factories import make_result
from tests.poison.lives import NOW

MOMENTS = (timedelta(0), timedelta(seconds=75), timedelta(seconds=90))
"""When all jobs run: at once, when what was held, digests and what rests have their time, and once more for
what the turns left: 200 alerts are sent at a time."""


class Queues(Sender):
    """Takes whatever is sent."""

    def __init__(self) -> None:
        self.bodies: list[tuple[str, bytes]] = []

    def send(self, queue: str, body: bytes, *, delay_s: float = 0.0) -> None:
        self.bodies.append((queue, body))

    def free(self, queue: str) -> int:
        return 1_000

    def figures(self) -> dict[str, dict[str, int]]:
        return {}

    def take(self) -> list[tuple[str, Any]]:
        taken, self.bodies = self.bodies, []
        return [(queue, decode(body)) for queue, body in taken]


class Run:
    """One walk over all jobs. ``failures`` are the jobs that an exception left, ``sent`` what they sent."""

    def __init__(self, results: list[CheckResult]) -> None:
        self.failures: list[str] = []
        self.checks: list[Any] = []
        self.messages: list[Any] = []
        self._results = results

    def go(self) -> "Run":
        isolation.forget_failures()
        signs._written.clear()
        queues = Queues()
        dispatch.use_sender(queues)
        try:
            self._try("record", lambda: record_messages([encode(Results(self._results))], now=NOW))
            for after in MOMENTS:
                self._come_round(NOW + after, queues)
        finally:
            dispatch.use_sender(None)
        return self

    def _come_round(self, now: datetime, queues: Queues) -> None:
        isolation.forget_failures()  # as if a minute had passed for what rests
        for job in TIMETABLE:
            self._try(job.name, partial(run_job, job, owner="test", now=now))
            self._try(job.name, partial(ask_soon, job, now=now, until=now + timedelta(minutes=1)))
        sent = queues.take()
        self.checks += [spec for queue, message in sent if queue == "checks" for spec in message.specs]
        new = [one for queue, message in sent if queue == "deliveries" for one in message.deliveries]
        self.messages += new
        receipts = [
            Receipt(id=one.id, attempt=one.attempt, outcome=Outcome.SENT, at=now, status=200) for one in new
        ]
        self._try("settle", lambda: settle([encode(Receipts(receipts))], now=now))

    def _try(self, name: str, do: Callable[[], Any]) -> None:
        try:
            with transaction.atomic():
                do()
        except Exception as fault:  # noqa: BLE001  # whatever it is, it left the job
            where = " < ".join(
                f"{Path(frame.filename).name}:{frame.lineno}"
                for frame in reversed(traceback.extract_tb(fault.__traceback__))
                if ".venv" not in frame.filename and "lib/python" not in frame.filename
            )
            self.failures.append(f"{name}: {type(fault).__name__} {str(fault)[:100]} at {where}")


def make_results(*teams: Team) -> list[CheckResult]:
    """What probes found of the teams, in turns."""
    found = Monitor.objects.filter(team__in=teams, name__in=("shop", "api")).order_by("name", "pk")
    return [
        make_result(monitor, NOW - timedelta(minutes=minute), "D" if monitor.name == "api" else "U")
        for minute in (2, 1)
        for monitor in found
    ]


def tell_work(team: Team, run: Run, published: Path) -> dict[str, Any]:
    """What there is of the team's after a run, without keys: so it can be compared with another run's."""
    monitors = Monitor.objects.filter(team=team)
    page = StatusPage.objects.get(team=team)
    names = dict(monitors.values_list("pk", "name"))
    own = {"monitor__team": team}
    shown = published / page.slug / "index.html"
    rolled = ("monitor__name", "period_h", "start_at")
    return {
        "checks sent": sorted(
            (names[spec.monitor_id], spec.scheduled_at) for spec in run.checks if spec.monitor_id in names
        ),
        "results": _rows(Result.objects.filter(**own), "monitor__name", "scheduled_at", "status"),
        "states": _rows(RegionState.objects.filter(**own), "monitor__name", "state", "no_data_code"),
        "deadlines": _rows(Heartbeat.objects.filter(**own), "monitor__name", "deadline_at"),
        "incidents": _rows(Incident.objects.filter(team=team), "title", "status", "resolved_at"),
        "updates": _rows(Update.objects.filter(incident__team=team), "text", "status"),
        "troubles": _rows(Trouble.objects.filter(team=team), "event", "title", "closed_at"),
        "deliveries": _rows(
            Delivery.objects.filter(team=team), "event", "status", "channel_name", "subject", "answer"
        ),
        "messages": sorted((m.kind, m.content.subject) for m in run.messages if m.team_id == team.pk),
        "rollups": _rows(Rollup.objects.filter(**own), *rolled, "up_ms", "down_ms", "checks_down"),
        "latencies": _rows(LatencyRollup.objects.filter(**own), *rolled, "count", "sum_ms", "histogram"),
        "stale": not StaleSpan.objects.filter(**own).exists(),
        "burning": _rows(BurnAlert.objects.filter(slo__team=team), "slo__name", "speed", "closed_at"),
        "reports": _rows(SlaReport.objects.filter(team=team), "month", "version", "lines__name"),
        "page": _rows(Publication.objects.filter(page=page, published_at__gte=NOW), "problem"),
        "page shows": shown.exists() and page.title in shown.read_text(),
        "notices": _rows(Notice.objects.filter(subscriber__page=page), "purpose", "status", "answer"),
        "subscribers": _rows(Subscriber.objects.filter(page=page), "address"),
        "domain": page.verified_domain,
        "pings": Ping.objects.filter(**own).count(),
        "tokens": not OutstandingToken.objects.filter(jti=team.name).exists(),
    }


def _rows(rows: Any, *columns: str) -> list[str]:
    return sorted(map(repr, rows.order_by().values_list(*columns)))
