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

from alerts.messages.facts import gather_facts
from alerts.models import Delivery, MessageTemplate, OwnEvent
from delivery.message import Content, Tone

logger = logging.getLogger(__name__)

PARTS = ("subject", "text", "markdown", "html")
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


class _Bounded(Environment):
    loop_iteration_limit = 2_000
    output_stream_limit = 200_000
    local_namespace_limit = 100_000
    context_depth_limit = 10
    block_nesting_limit = 20


class TemplateFault(Exception):
    """Why a template cannot be used; a sentence for its author."""


@lru_cache(maxsize=4)
def _environment(*, escapes: bool, strict: bool) -> Environment:
    return _Bounded(autoescape=escapes, undefined=StrictUndefined if strict else Undefined)


@lru_cache(maxsize=64)
def _parse(source: str, *, escapes: bool, strict: bool) -> BoundTemplate:
    """To read a template takes longer than to fill it in; most of a batch is said by the same few."""
    return _environment(escapes=escapes, strict=strict).from_string(source)


@lru_cache(maxsize=4)
def read_default(part: str) -> str:
    return (_DEFAULTS / f"{part}.liquid").read_text()


def render_part(part: str, source: str, facts: Mapping[str, Any], *, strict: bool = False) -> str:
    """Raises ``TemplateFault``. ``strict`` finds names that there are not, too."""
    try:
        template = _parse(source, escapes=part == "html", strict=strict)
        rendered = str(template.render(**facts)).strip()
    except LiquidError as fault:
        raise TemplateFault(f"{part}: {_say_fault(fault)}.") from None
    except (RecursionError, ValueError, TypeError, ArithmeticError) as fault:
        raise TemplateFault(f"{part}: {fault}.") from None
    if part == "subject":
        rendered = " ".join(rendered.split())
        if not rendered:
            raise TemplateFault("subject: It comes out empty.")
    if part == "text" and not rendered:
        raise TemplateFault("text: It comes out empty.")
    return rendered


def _say_fault(fault: LiquidError) -> str:
    """Its first line, and where: the second begins with an arrow and ends with line:column."""
    what, *rest = str(fault).splitlines()
    where = rest[0].rpartition(" ")[2].partition(":")[0] if rest else ""
    return f"{what} in line {where}" if where.isdigit() else what


def _keep_plain_styles(tag: str, attribute: str, value: str) -> str | None:
    """A style calls nothing: with a bracket or an escape it could fetch (``url(…)``)."""
    return None if attribute == "style" and set(value) & {"(", "\\", "@"} else value


def clean_html(html: str) -> str:
    """A team's own HTML without anything that could run, fetch or leave the letter."""
    return nh3.clean(
        html,
        tags=nh3.ALLOWED_TAGS - {"img", "map", "area"},
        attributes={"*": {"style"}, "a": {"href"}, "td": {"align", "width"}, "table": {"width", "role"}},
        filter_style_properties=_STYLES,
        attribute_filter=_keep_plain_styles,
        url_schemes={"http", "https", "mailto"},
    )


def render_parts(
    facts: Mapping[str, Any], own: Mapping[str, str] | None = None, *, strict: bool = False
) -> tuple[dict[str, str], list[str]]:
    """Each part, and what was wrong with a team's ``own``: such a part is ours, and says so."""
    own = {part: source for part, source in (own or {}).items() if source}
    parts, faults = dict[str, str](), list[str]()
    for part in PARTS:
        if part in own:
            try:
                parts[part] = render_part(part, own[part], facts, strict=strict)
            except TemplateFault as fault:
                faults.append(str(fault))
    note = f"Your own template could not be used, so this is ours. {' '.join(faults)}" if faults else ""
    said = {**facts, "note": f"{facts.get('note', '')} {note}".strip()}
    for part in PARTS:
        if part not in parts:
            parts[part] = _from_own_text(part, parts, own) or render_part(part, read_default(part), said)
        elif part == "html":
            parts[part] = clean_html(parts[part])
    return parts, faults


def _from_own_text(part: str, parts: Mapping[str, str], own: Mapping[str, str]) -> str:
    """A team that wrote its own text means it everywhere."""
    if "text" not in own or "text" not in parts or part not in {"markdown", "html"} or part in own:
        return ""
    if part == "markdown":
        return parts["text"]
    return "".join(f"<p>{escape(p).replace(chr(10), '<br>')}</p>" for p in parts["text"].split("\n\n"))


class Renderer:
    """Renders the rows of one batch; what they need beside themselves is read once."""

    def __init__(self, rows: Sequence[Delivery] | Any) -> None:
        digests = [row.pk for row in rows if row.event == OwnEvent.DIGEST]
        self._merged: dict[int, list[Delivery]] = defaultdict(list)
        if digests:
            merged = Delivery.objects.filter(digest_id__in=digests).select_related(
                "trouble__monitor", "trouble__incident"
            )
            for row in merged.order_by("pk"):
                self._merged[row.digest_id or 0].append(row)
        templates = MessageTemplate.objects.filter(team_id__in={row.team_id for row in rows})
        self._own = {(template.team_id, template.event): template for template in templates}

    def render(self, row: Delivery) -> Content:
        merged = self._merged.get(row.pk, [])
        facts = gather_facts(row, merged)
        own = self._own.get((row.team_id, row.event))
        parts, faults = render_parts(facts, {part: getattr(own, part) for part in PARTS} if own else None)
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


def _name_digest(row: Delivery) -> dict[str, Any] | None:
    """The digest that this is, or ends: what a pager keeps one alert of."""
    if row.event == OwnEvent.DIGEST:
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
        "more": facts["more"],
        "acknowledge_link": facts["acknowledge_link"],
    }
