"""The page's colours, light and dark. A test checks the contrast of each text with its background."""

from collections.abc import Mapping

from statuspages.colours import make_readable, mix, text_on
from statuspages.models import Theme

# The states that a day can have. ``no_data`` is not among them; it has the colours of ``unknown``.
STATES = ("operational", "degraded", "partial", "outage", "maintenance", "unknown")

# States have the app's colours (frontend/src/styles/tokens.css), which all kinds of sight tell apart; a test
# holds it. No sixth colour stands between "degraded" and "outage" for everybody: a partial outage has the
# outage's, and its bar is half of each.
LIGHT: Mapping[str, str] = {
    "bg": "#f5f6f8", "card": "#ffffff", "ink": "#17202b", "soft": "#586374", "line": "#e2e6eb",
    "operational": "#0b7a6e", "degraded": "#8a5a00", "partial": "#b8182b", "outage": "#b8182b",
    "maintenance": "#6a4bc0", "unknown": "#586374", "no_data": "#586374",
    "bar-operational": "#1f9c8c", "bar-degraded": "#c08400", "bar-partial": "#c0122a",
    "bar-outage": "#c0122a", "bar-maintenance": "#8a68d6", "bar-unknown": "#cfd4dd", "bar-no_data": "#cfd4dd",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "bg": "#0d1117", "card": "#151b23", "ink": "#e9edf2", "soft": "#9ba7b6", "line": "#27303b",
    "operational": "#4cc9b5", "degraded": "#f2b632", "partial": "#ff7b86", "outage": "#ff7b86",
    "maintenance": "#b9a5ff", "unknown": "#9ba7b6", "no_data": "#9ba7b6",
    "bar-operational": "#43bfac", "bar-degraded": "#f0b429", "bar-partial": "#e23a50",
    "bar-outage": "#e23a50", "bar-maintenance": "#9a86f5", "bar-unknown": "#353c49", "bar-no_data": "#353c49",
}  # fmt: skip


def make_palette(base: Mapping[str, str], accent: str, state: str) -> dict[str, str]:
    """``base`` with the page's accent colour and a tint of its state. The accent is there twice: made
    readable as text on cards and background, and unchanged as the colour of buttons."""
    readable = make_readable(make_readable(accent, base["bg"]), base["card"])
    tint = {
        "tint": mix(base["card"], base[f"bar-{state}"], 0.1),
        "edge": mix(base["line"], base[f"bar-{state}"], 0.35),
    }
    return {**base, **tint, "accent": readable, "button": accent, "button-ink": text_on(accent)}


def spell_palette(accent: str, theme: str, *, state: str = "unknown") -> str:
    """The palette as CSS variables: light, dark, or (``auto``) as the reader's system prefers."""
    light = _spell(make_palette(LIGHT, accent, state), "light")
    dark = _spell(make_palette(DARK, accent, state), "dark")
    if theme == Theme.AUTO:
        return f"{light}@media(prefers-color-scheme:dark){{{dark}}}"
    return dark if theme == Theme.DARK else light


def _spell(palette: Mapping[str, str], scheme: str) -> str:
    variables = ";".join(f"--{name}:{colour}" for name, colour in palette.items())
    return f":root{{color-scheme:{scheme};{variables}}}"
