"""The style sheet and the script of every page, and the Content-Security-Policy that allows only those
two."""

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
    """The whole style sheet: the colours, our sheet, then the team's own CSS. The stored CSS is cleaned
    again, because it may have been written without the form's check."""
    return spell_palette(page.accent, page.theme, state=state) + _read_sheet() + _clean(page.custom_css)


@lru_cache(maxsize=256)
def _clean(css: str) -> str:
    """Cached: a page is rendered every minute, and cleaning a long sheet takes as long as the rest of the
    page."""
    try:
        return clean_css(css)
    except CssRefused:
        return ""


def make_content_policy(*, style: str = "", script: str = "", form_action: str = "'none'") -> str:
    """A Content-Security-Policy (Level 3) that allows exactly this style and script, by hash, and our
    pictures."""
    parts = ["default-src 'none'", "base-uri 'none'", "img-src 'self' data:", f"form-action {form_action}"]
    if style:
        parts.append(f"style-src '{_hash(style)}'")
    if script:
        parts.append(f"script-src '{_hash(script)}'")
    return "; ".join(parts)


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def form_target(page: StatusPage) -> str:
    """The target of the page's form. It is an absolute address for an open page, so that the form of a
    published copy on another host reaches us."""
    return f"{settings.PUBLIC_URL}/status/{page.slug}/subscribe" if page.is_open else "subscribe"
