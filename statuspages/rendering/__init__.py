"""Render all files of a page from one reading of the database."""

from datetime import datetime

from django.utils import translation

from statuspages.models import Logo, StatusPage
from statuspages.rendering.badges import render_badges
from statuspages.rendering.feed import render_feed
from statuspages.rendering.files import PageFile
from statuspages.rendering.html import render_embed, render_html
from statuspages.rendering.json import render_json
from statuspages.rendering.reading import read_snapshot

__all__ = ["PageFile", "render_page"]


def render_page(page: StatusPage, *, now: datetime) -> dict[str, PageFile]:
    """The page's files by name, as of ``now``. ``index.html`` comes last, because it is published last."""
    with translation.override(page.language):
        snapshot = read_snapshot(page, now=now)
        files = {
            "feed.atom": render_feed(snapshot),
            "status.json": render_json(snapshot),
            **render_badges(snapshot),
        }
        if snapshot.logo:
            logo = Logo.objects.get(page=page)
            files[snapshot.logo] = PageFile(logo.media_type, bytes(logo.data))
        return {**files, "embed.html": render_embed(snapshot), "index.html": render_html(snapshot)}
