"""A page in all its forms, out of one reading of the database."""

from datetime import datetime

from django.utils import translation

from statuspages.models import Logo, StatusPage
from statuspages.rendering.badges import render_badges
from statuspages.rendering.feed import render_feed
from statuspages.rendering.files import File
from statuspages.rendering.gathering import gather
from statuspages.rendering.html import render_embed, render_html
from statuspages.rendering.json import render_json

__all__ = ["File", "render_page"]


def render_page(page: StatusPage, *, now: datetime) -> dict[str, File]:
    """The page's files by name, as it is ``now``; ``index.html`` comes last, for it is published last."""
    with translation.override(page.language):
        board = gather(page, now=now)
        files = {"feed.atom": render_feed(board), "status.json": render_json(board), **render_badges(board)}
        if board.logo:
            logo = Logo.objects.get(page=page)
            files[board.logo] = File(logo.media_type, bytes(logo.data))
        return {**files, "embed.html": render_embed(board), "index.html": render_html(board)}
