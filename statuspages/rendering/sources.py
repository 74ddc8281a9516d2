"""The style sheet and the script of every page, read once, and the policy that lets just those two in."""

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from statuspages.models import StatusPage
from statuspages.rendering.palette import spell_palette
from statuspages.stylesheets import CssRefused, clean_css

_HERE = Path(__file__).parent


@lru_cache(maxsize=1)
def read_script() -> str:
    return (_HERE / "page.js").read_text().strip()


@lru_cache(maxsize=1)
def _read_sheet() -> str:
    return re.sub(r"\n+", "", (_HERE / "page.css").read_text())


def make_style(page: StatusPage, *, state: str = "unknown") -> str:
    """The whole style sheet: colours, ours, then the page's own. What was stored is cleaned once more, for a
    row can have come past the form."""
    return spell_palette(page.accent, page.theme, state=state) + _read_sheet() + _clean(page.custom_css)


@lru_cache(maxsize=256)
def _clean(css: str) -> str:
    """Kept, for a page is rendered once a minute, and a long sheet takes as long as all the rest of it."""
    try:
        return clean_css(css)
    except CssRefused:
        return ""


def make_policy(*, style: str = "", script: str = "", form_action: str = "'none'") -> str:
    """A Content-Security-Policy (Level 3): nothing but these two texts, and pictures of our own."""
    parts = ["default-src 'none'", "base-uri 'none'", "img-src 'self' data:", f"form-action {form_action}"]
    if style:
        parts.append(f"style-src '{_hash(style)}'")
    if script:
        parts.append(f"script-src '{_hash(script)}'")
    return "; ".join(parts)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def form_target(page: StatusPage) -> str:
    """Where the form of a page goes: from a published copy to us, wherever that lies."""
    return f"{settings.PUBLIC_URL}/status/{page.slug}/subscribe" if page.is_open else "subscribe"
