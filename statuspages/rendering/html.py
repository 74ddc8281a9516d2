"""A board as a page, and as the small panel that other sites embed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from statuspages.models import Visibility
from statuspages.notices import page_url
from statuspages.rendering.board import Board, Line, Story, Work
from statuspages.rendering.charts import CLASSES, draw_bars, draw_pace
from statuspages.rendering.files import File
from statuspages.rendering.palette import DARK, LIGHT, STATES
from statuspages.rendering.sources import form_target, make_policy, make_style, read_script
from statuspages.rendering.telling import (
    tell_day,
    tell_length,
    tell_moment,
    tell_month,
    tell_pace,
    tell_ratio,
    tell_span,
)
from statuspages.words import tell_headline, tell_state, tell_status

HTML = "text/html; charset=utf-8"
TITLES_AT_MOST = 160
"""Days with a text of their own on a page; each costs some 70 bytes."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A line in words and pictures."""

    line: Line
    state: str
    bars: SafeString
    pace: SafeString
    pace_text: str
    uptime: str


def render_html(board: Board) -> File:
    """index.html"""
    style, script = make_style(board.page, state=board.state), read_script()
    policy = make_policy(style=style, script=script, form_action=_form_origin(board))
    context = {
        **_shared(board, style=style, policy=policy),
        "script": mark_safe(script),  # noqa: S308  # our own file
        "groups": [(group.name, [_tell_line(line, board) for line in group.lines]) for group in board.groups],
        "stories": [_tell_story(story, board) for story in board.open],
        "works": [_tell_work(work, board) for work in board.works],
        "months": list(_months(board)),
        "form_target": None if board.page.visibility == Visibility.TEAM else form_target(board.page),
        "legend": [(CLASSES[state], tell_state(state)) for state in STATES],
        "states": sorted({line.state for line in board.lines}),
        "zone": board.page.timezone.replace("_", " "),
    }
    return File(HTML, render_to_string("statuspages/page.html", context).encode(), policy)


def render_embed(board: Board) -> File:
    """embed.html"""
    style, script = make_style(board.page, state=board.state), read_script()
    policy = make_policy(style=style, script=script)
    context = {
        **_shared(board, style=style, policy=policy),
        "script": mark_safe(script),  # noqa: S308  # our own file
        "stories": [_tell_story(story, board) for story in board.open[:3]],
    }
    body = render_to_string("statuspages/embed.html", context).encode()
    return File(HTML, body, policy, embeddable=True)


def _shared(board: Board, *, style: str, policy: str) -> dict[str, Any]:
    return {
        "board": board,
        "page": board.page,
        "style": mark_safe(style),  # noqa: S308  # ours, and the page's own went through `stylesheets`
        "policy": policy,
        "headline": tell_headline(board.state),
        "icon": _favicon(board),
        "url": page_url(board.page),
        "listed": board.page.visibility == Visibility.PUBLIC,
        "made_text": tell_moment(board.generated_at, board.zone),
    }


def _form_origin(board: Board) -> str:
    return settings.PUBLIC_URL if board.page.is_open else "'self'"


def _favicon(board: Board) -> str:
    """A dot in the colour of the page's state, so that a tab tells it."""
    colour = (DARK if board.page.theme == "dark" else LIGHT)[f"bar-{board.state}"]
    circle = f'<circle cx="8" cy="8" r="7" fill="{colour}"/>'
    dot = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">{circle}</svg>'
    return f"data:image/svg+xml,{quote(dot)}"


def _tell_line(line: Line, board: Board) -> _Row:
    notable = sum(day.grade not in ("operational", "unknown") for each in board.lines for day in each.days)
    titles = len(line.days) if notable <= TITLES_AT_MOST else TITLES_AT_MOST // len(board.lines)
    shown = board.page.show_response_times and line.pace_ms is not None
    return _Row(
        line=line,
        state=tell_state(line.state),
        bars=draw_bars(line, titles=titles),
        pace=draw_pace(line) if shown else SafeString(),
        pace_text=tell_pace(line.pace_ms) if shown and line.pace_ms is not None else "",
        uptime=tell_ratio(line.uptime_shown),
    )


def _tell_story(story: Story, board: Board) -> dict[str, Any]:
    end = story.resolved_at
    return {
        "story": story,
        "severity": story.severity if story.status != "resolved" else "over",
        "started": tell_moment(story.started_at, board.zone),
        "day": tell_day(story.started_at.astimezone(board.zone).date()),
        "length": tell_length((end - story.started_at).total_seconds()) if end else "",
        "names": ", ".join(story.names),
        "entries": [
            {
                "entry": entry,
                "status": tell_status(entry.status),
                "at": tell_moment(entry.at, board.zone),
                "html": mark_safe(entry.html),  # noqa: S308  # `prose` has cleaned it
            }
            for entry in story.entries
        ],
    }


def _tell_work(work: Work, board: Board) -> dict[str, Any]:
    return {
        "work": work,
        "span": tell_span(work.starts_at, work.ends_at, board.zone),
        "names": ", ".join(work.names),
    }


def _months(board: Board) -> Sequence[tuple[str, list[dict[str, Any]]]]:
    def month_of(story: Story) -> date:
        return story.started_at.astimezone(board.zone).date().replace(day=1)

    return [
        (tell_month(month), [_tell_story(story, board) for story in stories])
        for month, stories in groupby(board.past, key=month_of)
    ]
