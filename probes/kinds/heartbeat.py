"""Heartbeats: nothing is probed. A job calls us, and the core judges when it does not."""

from collections.abc import Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from core.time_zones import find_zone
from probes.config_fields import field
from probes.config_rules import collect_error
from probes.heartbeat_schedule import check_cron, spell_cron
from probes.kind import CheckKind

DAY_S = 86_400


class HeartbeatConfig(Struct, frozen=True, kw_only=True):
    """When a job must call: every ``period_s`` seconds, or by ``cron`` in ``timezone``. A call is late more
    than ``grace_s`` seconds after that.

    ``max_run_s`` bounds the time from a start to its end; null: ``grace_s`` does.
    """

    period_s: Annotated[
        Annotated[int, Meta(ge=10, le=366 * DAY_S)] | None,
        field(
            "Called every",
            "a whole number of seconds from 10 to 31622400, or null when cron is set",
            "A day, if there is no cron expression either.",
            section="schedule",
            unit="s",
            example=DAY_S,
        ),
    ] = None
    cron: Annotated[
        str,
        field(
            "Or by cron",
            "a cron expression such as */5 * * * *, or a word such as @daily",
            "When the job runs, instead of a number of seconds.",
            limits={"max_length": 200},
            section="schedule",
            example="*/5 * * * *",
        ),
    ] = ""
    timezone: Annotated[
        str,
        field(
            "Time zone",
            "a zone such as Europe/Berlin",
            "In which the cron expression is read.",
            limits={"max_length": 64},
            section="schedule",
            example="Europe/Berlin",
            when=("cron", None),
        ),
    ] = "UTC"
    grace_s: Annotated[
        int,
        field(
            "Grace",
            "a whole number of seconds from 0 to 2678400",
            "How late a call may be.",
            limits={"ge": 0, "le": 31 * DAY_S},
            section="schedule",
            unit="s",
        ),
    ] = 3_600
    max_run_s: Annotated[
        Annotated[int, Meta(ge=1, le=31 * DAY_S)] | None,
        field(
            "Longest run",
            "a whole number of seconds from 1 to 2678400, or null",
            "From a call of /start to the one at the end; empty: the grace.",
            section="schedule",
            unit="s",
            advanced=True,
        ),
    ] = None


def tidy(config: Mapping[str, Any]) -> dict[str, Any]:
    spelled = dict(config)
    if isinstance(cron := spelled.get("cron"), str):
        spelled["cron"] = spell_cron(cron)
    if not spelled.get("cron") and spelled.get("period_s") is None:
        spelled["period_s"] = DAY_S
    return spelled


def validate(config: dict[str, Any], errors: dict[str, str]) -> None:
    if config["cron"] and config["period_s"] is not None:
        errors.setdefault("period_s", "Set either period_s or cron, not both.")
    if config["cron"]:
        collect_error(errors, "cron", lambda: check_cron(config["cron"]))
    collect_error(errors, "timezone", lambda: find_zone(config["timezone"]))


def check_target(target: str) -> str:
    if target:
        raise ValueError("A heartbeat watches no address; leave this empty.")
    return ""


KIND = CheckKind(
    label="Heartbeat",
    help="Waits to be called by a job, and tells when no call comes.",
    target=None,
    config=HeartbeatConfig,
    check_target=check_target,
    start=None,
    tidy=tidy,
    validate=validate,
)
