"""Templates into what is said. Liquid, because teams write their own: it runs no code, and loops and
output are bounded (https://shopify.github.io/liquid/)."""

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
"""Of what a team's template makes: a message holds all parts, and queues take 256 KB at most."""
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
    """Why a template cannot be used; a sentence for its author."""


@lru_cache(maxsize=8)
def _environment(part: str, *, strict: bool) -> Environment:
    """Liquid, where what is put in is escaped for the part's format: as HTML, as Markdown."""
    environment = BoundedEnvironment(
        autoescape=part == "html", undefined=StrictUndefined if strict else Undefined
    )
    if part == "markdown":
        use_markdown(environment)
    return environment


@lru_cache(maxsize=256)
def _parse(part: str, source: str, *, strict: bool) -> BoundTemplate:
    """To read a template takes longer than to fill it in; most of a batch is said by the same few."""
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
    """Raises ``TemplateFault``. ``strict`` finds names that there are not, too."""
    steps = steps or TemplateSteps()
    try:
        steps.take(cost_of_reading(source))
        rendered = fill_in(_parse(part, source, strict=strict), facts, steps).strip()
    except LiquidError as fault:
        raise TemplateFault(f"{part}: {_say_fault(fault)}.") from None
    except Exception as fault:  # noqa: BLE001  # whatever a template makes the library raise is its own
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
    """Its first line, and where: the second begins with an arrow and ends with line:column."""
    what, *rest = str(fault).splitlines()
    where = rest[0].rpartition(" ")[2].partition(":")[0] if rest else ""
    return f"{what} in line {where}" if where.isdigit() else what


def _keep_plain_styles(tag: str, attribute: str, value: str) -> str | None:
    """A style calls nothing: with a bracket or an escape it could fetch (``url(…)``)."""
    return None if attribute == "style" and set(value) & {"(", "\\", "@"} else value


def clean_html(html: str) -> str:
    """A team's own HTML without anything that could run, fetch or leave the letter. Raises ``TemplateFault``
    where it has so many tags that reading them takes long: nested ones cost their number squared."""
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
    """Each part, and what was wrong with a team's ``own``: such a part is ours, and says so. ``steps`` are
    what the team may still spend."""
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
    """A team that wrote its own text means it everywhere."""
    if "text" not in own or "text" not in parts or part not in {"markdown", "html"} or part in own:
        return ""
    if part == "markdown":
        return "\n\n".join(escape_markdown(paragraph) for paragraph in parts["text"].split("\n\n"))
    html = "".join(f"<p>{escape(p).replace(chr(10), '<br>')}</p>" for p in parts["text"].split("\n\n"))
    return html if len(html.encode(errors="replace")) <= MAX_BYTES["html"] else ""


class Renderer:
    """Renders the rows of one batch; what they need beside themselves is read once."""

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
        """What the row says; in plain words where something in it keeps it from being said better."""
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
"""What tells many troubles in one message."""


def _told_in(row: Delivery) -> int:
    """The digest whose troubles ``row`` tells: itself, or the one that could not be told elsewhere."""
    return row.instead_of_id or row.pk


def _say_plainly(row: Delivery) -> Content:
    """The least that can be said, of columns that are text: an alert must get out."""
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
    """The digest that this is, or ends: what a pager keeps one alert of."""
    if row.event in {OwnEvent.DIGEST, Event.MONITORING_STOPPED}:
        return {"id": row.pk}
    return {"id": row.instead_of_id} if row.event == OwnEvent.DIGEST_OVER else None


def make_data(row: Delivery, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What a webhook gets beside the words; the shape is part of the contract (docs/alerting.md)."""
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
