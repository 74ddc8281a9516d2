"""The page's posts as an Atom feed (RFC 4287). Valid whatever the texts hold."""

import re
from datetime import datetime
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from django.conf import settings

from statuspages.notices import page_url
from statuspages.rendering.board import Board
from statuspages.rendering.files import File
from statuspages.words import tell_status

ATOM = "http://www.w3.org/2005/Atom"
ENTRIES_AT_MOST = 50
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (section 2.2) has no spelling for at all."""
register_namespace("", ATOM)


def render_feed(board: Board) -> File:
    """feed.atom"""
    page, url = board.page, page_url(board.page)
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    tag = f"tag:{host},{page.created_at.year}:status-pages/{page.pk}"
    told = [(entry, story) for story in board.stories for entry in story.entries]
    told.sort(key=lambda pair: (pair[0].at, pair[0].pk), reverse=True)
    feed = Element(f"{{{ATOM}}}feed", {"xml:lang": page.language})
    _add(feed, "id", tag)
    _add(feed, "title", page.title)
    if page.description:
        _add(feed, "subtitle", page.description)
    _add(feed, "updated", _spell(told[0][0].at if told else page.created_at))
    SubElement(feed, f"{{{ATOM}}}link", {"rel": "alternate", "type": "text/html", "href": url})
    SubElement(
        feed, f"{{{ATOM}}}link", {"rel": "self", "type": "application/atom+xml", "href": f"{url}feed.atom"}
    )
    _add(SubElement(feed, f"{{{ATOM}}}author"), "name", page.title)
    for entry, story in told[:ENTRIES_AT_MOST]:
        item = SubElement(feed, f"{{{ATOM}}}entry")
        _add(item, "id", f"{tag}/posts/{entry.pk}")
        _add(item, "title", f"{tell_status(entry.status)}: {story.title}")
        _add(item, "updated", _spell(entry.at))
        _add(item, "published", _spell(entry.at))
        SubElement(item, f"{{{ATOM}}}link", {"rel": "alternate", "type": "text/html", "href": url})
        _add(item, "content", entry.html, type="html")
    body = tostring(feed, encoding="utf-8", xml_declaration=True)
    return File("application/atom+xml; charset=utf-8", body)


def _add(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, f"{{{ATOM}}}{name}", attributes).text = _NO_XML.sub("\ufffd", text)


def _spell(at: datetime) -> str:
    return at.isoformat(timespec="seconds").replace("+00:00", "Z")
