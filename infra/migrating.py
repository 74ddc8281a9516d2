"""The schema, migrated by a function of its own: started once, followed by its log until it has ended.

Nobody waits for an answer on an open connection: firewalls drop one that is idle for some minutes, and
clients then ask again, which would start the same migration beside itself. Two at once are refused all the
same, by a lock in the database (``manage.py migrate``).
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from infra.clients import Clients
from infra.stages import ZappaStage

Report = Callable[[str], None]

BUDGET_S = 600
"""After so long it stops between two migrations and is started anew: Lambda would end it after 900 s."""
STOPPED, DONE = "Stopped for time", "Nothing is left to migrate"
"""How a line begins that ``manage.py migrate --budget-s`` ends with."""
WAIT_S = 900.0 + 120.0
START_WITHIN_S = 120.0
LATE_MS = 60_000
"""By how much clocks may differ, and logs be late."""
_LAMBDAS_OWN = ("START ", "END ", "REPORT ", "INIT_START ", "INIT_REPORT ")


class MigrationFailed(Exception):
    """The schema is not as the code wants it; the text tells the last that was said, and what to do."""


def migrate(
    clients: Clients,
    stage: str,
    *,
    report: Report,
    poll_s: float = 3.0,
    wait_s: float = WAIT_S,
    start_within_s: float = START_WITHIN_S,
) -> None:
    """Migrate, and report each line that the function writes. Raises ``MigrationFailed``."""
    function = ZappaStage(stage, "migrate").function
    while True:
        run = start_run(clients, function)
        follow_run(clients, run, report=report, poll_s=poll_s, wait_s=wait_s, start_within_s=start_within_s)
        if run.said(DONE):
            return
        if not run.said(STOPPED):
            raise MigrationFailed(_explain(run, stage))
        report("  there is more; going on")


@dataclass
class Run:
    """One call of the function: what it has written so far."""

    function: str
    request_id: str
    began_ms: int
    lines: list[str] = field(default_factory=list)
    stream: str = ""
    token: str = ""
    started: bool = False
    ended: bool = False

    @property
    def group(self) -> str:
        return f"/aws/lambda/{self.function}"

    def said(self, words: str) -> bool:
        return any(line.startswith(words) for line in self.lines)


def start_run(clients: Clients, function: str) -> Run:
    """Have Lambda call it once: it tries no call again (``event_retries``), and neither do we."""
    began_ms = round(time.time() * 1000) - LATE_MS
    answer = clients.functions_once.invoke(
        FunctionName=function,
        InvocationType="Event",
        Payload=json.dumps({"manage": f"migrate --noinput --budget-s {BUDGET_S}"}),
    )
    return Run(function, answer["ResponseMetadata"]["RequestId"], began_ms)


def follow_run(
    clients: Clients, run: Run, *, report: Report, poll_s: float, wait_s: float, start_within_s: float
) -> None:
    """Until the function has ended, reporting what it writes. Raises ``MigrationFailed`` when nothing is
    heard of it."""
    began = time.monotonic()
    while not run.ended:
        for line in read_log_lines(clients, run):
            report(f"    {line}")
        waited_s = time.monotonic() - began
        if not run.started and waited_s > start_within_s:
            raise MigrationFailed(
                f"Lambda has not started {run.function} within {start_within_s:.0f} s: are all functions that"
                f" the account may run at once busy? Nothing was migrated. {_look(run)}"
            )
        if waited_s > wait_s:
            raise MigrationFailed(f"{run.function} has told no end for {wait_s:.0f} s. {_look(run)}")
        if not run.ended:
            time.sleep(poll_s)


def read_log_lines(clients: Clients, run: Run) -> Iterator[str]:
    """What has been written since, of this call alone: a sandbox writes all its calls into one stream."""
    run.stream = run.stream or _find_stream(clients, run)
    while run.stream and not run.ended:
        more = {"nextToken": run.token} if run.token else {}
        page = clients.logs.get_log_events(
            logGroupName=run.group,
            logStreamName=run.stream,
            startTime=run.began_ms,
            startFromHead=True,
            **more,
        )
        for event in page["events"]:
            yield from _read_line(run, event["message"].rstrip())
        if page["nextForwardToken"] == run.token:  # the end, for now
            return
        run.token = page["nextForwardToken"]


def _find_stream(clients: Clients, run: Run) -> str:
    pages = clients.logs.get_paginator("filter_log_events").paginate(
        logGroupName=run.group, startTime=run.began_ms, filterPattern=f'"START RequestId: {run.request_id}"'
    )
    return next((event["logStreamName"] for page in pages for event in page["events"]), "")


def _read_line(run: Run, line: str) -> Iterator[str]:
    if line.startswith(f"START RequestId: {run.request_id}"):
        run.started = True
    elif run.started and line.startswith(f"REPORT RequestId: {run.request_id}"):
        run.ended = True
    elif run.started and not run.ended and line and not line.startswith(_LAMBDAS_OWN):
        run.lines.append(line)
        yield line


def _explain(run: Run, stage: str) -> str:
    last = " ".join(run.lines[-3:]) or "nothing"
    if any("Task timed out" in line for line in run.lines):
        return (
            f"Lambda ended the migration after its 15 minutes. The last that it said: {last}. MySQL finishes"
            " or rolls back the statement that ran; what was done is recorded. Look whether it still runs,"
            ' and what to do about a longer one: docs/deploy.md, "Migrations"'
        )
    return (
        f"The migration failed. The last that it said: {last}. What was done is recorded: once the cause is"
        f" mended, manage.py aws migrate --stage {stage} goes on. {_look(run)}"
    )


def _look(run: Run) -> str:
    return f"Its log: aws logs tail {run.group} --since 1h"
