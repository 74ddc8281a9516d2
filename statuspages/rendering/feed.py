"""The page's posts as an Atom feed (RFC 4287). The feed is valid XML whatever the texts hold."""

import re
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from django.conf import settings

from core.formats import spell_rfc3339
from statuspages.labels import tell_status
from statuspages.notifications import page_url
from statuspages.rendering.files import PageFile
from statuspages.rendering.snapshot import Snapshot

ATOM = "http://www.w3.org/2005/Atom"
POSTS_SHOWN = 50
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 (section 2.2) does not allow, not even escaped."""
register_namespace("", ATOM)


def render_feed(snapshot: Snapshot) -> PageFile:
    """feed.atom"""
    page, url = snapshot.page, page_url(snapshot.page)
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    tag = f"tag:{host},{page.created_at.year}:status-pages/{page.pk}"
    told = [(post, incident) for incident in snapshot.incidents for post in incident.posts]
    told.sort(key=lambda pair: (pair[0].at, pair[0].pk), reverse=True)
    feed = Element(f"{{{ATOM}}}feed", {"xml:lang": page.language})
    _add(feed, "id", tag)
    _add(feed, "title", page.title)
    if page.description:
        _add(feed, "subtitle", page.description)
    _add(feed, "updated", spell_rfc3339(told[0][0].at if told else page.created_at, timespec="seconds"))
    SubElement(feed, f"{{{ATOM}}}link", {"rel": "alternate", "type": "text/html", "href": url})
    SubElement(
        feed, f"{{{ATOM}}}link", {"rel": "self", "type": "application/atom+xml", "href": f"{url}feed.atom"}
    )
    _add(SubElement(feed, f"{{{ATOM}}}author"), "name", page.title)
    for post, incident in told[:POSTS_SHOWN]:
        item = SubElement(feed, f"{{{ATOM}}}entry")
        _add(item, "id", f"{tag}/posts/{post.pk}")
        _add(item, "title", f"{tell_status(post.status)}: {incident.title}")
        _add(item, "updated", spell_rfc3339(post.at, timespec="seconds"))
        _add(item, "published", spell_rfc3339(post.at, timespec="seconds"))
        SubElement(item, f"{{{ATOM}}}link", {"rel": "alternate", "type": "text/html", "href": url})
        _add(item, "content", post.html, type="html")
    body = tostring(feed, encoding="utf-8", xml_declaration=True)
    return PageFile("application/atom+xml; charset=utf-8", body)


def _add(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, f"{{{ATOM}}}{name}", attributes).text = _NO_XML.sub("\ufffd", text)
