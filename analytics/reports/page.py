"""A report as a page: its figures spelled for people. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from analytics.models import SlaReport
from analytics.reports.charts import draw_downtime, draw_uptime
from analytics.reports.formats import spell_duration, spell_figures, spell_instant, spell_intervals
from analytics.reports.payload import Report, tell_report


def paint(report: Report, *, newest: SlaReport | None, now: datetime) -> dict[str, Any]:
    """The context of ``analytics/report.html``. ``newest`` is the newest version of the same month."""
    told = tell_report(report)
    intervals = [line["interval_s"] for line in told["monitors"]]
    frozen = report.frozen
    return {
        "told": told,
        "title": f"{report.month.first:%B %Y}",
        "interval": spell_intervals(intervals),
        "total": spell_figures(told),
        "frozen_at": frozen and spell_instant(frozen.frozen_at, report.month.zone),
        "computed_at": spell_instant(now, report.month.zone),
        "is_over": now >= report.month.end,
        "newer": newest if newest and frozen and newest.version > frozen.version else None,
        "uptime_chart": draw_uptime(told["days"], report.month.first),
        "downtime_chart": draw_downtime(told["days"], report.month.first),
        "days": [{"on": day["on"], **spell_figures(day)} for day in told["days"]],
        "monitors": [_spell_line(line) for line in told["monitors"]],
    }


def _spell_line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: line[name] for name in ("name", "kind", "tags", "latency_ms")},
        **spell_figures(line),
        "interval": spell_intervals([line["interval_s"]]),
        "mttr": "–" if line["mttr_s"] is None else spell_duration(line["mttr_s"]),
        "mtbf": "–" if line["mtbf_s"] is None else spell_duration(line["mtbf_s"]),
    }
