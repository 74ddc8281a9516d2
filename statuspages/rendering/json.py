"""The page as data: status.json."""

import json
from datetime import datetime
from typing import Any

from statuspages.notices import page_url
from statuspages.rendering.board import UPTIME_DAYS, Board, Line, Story, Work
from statuspages.rendering.files import File
from statuspages.words import tell_headline


def render_json(board: Board) -> File:
    """Times are UTC; uptime is a fraction, null where there is no data; ``state`` is a word of the API."""
    page = board.page
    data = {
        "page": {
            "title": page.title,
            "description": page.description,
            "url": page_url(page),
            "language": page.language,
            "timezone": page.timezone,
        },
        "generated_at": _spell(board.generated_at),
        "status": {"state": board.state, "text": tell_headline(board.state)},
        "uptime": {f"{days}d": board.mean_uptime(days) for days in UPTIME_DAYS},
        "components": [_tell_line(group.name, line) for group in board.groups for line in group.lines],
        "incidents": [_tell_story(story) for story in [*board.stories, *board.rest]],
        "maintenance": [_tell_work(work) for work in board.works],
    }
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    return File("application/json; charset=utf-8", body, embeddable=True)


def _tell_line(group: str, line: Line) -> dict[str, Any]:
    return {
        "id": line.pk,
        "group": group,
        "name": line.name,
        "description": line.description,
        "state": line.state,
        "uptime": {f"{days}d": line.uptime[days] for days in UPTIME_DAYS},
        "response_ms": line.pace_ms,
    }


def _tell_story(story: Story) -> dict[str, Any]:
    return {
        "id": story.pk,
        "title": story.title,
        "status": story.status,
        "severity": story.severity,
        "started_at": _spell(story.started_at),
        "resolved_at": story.resolved_at and _spell(story.resolved_at),
        "components": list(story.names),
        "posts": [
            {"id": e.pk, "at": _spell(e.at), "status": e.status, "text": e.text, "html": e.html}
            for e in story.entries
        ],
    }


def _tell_work(work: Work) -> dict[str, Any]:
    return {
        "title": work.title,
        "running": work.running,
        "starts_at": _spell(work.starts_at),
        "ends_at": _spell(work.ends_at),
        "components": list(work.names),
    }


def _spell(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
