"""Every periodic job, in one table. Each engine's clock reads the table and calls each job at its rhythm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pkgutil import resolve_name


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` names a function ``(*, owner, now)`` that returns True when there is more to do at once. Jobs
    of one ``lane`` run one after the other; lanes run side by side.

    ``soon`` names a function ``(*, now, until)`` that returns the moments in ``[now, until)`` at which the
    job should run. It is for an engine whose clock comes round less often than ``every_s`` (Lambda's).
    Somebody waits for such a job; all other jobs ``may_wait`` while such a job runs.
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
    """Run the job. True: it did a part of its work, and there is more."""
    return bool(resolve_name(job.run)(owner=owner, now=now))


def ask_soon(job: Job, *, now: datetime, until: datetime) -> Sequence[datetime]:
    """The moments in ``[now, until)`` at which the job should run; empty for a job without ``soon``."""
    moments: Sequence[datetime] = resolve_name(job.soon)(now=now, until=until) if job.soon else ()
    return moments


TIMETABLE = (
    Job("send due checks", 0.5, "pipeline.jobs.periodic:send_due_checks", lane="schedule"),
    Job(
        "find late heartbeats",
        1,
        "pipeline.jobs.periodic:record_late_heartbeats",
        lane="heartbeats",
        soon="monitors.heartbeats:next_deadlines",
    ),
    Job("judge after maintenance", 15, "pipeline.jobs.periodic:judge_last_words", lane="heartbeats"),
    Job("watch for data", 15, "pipeline.jobs.periodic:watch_for_data", lane="no data"),
    Job(
        "send alerts",
        0.5,
        "pipeline.jobs.periodic:send_alerts",
        lane="alerts",
        soon="pipeline.jobs.periodic:alerts_due_soon",
    ),
    Job("roll up results", 10, "pipeline.jobs.periodic:roll_up", lane="rollups"),
    Job("purge old figures", 3_600, "pipeline.jobs.retention:purge_figures", lane="purge"),
    Job("evaluate SLOs", 60, "pipeline.jobs.periodic:evaluate_slos", lane="slos"),
    Job("freeze reports", 600, "pipeline.jobs.periodic:freeze_reports", lane="reports"),
    Job("publish pages", 1, "pipeline.jobs.periodic:publish_pages", lane="pages"),
    Job(
        "send notices",
        1,
        "pipeline.jobs.periodic:send_notices",
        lane="notices",
        soon="pipeline.jobs.periodic:notices_due_soon",
    ),
    Job("watch ourselves", 15, "pipeline.health.watchdog:watch_ourselves", lane="watchdog"),
    Job("verify domains", 600, "pipeline.jobs.periodic:verify_domains", lane="domains"),
    Job("forget subscribers", 3_600, "pipeline.jobs.retention:purge_subscribers"),
    Job("prune pings", 600, "pipeline.jobs.retention:purge_pings"),
    Job("flush expired tokens", 86_400, "pipeline.jobs.retention:purge_tokens"),
)
