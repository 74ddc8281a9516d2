"""Our Markdown as lines of styled text, from which each chat's own format is written.

The source is CommonMark (https://spec.commonmark.org/0.31.2/). A value that is quoted in it passes through
``escape_markdown``, and is read as plain text. HTML and images in the source are read as plain text, too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token

MAX_SOURCE_CHARS, MAX_OPENED = 40_000, 1_000
"""Characters of a source, and brackets and quotes that it may open: for each of them the parser reads all
that follows."""
_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_BREAKS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True)
class TextSpan:
    """Text of one style. ``link`` is an http or https address, or empty."""

    text: str
    bold: bool = False
    italic: bool = False
    code: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of a message. ``marker`` is what stands before an item of a list: ``•`` or ``2.``."""

    spans: tuple[TextSpan, ...] = ()
    marker: str = ""

    @property
    def text(self) -> str:
        text = "".join(span.text for span in self.spans)
        return f"{self.marker} {text}" if self.marker else text


def escape_markdown(text: str) -> str:
    """The Markdown that is read as ``text``: no character is read as markup.

    A line break stays a line break (a backslash at the end of a line, CommonMark 6.7).
    """
    lines = (_PUNCTUATION.sub(r"\\\1", line.strip()) for line in _BREAKS.split(text))
    return "\\\n".join(line for line in lines if line)


@cache
def _parser() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block", "html_inline", "entity"])


def is_readable(source: str) -> bool:
    """Whether it is short and plain enough to be read as Markdown. If not, callers show it as plain text."""
    return len(source) <= MAX_SOURCE_CHARS and source.count("[") + source.count(">") <= MAX_OPENED


def read_markdown(source: str) -> list[TextLine]:
    """The lines of ``source``, with an empty line between paragraphs. What is beyond ``MAX_SOURCE_CHARS`` is
    left out."""
    reader = _Reader()
    for token in _parser().parse(_printable(source[:MAX_SOURCE_CHARS])):
        reader.take(token)
    return reader.lines


def read_plain_text(source: str) -> list[TextLine]:
    """The lines of plain text."""
    lines = _BREAKS.split(_printable(source))
    return [TextLine((TextSpan(line),) if line.strip() else ()) for line in lines]


def _printable(source: str) -> str:
    """Replace control characters, which some services refuse, by U+FFFD."""
    return _CONTROL.sub("\ufffd", source)


class _Reader:
    """Turns block tokens, taken in their order, into lines."""

    def __init__(self) -> None:
        self.lines: list[TextLine] = []
        self._markers: list[int | None] = []  # the next number of each open list; None is a bullet
        self._marker = ""
        self._bold = False

    def take(self, token: Token) -> None:
        match token.type:
            case "bullet_list_open":
                self._open_list(None)
            case "ordered_list_open":
                self._open_list(int(str(token.attrs.get("start", 1))))
            case "bullet_list_close" | "ordered_list_close":
                self._markers.pop()
            case "list_item_open":
                self._marker = self._next_marker()
            case "heading_open":
                self._bold = True
            case "heading_close":
                self._bold = False
            case "inline":
                self._add(split_lines(read_spans(token.children or [], bold=self._bold)))
            case "fence" | "code_block":
                self._add([(TextSpan(line, code=True),) for line in token.content.splitlines() if line])
            case "hr":
                self._add([(TextSpan("———"),)])

    def _open_list(self, first: int | None) -> None:
        if not self._markers:
            self._part()
        self._markers.append(first)

    def _next_marker(self) -> str:
        number = self._markers[-1]
        if number is None:
            return "•"
        self._markers[-1] = number + 1
        return f"{number}."

    def _part(self) -> None:
        if self.lines and self.lines[-1].spans:
            self.lines.append(TextLine())

    def _add(self, found: Sequence[tuple[TextSpan, ...]]) -> None:
        if not self._markers:
            self._part()
        for spans in found:
            self.lines.append(TextLine(spans, self._marker))
            self._marker = ""


def read_spans(tokens: Sequence[Token], *, bold: bool = False) -> list[TextSpan]:
    """The spans of a paragraph. A line break in it is a span of its own, ``\n``."""
    spans: list[TextSpan] = []
    style = TextSpan("", bold=bold)
    for token in tokens:
        match token.type:
            case "strong_open" | "strong_close":
                style = replace(style, bold=bold or token.nesting == 1)
            case "em_open" | "em_close":
                style = replace(style, italic=token.nesting == 1)
            case "link_open":
                style = replace(style, link=_web_address(str(token.attrs.get("href", ""))))
            case "link_close":
                style = replace(style, link="")
            case "softbreak" | "hardbreak":
                spans.append(TextSpan("\n"))
            case "code_inline":
                spans.append(replace(style, text=token.content, code=True))
            case _ if token.content:
                spans.append(replace(style, text=token.content))
    return list(_join(spans))


def _web_address(href: str) -> str:
    try:
        return href if urlsplit(href).scheme in {"http", "https"} and len(href) <= 2_000 else ""
    except ValueError:
        return ""


def _join(spans: Sequence[TextSpan]) -> Iterator[TextSpan]:
    """Join neighbours of one style to one span."""
    held: TextSpan | None = None
    for span in spans:
        if held and span.text != "\n" and held.text != "\n" and replace(held, text=span.text) == span:
            held = replace(held, text=held.text + span.text)
            continue
        if held:
            yield held
        held = span
    if held:
        yield held


def split_lines(spans: Sequence[TextSpan]) -> list[tuple[TextSpan, ...]]:
    lines: list[list[TextSpan]] = [[]]
    for span in spans:
        if span.text == "\n":
            lines.append([])
        else:
            lines[-1].append(span)
    return [tuple(line) for line in lines if line]
