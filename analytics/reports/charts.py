"""The geometry of a report's two charts, for SVG. Pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from analytics.calendar import month_days
from analytics.reports.formats import spell_duration, spell_figures

LEFT, SLOT, BAR = 44, 21.8, 16.8
"""Where a chart's first day begins, how wide a day is and its bar; the template draws a chart 720 wide."""
UPTIME_HEIGHT, DOWNTIME_HEIGHT, TEXT_HEIGHT = 120, 80, 52
FLOORS = (999_000, 990_000, 900_000, 500_000, 0)
"""Where the axis of uptime may begin, in millionths: at the highest that all days lie above."""
CEILINGS_S = (300, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200, 90_000)
"""Where the axis of one monitor's downtime may end; that of many monitors goes further."""


def draw_uptime(days: Sequence[Mapping[str, Any]], month: date) -> dict[str, Any]:
    """A bar a day of the month. What it is stands in its ``look``: its colour, its pattern and its text."""
    known = [round(day["uptime"] * 1_000_000) for day in days if day["uptime"] is not None]
    floor = next(floor for floor in FLOORS if floor <= min(known, default=1_000_000))
    by_date = {day["on"]: day for day in days}
    bars = [_uptime_bar(number, on, by_date.get(on), floor) for number, on in enumerate(month_days(month))]
    lines = [floor + (1_000_000 - floor) * part // 4 for part in (4, 2, 0)]
    return {
        "bars": bars,
        "grid": [
            {"y": _number(UPTIME_HEIGHT * part / 2), "label": f"{line / 10_000:g} %"}
            for part, line in enumerate(lines)
        ],
        "floor": f"{floor / 10_000:g} %",
    }


def _uptime_bar(number: int, on: date, day: Mapping[str, Any] | None, floor: int) -> dict[str, Any]:
    bar = _place(number, on)
    if day is None:
        return bar | {"look": "ahead", "title": f"{on.day} {on:%B}: still to come"}
    covered = {"covered": _covered(day["coverage"])}
    if day["uptime"] is None:
        drawn = _draw("none", number, UPTIME_HEIGHT, UPTIME_HEIGHT) | {"text_y": _number(UPTIME_HEIGHT - 5)}
        return bar | covered | drawn | {"title": f"{on.day} {on:%B}: no data", "text": "no data"}
    share = (round(day["uptime"] * 1_000_000) - floor) / (1_000_000 - floor)
    height = max(1.5, share * UPTIME_HEIGHT)
    look = "full" if day["uptime"] == 1 else "good" if day["uptime"] >= 0.999 else "bad"
    told = spell_figures(day)
    return {
        **bar,
        **covered,
        **_draw(look, number, height, UPTIME_HEIGHT),
        # Upright, within the bar; above one that is too short for it.
        "text_y": _number(UPTIME_HEIGHT - (5 if height >= TEXT_HEIGHT else height + 5)),
        "title": f"{on.day} {on:%B}: {told['uptime']} up, {told['coverage']} covered",
        "text": "" if day["uptime"] == 1 else told["uptime"].replace(" ", "\N{NO-BREAK SPACE}"),
    }


def _covered(coverage: float | None) -> dict[str, Any] | None:
    """The strip below a bar; its text in whole percent, rounded down."""
    if coverage is None:
        return None
    percent = int(round(coverage * 1_000_000) // 10_000)
    return {"width": _number(BAR * coverage), "text": "" if percent == 100 else f"{percent}"}


def draw_downtime(days: Sequence[Mapping[str, Any]], month: date) -> dict[str, Any]:
    most = max((day["downtime_s"] for day in days), default=0)
    top = next((ceiling for ceiling in CEILINGS_S if ceiling >= most), -(-most // 86_400) * 86_400)
    by_date = {day["on"]: day["downtime_s"] for day in days}
    bars = []
    for number, on in enumerate(month_days(month)):
        down_s = by_date.get(on, 0)
        height = max(1.5, down_s / top * DOWNTIME_HEIGHT) if down_s else 0
        minutes = down_s / 60
        bars.append(
            _place(number, on)
            | _draw("bad", number, height, DOWNTIME_HEIGHT)
            | {
                "text": (f"{minutes:.0f}" if minutes >= 10 else f"{minutes:.1f}") if down_s else "",
                "text_y": _number(DOWNTIME_HEIGHT - height - 4),
                "title": f"{on.day} {on:%B}: {spell_duration(down_s)} down",
            }
        )
    grid = [{"y": _number(DOWNTIME_HEIGHT * (2 - part) / 2), "s": top * part // 2} for part in (2, 1, 0)]
    return {
        "bars": bars,
        "grid": [{"y": line["y"], "label": f"{int(line['s']) / 60:g}"} for line in grid],
    }


def _x_of(number: int) -> float:
    return LEFT + number * SLOT + (SLOT - BAR) / 2


def _place(number: int, on: date) -> dict[str, Any]:
    x = _x_of(number)
    return {"x": _number(x), "middle": _number(x + BAR / 2), "on": on.day, "width": _number(BAR)}


def _draw(look: str, number: int, height: float, bottom: float) -> dict[str, Any]:
    """A bar that stands on ``bottom``, and the lines of its pattern."""
    x, y = _x_of(number), bottom - height
    rising = hatch(x, y, height, step=4.5) if look in {"good", "bad"} else ""
    falling = hatch(x, y, height, step=4.5, falling=True) if look in {"none", "bad"} else ""
    return {"look": look, "y": _number(y), "height": _number(height), "hatch": rising + falling}


def hatch(x: float, y: float, height: float, *, step: float, falling: bool = False) -> str:
    """Diagonal lines within a bar, as the path that they are: browsers print a ``<pattern>`` as a big
    picture."""
    parts = []
    for number in range(1, int((BAR + height) / step) + 1):
        across = number * step  # how far the line's lower end is along the two sides, left then bottom
        left, low = max(0.0, across - height), min(across, height)
        right, high = min(across, BAR), max(0.0, across - BAR)
        ends = (x + BAR - left, x + BAR - right) if falling else (x + left, x + right)
        parts.append(f"M{_number(ends[0])} {_number(y + low)}L{_number(ends[1])} {_number(y + high)}")
    return "".join(parts)


def _number(value: float) -> str:
    """For SVG: a text, so that no language of the page's writes it with a comma."""
    return f"{value:.1f}"
