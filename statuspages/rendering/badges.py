"""Badges: small SVG pictures with a label and a value, for other sites. Texts are escaped; badges hold no
script."""

from django.utils.html import escape
from django.utils.translation import gettext as _

from statuspages.component_status import grade_day
from statuspages.labels import tell_state
from statuspages.rendering.files import PageFile
from statuspages.rendering.formats import tell_ratio, tell_response
from statuspages.rendering.palette import LIGHT
from statuspages.rendering.snapshot import UPTIME_DAYS, Snapshot

SVG = "image/svg+xml; charset=utf-8"
_WIDE = 0x2E80
"""Characters from this code point on are as wide as high: Chinese, Japanese, Korean."""


def render_badges(snapshot: Snapshot) -> dict[str, PageFile]:
    """``badge.svg`` (status), ``badge-uptime-{7,30,90}d.svg``, ``badge-response.svg``."""
    badges = {"badge.svg": draw_badge(_("Status"), tell_state(snapshot.state), snapshot.state)}
    for days in UPTIME_DAYS:
        ratio = snapshot.mean_uptime(days)
        label = _("Uptime %(days)s d") % {"days": days}
        badges[f"badge-uptime-{days}d.svg"] = draw_badge(
            label, tell_ratio(ratio), grade_day(ratio, serviced=False)
        )
    ms = snapshot.mean_response_ms()
    response = _("No data") if ms is None else tell_response(ms)
    badges["badge-response.svg"] = draw_badge(
        _("Response"), response, "unknown" if ms is None else "maintenance"
    )
    return {name: PageFile(SVG, text.encode(), embeddable=True) for name, text in badges.items()}


def draw_badge(label: str, value: str, state: str) -> str:
    """The SVG of one badge: white text, the value on the colour of ``state`` (with AA contrast). Screen
    readers get the label and the value."""
    left, right = _width(label) + 20, _width(value) + 20
    width = left + right
    said = escape(f"{label}: {value}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="22" role="img" aria-label="{said}">'
        f"<title>{said}</title>"
        f'<clipPath id="r"><rect width="{width}" height="22" rx="5"/></clipPath>'
        f'<g clip-path="url(#r)"><rect width="{left}" height="22" fill="#39424e"/>'
        f'<rect x="{left}" width="{right}" height="22" fill="{LIGHT[state]}"/></g>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11.5">'
        f'<text x="{left / 2:g}" y="15" textLength="{left - 20}">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="15" textLength="{right - 20}" font-weight="bold">'
        f"{escape(value)}</text></g></svg>"
    )


def _width(text: str) -> int:
    """The width of ``text`` in pixels, roughly. The SVG stretches the text to this width."""
    return max(
        8, round(sum(12.0 if ord(c) >= _WIDE else 7.4 if c.isupper() or c in "mwMW%" else 6.6 for c in text))
    )
