"""Healthchecks: the answer of its Management API to `GET /api/v1/checks/` (v1 to v3).

``{"checks": [...]}`` as https://healthchecks.io/docs/api/ has it, and ``Check.to_dict`` of
github.com/healthchecks/healthchecks (hc/api/models.py): ``timeout`` and ``grace`` in seconds, or ``schedule``
and ``tz``. Several answers in a list are read, too.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from core.time_zones import find_zone
from monitors.importing.document import Document
from monitors.importing.draft import Draft
from monitors.importing.entries import Entry, Skipped
from monitors.importing.loose import list_answers, list_pages, read_number, read_object, read_text
from monitors.importing.source import Source
from probes.heartbeat_schedule import check_cron

TOOL = "Healthchecks"
_LEFT_OUT = {
    "desc": "description is left out: SentryPulse has no such field.",
    "channels": "integrations are left out: alert rules say who is told.",
    "methods": "rule that only POST counts is left out: GET, HEAD and POST count here.",
    "manual_resume": "manual resume is left out: a paused monitor is resumed by people anyway.",
    "start_kw": "keywords are left out: a ping says by its address what it means.",
    "success_kw": "keywords are left out: a ping says by its address what it means.",
    "failure_kw": "keywords are left out: a ping says by its address what it means.",
    "subject": "keywords are left out: a ping says by its address what it means.",
    "subject_fail": "keywords are left out: a ping says by its address what it means.",
    "filter_body": "filters of pings are left out: a ping says by its address what it means.",
    "filter_subject": "filters of pings are left out: a ping says by its address what it means.",
    "filter_http_body": "filters of pings are left out: a ping says by its address what it means.",
    "filter_default_fail": "filters of pings are left out: a ping says by its address what it means.",
}


def recognise(document: Document) -> bool:
    if not document.looks_like_json:
        return False
    answers = list_answers(document.json)
    return bool(answers) and all(isinstance(answer.get("checks"), list) for answer in answers)


def read(document: Document) -> Iterator[Entry | Skipped]:
    for number, raw in enumerate(list_pages(document.json, "checks"), start=1):
        check = read_object(raw)
        name = read_text(check.get("name")) or read_text(check.get("slug")) or f"entry {number}"
        if not check:
            yield Skipped(name, "check", "It is no check.")
        elif why := _find_obstacle(check):
            yield Skipped(name, "check", why)
        else:
            yield _read_check(check, name).finish()


def _find_obstacle(check: Mapping[str, Any]) -> str:
    schedule = read_text(check.get("schedule"))
    if not schedule:
        return ""
    try:
        check_cron(schedule)
    except ValueError:
        return "Its schedule is no cron expression (OnCalendar, perhaps); SentryPulse reads cron."
    return ""


def _read_check(check: Mapping[str, Any], name: str) -> Draft:
    draft = Draft(TOOL, name, kind="heartbeat")
    grace_s = read_number(check.get("grace"))
    if schedule := read_text(check.get("schedule")):
        draft.set_config(cron=schedule, timezone=_read_zone(draft, read_text(check.get("tz"))))
        draft.set_schedule(None, grace_s)
    else:
        draft.set_schedule(read_number(check.get("timeout")) or 86_400, grace_s)
    draft.tags += read_text(check.get("tags")).split()
    draft.fields["enabled"] = read_text(check.get("status")) != "paused"
    draft.leave_out("Its ping address is a new one: let the job call it.")
    draft.leave_out_if(check, _LEFT_OUT)
    return draft


def _read_zone(draft: Draft, zone: str) -> str:
    try:
        return find_zone(zone or "UTC").key
    except ValueError:
        draft.leave_out("The time zone is left out: it is not known here. UTC was taken.")
        return "UTC"


SOURCE = Source(
    label=TOOL,
    file="a list of checks of Healthchecks' API",
    shape='"checks"',
    recognise=recognise,
    read=read,
)
