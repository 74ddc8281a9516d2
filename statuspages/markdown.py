"""Posts as people write them: Markdown, without HTML, pictures and headings. Pure."""

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
    """HTML that may stand in our page: tags and schemes of a list, links that lend nobody our name. What
    opens more than Markdown's reader has a budget for is shown as the text that it is."""
    made = _markdown.render(text) if is_readable(text) else f"<pre>{escape(text)}</pre>"
    return nh3.clean(
        made,
        tags=_TAGS,
        clean_content_tags={"script", "style"},
        attributes={"a": {"href"}, "ol": {"start"}, "*": set()},
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener noreferrer",
    ).strip()
