"""The Markdown of posts as HTML. Raw HTML, pictures and headings are not supported. Pure."""

from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt

from delivery.markup import is_readable

_TAGS = {"p", "br", "strong", "em", "del", "code", "pre", "blockquote", "ul", "ol", "li", "a", "hr"}
_SCHEMES = {"http", "https", "mailto"}
_markdown = (
    MarkdownIt("commonmark", {"html": False, "breaks": True})
    .enable("strikethrough")
    .disable(["image", "heading", "lheading", "html_block", "html_inline"])
)


@lru_cache(maxsize=1024)
def render_markdown(text: str) -> str:
    """``text`` as safe HTML: only known tags and URL schemes, and links with ``rel="nofollow noopener
    noreferrer"``.

    A text that would take the parser too long is shown as plain text.
    """
    made = _markdown.render(text) if is_readable(text) else f"<pre>{escape(text)}</pre>"
    return nh3.clean(
        made,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    ).strip()
