"""The forms of monitors: the settings that every kind has, with its own bounds and defaults, and its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.conf import settings

from monitors.validation import (
    DEFAULT_TIMEOUT_S,
    MAX_INTERVAL_S,
    MAX_NAME_CHARS,
    MAX_RECHECK_S,
    MAX_RESULTS,
    MAX_TAG_CHARS,
    MAX_TIMEOUT_S,
    MAX_URL_CHARS,
    default_fail_after,
)
from probes.forms import FieldType, FormField, Section, describe_config
from probes.kind import CheckKind
from probes.registry import HEARTBEAT, KINDS, load_kind


@dataclass(frozen=True, kw_only=True)
class KindForm:
    """``settings`` are fields of the monitor itself, ``fields`` those of its ``config``."""

    kind: str
    label: str
    help: str
    name_hint: str
    testable: bool
    settings: list[FormField]
    fields: list[FormField]


def describe_kinds() -> list[KindForm]:
    """Every kind's form, in the order to show."""
    return [_describe_kind(name, load_kind(name)) for name in KINDS]


def _describe_kind(name: str, kind: CheckKind) -> KindForm:
    return KindForm(
        kind=name,
        label=kind.label,
        help=kind.help,
        name_hint=kind.name_hint if kind.target else "",
        testable=kind.start is not None,
        settings=[*_describe_target(kind), *_describe_schedule(name, kind), *_describe_rest()],
        fields=describe_config(kind),
    )


def _describe_target(kind: CheckKind) -> Iterator[FormField]:
    field = partial(FormField, section=Section.TARGET, type=FieldType.TEXT)
    if kind.target:
        yield field(
            name="url",
            label=kind.target.label,
            help=kind.target.help,
            example=kind.target.example,
            required=True,
            max_chars=MAX_URL_CHARS,
        )
    yield field(name="name", label="Name", required=True, max_chars=MAX_NAME_CHARS, example="Shop")
    yield field(
        name="tags",
        label="Tags",
        help="Rules, maintenance and SLOs can be of a tag.",
        type=FieldType.TAGS,
        default=[],
        max_chars=MAX_TAG_CHARS,
        example=["shop", "eu"],
    )


def _number(name: str, label: str, text: str, default: int, low: int, high: int, **more: Any) -> FormField:
    return FormField(
        name=name,
        label=label,
        help=text,
        type=FieldType.NUMBER,
        section=Section.SCHEDULE,
        must_be=f"a whole number from {low} to {high}",
        default=default,
        min=low,
        max=high,
        **more,
    )


def _describe_schedule(name: str, kind: CheckKind) -> Iterator[FormField]:
    if name == HEARTBEAT:
        yield from _describe_confirmation(name)
        return
    yield from _describe_interval(kind)
    yield from _describe_confirmation(name)
    yield _number(
        "recheck_s",
        "Look again after",
        "How soon a failure is confirmed.",
        10,
        1,
        MAX_RECHECK_S,
        unit="s",
        advanced=True,
    )
    yield FormField(
        name="regions",
        label="Regions",
        help="Where it is checked from; none: from everywhere. Down when most of them agree.",
        type=FieldType.CHOICES,
        section=Section.SCHEDULE,
        default=[],
        choices=[{"value": region, "label": region} for region in settings.REGIONS],
    )


def _describe_interval(kind: CheckKind) -> Iterator[FormField]:
    shortest = max(settings.MIN_INTERVAL_S, kind.min_interval_s)
    yield _number(
        "interval_s",
        "Check every",
        kind.min_interval_why and f"{kind.min_interval_why}.",
        max(kind.default_interval_s, shortest),
        shortest,
        MAX_INTERVAL_S,
        unit="s",
    )
    yield _number(
        "timeout_s",
        "Give up after",
        "Not longer than the interval.",
        DEFAULT_TIMEOUT_S,
        1,
        MAX_TIMEOUT_S,
        unit="s",
    )


def _describe_confirmation(kind: str) -> Iterator[FormField]:
    yield _number(
        "fail_after",
        "Down after",
        "So many failures in a row.",
        default_fail_after(kind),
        1,
        MAX_RESULTS,
        unit="failures",
    )
    yield _number(
        "recover_after",
        "Up again after",
        "So many passes in a row.",
        1,
        1,
        MAX_RESULTS,
        unit="passes",
        advanced=True,
    )


def _describe_rest() -> Iterator[FormField]:
    yield FormField(
        name="depends_on",
        label="Depends on",
        help="While one of these is down, nobody is told that this one is.",
        type=FieldType.MONITORS,
        section=Section.SCHEDULE,
        default=[],
        advanced=True,
    )
    yield FormField(
        name="enabled",
        label="Enabled",
        help="Off: it is paused.",
        type=FieldType.SWITCH,
        section=Section.SCHEDULE,
        default=True,
        advanced=True,
    )
