"""Bars and curves as inline SVG. They must be small: a page with 20 components shows 1,800 days."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from statuspages.rendering.formats import tell_day, tell_length, tell_ratio, tell_response
from statuspages.rendering.snapshot import DayBar, ShownComponent

STEP, BAR, HEIGHT = 4, 3, 30
CHART_WIDTH, CHART_HEIGHT = 240, 48
SPOKEN_DAYS = 5
CLASSES = {
    "operational": "o",
    "degraded": "d",
    "partial": "p",
    "outage": "x",
    "maintenance": "m",
    "unknown": "u",
}


def draw_bars(component: ShownComponent, *, titles: int) -> SafeString:
    """The bars of a component's days. Neighbouring days of one colour are one dashed stroke.

    The newest ``titles`` days with trouble get a text of their own. The picture has a text for screen
    readers.
    """
    strokes = format_html_join("", '<path class="{}" d="{}"/>', _spell_runs(component.days))
    notable = [
        (number, day)
        for number, day in enumerate(component.days)
        if day.grade not in ("operational", "unknown")
    ]
    marks = format_html_join(
        "",
        '<path d="M{} 0h4v30h-4z"><title>{}</title></path>',
        ((number * STEP, tell_bar(day)) for number, day in notable[-titles:] if titles),
    )
    return format_html(
        '<svg class="bars" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        "{}<g>{}</g></svg>",
        len(component.days) * STEP - 1,
        HEIGHT,
        speak_bars(component),
        strokes,
        marks,
    )


def _spell_runs(days: Sequence[DayBar]) -> Iterator[tuple[str, str]]:
    """The (class, path) of each colour. The dashes begin again with each run of days."""
    paths: dict[str, str] = {}
    start = 0
    for grade, some in groupby(days, key=lambda day: day.grade):
        length = len(list(some))
        run = f"M{start * STEP} 15h{length * STEP - (STEP - BAR)}"
        paths[CLASSES[grade]] = paths.get(CLASSES[grade], "") + run
        start += length
    yield from paths.items()


def tell_bar(day: DayBar) -> str:
    """One day in words."""
    parts = [tell_ratio(day.uptime)]
    if day.down_s:
        parts.append(_("%(length)s down") % {"length": tell_length(day.down_s)})
    if day.maintenance_s:
        parts.append(_("%(length)s of maintenance") % {"length": tell_length(day.maintenance_s)})
    return f"{tell_day(day.on)}: {', '.join(parts)}"


def speak_bars(component: ShownComponent) -> str:
    """All bars in words: the uptime, and the newest days with trouble (``SPOKEN_DAYS`` at most)."""
    text = _("Uptime over %(days)s days: %(uptime)s.") % {
        "days": len(component.days),
        "uptime": tell_ratio(component.uptime_shown),
    }
    bad = [day for day in reversed(component.days) if day.down_s]
    if not bad:
        return text
    told = "; ".join(tell_bar(day) for day in bad[:SPOKEN_DAYS])
    count = ngettext("One day with trouble", "%(count)s days with trouble", len(bad)) % {"count": len(bad)}
    return f"{text} {count}: {told}{' …' if len(bad) > SPOKEN_DAYS else ''}"


def draw_responses(component: ShownComponent) -> SafeString:
    """The curve of the mean response by hour, from 0 to the highest hour, with gaps where nothing was
    measured. Empty when fewer than two hours are known."""
    known = [ms for ms in component.hourly_ms if ms is not None]
    if len(known) < 2:
        return SafeString()
    top = max(max(known), 1)
    width = CHART_WIDTH / (len(component.hourly_ms) - 1)
    points = [
        None if ms is None else (round(number * width), round((1 - ms / top) * (CHART_HEIGHT - 4)) + 2)
        for number, ms in enumerate(component.hourly_ms)
    ]
    return format_html(
        '<svg class="pace" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="f" d="{}"/><path class="l" d="{}"/></svg>',
        CHART_WIDTH,
        CHART_HEIGHT,
        _("Response time in the last 24 hours: %(low)s to %(high)s by the hour.")
        % {"low": tell_response(min(known)), "high": tell_response(max(known))},
        _fill(points),
        _stroke(points),
    )


def _runs(points: Sequence[tuple[int, int] | None]) -> Iterator[list[tuple[int, int]]]:
    run: list[tuple[int, int]] = []
    for point in [*points, None]:
        if point:
            run.append(point)
        elif run:
            yield run
            run = []


def _stroke(points: Sequence[tuple[int, int] | None]) -> str:
    return "".join(
        "M" + "L".join(f"{x} {y}" for x, y in run) + ("h1" if len(run) == 1 else "") for run in _runs(points)
    )


def _fill(points: Sequence[tuple[int, int] | None]) -> str:
    return "".join(
        f"M{run[0][0]} {CHART_HEIGHT}L" + "L".join(f"{x} {y}" for x, y in run) + f"V{CHART_HEIGHT}z"
        for run in _runs(points)
    )
