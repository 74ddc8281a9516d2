"""Every periodic job, in one table. An engine's clock reads it and calls the job at its rhythm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` names a function ``(*, owner, now)`` that returns True when there is more to do at once. Jobs
    of one ``lane`` wait for each other, lanes do not.

    ``soon`` names a function ``(*, now, until)``: the moments in ``[now, until)`` at which running it is
    worth while, for an engine whose clock comes round less often than the job should. Somebody waits for such
    a job; the others ``may_wait`` for those.
    """

    name: str
    every_s: float
    run: str
    lane: str = "housekeeping"
    soon: str = ""

    @property
    def may_wait(self) -> bool:
        return not self.soon


def find_job(name: str) -> Job | None:
    return next((job for job in TIMETABLE if job.name == name), None)


def run_job(job: Job, *, owner: str, now: datetime) -> bool:
    """Run it; True: it did a part, and there is more."""
    return bool(_load(job.run)(owner=owner, now=now))


def ask_soon(job: Job, *, now: datetime, until: datetime) -> Sequence[datetime]:
    """When it is worth running in ``[now, until)``; nothing for a job that does not say."""
    moments: Sequence[datetime] = _load(job.soon)(now=now, until=until) if job.soon else ()
    return moments


def _load(path: str) -> Any:
    module, _, function = path.partition(":")
    return getattr(import_module(module), function)


TIMETABLE = (
    Job("send due checks", 0.5, "pipeline.jobs:send_due_checks", lane="schedule"),
    Job(
        "find late heartbeats",
        1,
        "pipeline.jobs:find_late_heartbeats",
        lane="heartbeats",
        soon="monitors.heartbeats:next_deadlines",
    ),
    Job(
        "send alerts",
        0.5,
        "pipeline.jobs:send_alerts",
        lane="alerts",
        soon="pipeline.jobs:alerts_due_soon",
    ),
    Job("roll up results", 10, "pipeline.jobs:roll_up", lane="rollups"),
    Job("purge old figures", 3_600, "pipeline.jobs:purge", lane="purge"),
    Job("evaluate SLOs", 60, "pipeline.jobs:evaluate_slos", lane="slos"),
    Job("freeze reports", 600, "pipeline.jobs:freeze_reports", lane="reports"),
    Job("publish pages", 1, "pipeline.jobs:publish_pages", lane="pages"),
    Job(
        "send notices",
        1,
        "pipeline.jobs:send_notices",
        lane="notices",
        soon="pipeline.jobs:notices_due_soon",
    ),
    Job("verify domains", 600, "pipeline.jobs:verify_domains", lane="domains"),
    Job("forget subscribers", 3_600, "pipeline.jobs:forget_subscribers"),
    Job("prune pings", 600, "pipeline.jobs:prune_pings"),
    Job("flush expired tokens", 86_400, "pipeline.jobs:flush_tokens"),
)
