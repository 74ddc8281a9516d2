"""The page's colours, light and dark. A test checks the contrast of each text with its background."""

from collections.abc import Mapping

from statuspages.colours import make_readable, mix, text_on
from statuspages.models import Theme

# The states that a day can have. ``no_data`` is not among them; it has the colours of ``unknown``.
STATES = ("operational", "degraded", "partial", "outage", "maintenance", "unknown")

LIGHT: Mapping[str, str] = {
    "bg": "#f5f6f8", "card": "#ffffff", "ink": "#17202b", "soft": "#586374", "line": "#e2e6eb",
    "operational": "#18754a", "degraded": "#856000", "partial": "#ad4b0a", "outage": "#b3261e",
    "maintenance": "#2a5fb0", "unknown": "#586374", "no_data": "#586374",
    "bar-operational": "#2f9b6c", "bar-degraded": "#b98500", "bar-partial": "#d4661c",
    "bar-outage": "#c9352f", "bar-maintenance": "#4b7fd1", "bar-unknown": "#d3d8df", "bar-no_data": "#d3d8df",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "bg": "#0d1117", "card": "#151b23", "ink": "#e9edf2", "soft": "#9ba7b6", "line": "#27303b",
    "operational": "#5fd0a0", "degraded": "#e6ba4c", "partial": "#f29b60", "outage": "#ff8f86",
    "maintenance": "#8fb9ff", "unknown": "#9ba7b6", "no_data": "#9ba7b6",
    "bar-operational": "#34b27f", "bar-degraded": "#cf9d1d", "bar-partial": "#e37c3a",
    "bar-outage": "#ea5a51", "bar-maintenance": "#5a91e6", "bar-unknown": "#343e4b", "bar-no_data": "#343e4b",
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
