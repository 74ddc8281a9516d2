"""Every periodic job, in one table. An engine's clock reads it and calls the job at its rhythm."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """``run`` names a function ``(*, owner, now)``. Jobs of one ``lane`` wait for each other, lanes do
    not."""

    name: str
    every_s: float
    run: str
    lane: str = "housekeeping"


TIMETABLE = (
    Job("send due checks", 0.5, "pipeline.jobs:send_due_checks", lane="schedule"),
    Job("find late heartbeats", 1, "pipeline.jobs:find_late_heartbeats", lane="heartbeats"),
    Job("send alerts", 0.5, "pipeline.jobs:send_alerts", lane="alerts"),
    Job("roll up results", 10, "pipeline.jobs:roll_up", lane="rollups"),
    Job("purge old figures", 3_600, "pipeline.jobs:purge", lane="purge"),
    Job("evaluate SLOs", 60, "pipeline.jobs:evaluate_slos", lane="slos"),
    Job("freeze reports", 600, "pipeline.jobs:freeze_reports", lane="reports"),
    Job("publish pages", 1, "pipeline.jobs:publish_pages", lane="pages"),
    Job("send notices", 1, "pipeline.jobs:send_notices", lane="notices"),
    Job("verify domains", 600, "pipeline.jobs:verify_domains", lane="domains"),
    Job("forget subscribers", 3_600, "pipeline.jobs:forget_subscribers"),
    Job("prune pings", 600, "pipeline.jobs:prune_pings"),
    Job("flush expired tokens", 86_400, "pipeline.jobs:flush_tokens"),
)
