"""Render the Liquid templates of alerts. Teams write templates too; Liquid runs no code, and its loops and
output are limited (https://shopify.github.io/liquid/)."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import nh3
from liquid import BoundTemplate, Environment, StrictUndefined, Undefined
from liquid.exceptions import LiquidError

from alerts.acknowledge_links import incident_link
from alerts.messages.budget import (
    MAX_TEAM_STEPS,
    BoundedEnvironment,
    TemplateSteps,
    cost_of_reading,
    fill_in,
    read_template,
)
from alerts.messages.facts import gather_facts
from alerts.messages.markdown import use_markdown
from alerts.models import Delivery, Event, MessageTemplate, OwnEvent
from core.isolation import is_away, leave_out
from delivery.markup import escape_markdown
from delivery.message import Content, Tone

logger = logging.getLogger(__name__)

PARTS = ("subject", "text", "markdown", "html")
MAX_BYTES = {"subject": 4_000, "text": 40_000, "markdown": 40_000, "html": 80_000}
"""The largest result of a team's template, in bytes of UTF-8. A message holds all parts, and queues take 256
KB."""
MAX_TAGS = 3_000
_DEFAULTS = Path(__file__).parent / "defaults"
_STYLES = {
    "color",
    "background",
    "background-color",
    "padding",
    "margin",
    "border",
    "border-radius",
    "border-top",
}
_STYLES |= {
    "font-size",
    "font-weight",
    "font-family",
    "line-height",
    "text-align",
    "text-decoration",
    "width",
}
_STYLES |= {"max-width", "display", "vertical-align", "white-space"}


class TemplateFault(Exception):
    """A template cannot be used. The text is a sentence for its author."""


@lru_cache(maxsize=8)
def _environment(part: str, *, strict: bool) -> Environment:
    """Liquid that escapes values for the format of the part (HTML, Markdown). ``strict``: unknown names
    raise."""
    environment = BoundedEnvironment(
        autoescape=part == "html", undefined=StrictUndefined if strict else Undefined
    )
    if part == "markdown":
        use_markdown(environment)
    return environment


@lru_cache(maxsize=256)
def _parse(part: str, source: str, *, strict: bool) -> BoundTemplate:
    """Cached: parsing a template takes longer than filling it in, and a batch uses the same few templates."""
    return read_template(_environment(part, strict=strict), source)


@lru_cache(maxsize=4)
def read_default(part: str) -> str:
    return (_DEFAULTS / f"{part}.liquid").read_text()


def render_part(
    part: str,
    source: str,
    facts: Mapping[str, Any],
    *,
    strict: bool = False,
    steps: TemplateSteps | None = None,
) -> str:
    """The rendered text of one part. Raises ``TemplateFault``; with ``strict`` also for unknown names."""
    steps = steps or TemplateSteps()
    try:
        steps.take(cost_of_reading(source))
        rendered = fill_in(_parse(part, source, strict=strict), facts, steps).strip()
    except LiquidError as fault:
        raise TemplateFault(f"{part}: {_say_fault(fault)}.") from None
    except Exception as fault:  # noqa: BLE001  # any error of the library is the template's fault
        raise TemplateFault(f"{part}: {_say_exception(fault)}.") from None
    if part == "subject":
        rendered = " ".join(rendered.split())
        if not rendered:
            raise TemplateFault("subject: It comes out empty.")
    if part == "text" and not rendered:
        raise TemplateFault("text: It comes out empty.")
    return rendered


def _say_exception(fault: Exception) -> str:
    if isinstance(fault, (ValueError, TypeError, ArithmeticError)) and str(fault):
        return str(fault)
    return f"it ends with {type(fault).__name__}"


def _say_fault(fault: LiquidError) -> str:
    """The first line of the library's message, and the line number of the template. The message's second line
    begins with an arrow and ends with line:column."""
    what, *rest = str(fault).splitlines()
    where = rest[0].rpartition(" ")[2].partition(":")[0] if rest else ""
    return f"{what} in line {where}" if where.isdigit() else what


def _keep_plain_styles(tag: str, attribute: str, value: str) -> str | None:
    """Drop a ``style`` with a bracket, an escape or an at-sign: it could fetch something, as ``url(…)``
    does."""
    return None if attribute == "style" and set(value) & {"(", "\\", "@"} else value


def clean_html(html: str) -> str:
    """A team's HTML without anything that runs, fetches, or reaches outside of the e-mail.

    Raises ``TemplateFault`` for more than ``MAX_TAGS`` tags: the time to parse nested tags grows with the
    square of their number.
    """
    if html.count("<") > MAX_TAGS:
        raise TemplateFault(f"html: It has more than {MAX_TAGS:,} tags.")
    return nh3.clean(
        html,
        tags=nh3.ALLOWED_TAGS - {"img", "map", "area"},
        attributes={"*": {"style"}, "a": {"href"}, "td": {"align", "width"}, "table": {"width", "role"}},
        filter_style_properties=_STYLES,
        attribute_filter=_keep_plain_styles,
        url_schemes={"http", "https", "mailto"},
    )


def render_parts(
    facts: Mapping[str, Any],
    own: Mapping[str, str] | None = None,
    *,
    strict: bool = False,
    steps: TemplateSteps | None = None,
) -> tuple[dict[str, str], list[str]]:
    """The rendered parts, and the faults of the team's templates ``own``.

    For a part with a fault the product's template is used, and a note in the message says so. ``steps``: the
    steps that the team has left.
    """
    own = {part: source for part, source in (own or {}).items() if source}
    parts, faults = dict[str, str](), list[str]()
    for part in PARTS:
        if part in own:
            try:
                parts[part] = _render_own(
                    part, own[part], facts, strict=strict, steps=TemplateSteps(of=steps)
                )
            except TemplateFault as fault:
                faults.append(str(fault))
    note = f"Your own template could not be used, so this is ours. {' '.join(faults)}" if faults else ""
    said = {**facts, "note": f"{facts.get('note', '')} {note}".strip()}
    for part in PARTS:
        if part not in parts:
            parts[part] = _from_own_text(part, parts, own) or render_part(part, read_default(part), said)
    return parts, faults


def _render_own(
    part: str, source: str, facts: Mapping[str, Any], *, strict: bool, steps: TemplateSteps
) -> str:
    rendered = render_part(part, source, facts, strict=strict, steps=steps)
    if len(rendered.encode(errors="replace")) > MAX_BYTES[part]:
        raise TemplateFault(f"{part}: It comes out larger than {MAX_BYTES[part]:,} bytes.")
    return clean_html(rendered) if part == "html" else rendered


def _from_own_text(part: str, parts: Mapping[str, str], own: Mapping[str, str]) -> str:
    """Markdown or HTML made of the team's own text, when the team wrote a text and no template for this part;
    else empty."""
    if "text" not in own or "text" not in parts or part not in {"markdown", "html"} or part in own:
        return ""
    if part == "markdown":
        return "\n\n".join(escape_markdown(paragraph) for paragraph in parts["text"].split("\n\n"))
    html = "".join(f"<p>{escape(p).replace(chr(10), '<br>')}</p>" for p in parts["text"].split("\n\n"))
    return html if len(html.encode(errors="replace")) <= MAX_BYTES["html"] else ""


class Renderer:
    """Renders the deliveries of one batch. It reads the digests' troubles and the teams' templates once."""

    def __init__(self, rows: Sequence[Delivery] | Any) -> None:
        digests = [_told_in(row) for row in rows if row.event in _TOGETHER]
        self._merged: dict[int, list[Delivery]] = defaultdict(list)
        if digests:
            merged = Delivery.objects.filter(digest_id__in=digests).select_related(
                "trouble__monitor", "trouble__incident"
            )
            for row in merged.order_by("pk"):
                self._merged[row.digest_id or 0].append(row)
        templates = MessageTemplate.objects.filter(team_id__in={row.team_id for row in rows})
        self._steps: dict[int, TemplateSteps] = {}
        self._own = {(template.team_id, template.event): template for template in templates}

    def render(self, row: Delivery) -> Content:
        """The message of ``row``. When rendering fails, a short message with the trouble's title: an alert
        must go out."""
        try:
            return self._render(row)
        except Exception as fault:
            if is_away(fault):
                raise
            leave_out("render alerts", ("delivery", row.pk), fault)
            return _say_plainly(row)

    def _render(self, row: Delivery) -> Content:
        merged = self._merged.get(_told_in(row), [])
        facts = gather_facts(row, merged)
        own = self._own.get((row.team_id, row.event))
        sources = {part: getattr(own, part) for part in PARTS} if own else None
        steps = self._steps.setdefault(row.team_id, TemplateSteps(MAX_TEAM_STEPS))
        parts, faults = render_parts(facts, sources, steps=steps)
        if faults:
            logger.warning("alerts template team=%d event=%s: %s", row.team_id, row.event, "; ".join(faults))
        return Content(
            subject=parts["subject"][:300],
            text=parts["text"],
            markdown=parts["markdown"],
            html=parts["html"],
            link=facts["link"],
            tone=Tone(facts["tone"]),
            data=make_data(row, facts),
        )


_TOGETHER = {OwnEvent.DIGEST, Event.MONITORING_STOPPED, Event.MONITORING_RESUMED}
"""Events that tell many troubles in one message."""


def _told_in(row: Delivery) -> int:
    """The id of the digest whose troubles ``row`` tells: ``row`` itself, or the digest that ``row`` replaces
    because it could not be delivered."""
    return row.instead_of_id or row.pk


def _say_plainly(row: Delivery) -> Content:
    """A message made of plain columns only, so that nothing can fail."""
    title = row.trouble.title if row.trouble else f"Alert for “{row.channel_name}”"
    said = "What happened could not be put into words; SentryPulse's log says why. Look there, please."
    none = dict.fromkeys(("trouble", "monitor", "incident", "cause", "digest"))
    data = {"event": row.event, "team": {"id": row.team_id, "name": ""}, **none}
    return Content(
        subject=title,
        text=f"{title}\n\n{said}",
        link=incident_link(None),
        tone=Tone.BAD,
        data={**data, "items": [], "more": 0, "acknowledge_link": ""},
    )


def _name_digest(row: Delivery) -> dict[str, Any] | None:
    """The id of the digest that ``row`` is, or ends; None for other events. A pager keeps one alert for each
    digest."""
    if row.event in {OwnEvent.DIGEST, Event.MONITORING_STOPPED}:
        return {"id": row.pk}
    return {"id": row.instead_of_id} if row.event == OwnEvent.DIGEST_OVER else None


def make_data(row: Delivery, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The data that a webhook gets beside the text. Its shape is public: see docs/alerting.md."""
    trouble = row.trouble
    return {
        "event": row.event,
        "team": {"id": row.team_id, "name": row.team.name},
        "trouble": {"id": trouble.pk, "kind": trouble.kind, "opened_by": trouble.event} if trouble else None,
        "monitor": facts["monitor"],
        "incident": facts["incident"],
        "cause": trouble.cause if trouble else None,
        "digest": _name_digest(row),
        "items": facts["items"],
        "monitors": facts["monitors"],
        "more": facts["more"],
        "acknowledge_link": facts["acknowledge_link"],
    }
