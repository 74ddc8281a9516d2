"""What the chat services have in common: the message as lines, within the service's limit."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from delivery.attempt import Attempt, HttpAnswer
from delivery.http import send_request
from delivery.markup import TextLine, TextSpan, is_readable, read_markdown, read_plain_text
from delivery.message import Content, DeliveryMessage, Tone
from delivery.shortening import fit, say_gap, shorten_line

COLOURS = {Tone.BAD: 0xB91C1C, Tone.WARNING: 0xB45309, Tone.GOOD: 0x15803D, Tone.INFO: 0x1D4ED8}


def read_text_lines(content: Content) -> list[TextLine]:
    """The message below its title: the Markdown, or the text where there is no Markdown or too much of it.

    A first line that repeats the subject is left out; a link that no line holds is added.
    """
    readable = bool(content.markdown) and is_readable(content.markdown)
    lines = read_markdown(content.markdown) if readable else read_plain_text(content.text)
    first = lines[0].text.strip() if lines else ""
    if first == content.subject and any(line.spans for line in lines[1:]):
        lines = lines[1:]
    while lines and not lines[0].spans:
        lines = lines[1:]
    ours = [link for link in (str(content.data.get("acknowledge_link") or ""), content.link) if link]
    lines = [replace(line, spans=tuple(_link_ours(line.spans, ours))) for line in lines]
    if content.link and not any(span.link == content.link for line in lines for span in line.spans):
        lines += [TextLine(), TextLine((TextSpan(content.link, link=content.link),))]
    return lines


def _link_ours(spans: Iterable[TextSpan], ours: Sequence[str]) -> Iterator[TextSpan]:
    """The spans, in which our own addresses are links. An address in what a target said stays plain text."""
    for span in spans:
        link = next((link for link in ours if link in span.text), "") if not span.link else ""
        if not link:
            yield span
            continue
        before, _, after = span.text.partition(link)
        parts = [replace(span, text=before), replace(span, text=link, link=link), replace(span, text=after)]
        yield from parts[:2] if before else parts[1:2]
        yield from _link_ours([parts[2]] if after else [], ours)


def fit_lines(
    lines: list[TextLine], limit: int, *, write: Callable[[TextLine], str], length: Callable[[str], int] = len
) -> list[TextLine]:
    """The lines within ``limit`` (as ``length`` counts what ``write`` makes of them). The beginning and the
    end stay."""

    def size(line: TextLine) -> int:
        return length(write(line))

    def cut(line: TextLine, most: int) -> TextLine:
        def size_of_text(text: str) -> int:
            return size(TextLine((TextSpan(text),)))

        return TextLine((TextSpan(shorten_line(line.text, most, length=size_of_text)),))

    return fit(lines, limit, length=size, cut=cut, gap=lambda count: TextLine((TextSpan(say_gap(count)),)))


# ---- formats that several chats read ----


def escape_html(text: str) -> str:
    """The text as HTML: no character of it is read as markup."""
    return escape(text, quote=True)


def write_html(line: TextLine, *, code: str = "code") -> str:
    """The line as HTML with the tags ``b``, ``i``, ``a`` and ``code``; an empty ``code`` leaves that tag
    out."""
    text = "".join(_write_html_span(span, code) for span in line.spans)
    return f"{escape_html(line.marker)} {text}" if line.marker else text


def _write_html_span(span: TextSpan, code: str) -> str:
    text = escape_html(span.text)
    for marked, tag in ((span.code and code, code), (span.italic, "i"), (span.bold, "b")):
        if marked:
            text = f"<{tag}>{text}</{tag}>"
    return f'<a href="{escape_html(span.link)}">{text}</a>' if span.link else text


LINKS_MAX = 1_500
"""Characters that the links below a code block may take."""


def write_code_block(lines: Iterable[TextLine], *, language: str = "") -> str:
    """The lines as a code block of Markdown, and our links below it.

    For chats whose Markdown cannot be escaped reliably. A chat reads nothing inside a code block: no mention,
    no link, no emoji; and people can copy from it what was said. Only backticks could end it, so an invisible
    character follows each of them.
    """
    lines = list(lines)
    links = {span.link: span.text.strip() for line in lines for span in line.spans if span.link}
    block = "\n".join([f"```{language}", *map(write_code_line, lines), "```"])
    shown = list[str]()
    for link, text in links.items():
        if len(" · ".join([*shown, write_link(text, link)])) <= LINKS_MAX:
            shown.append(write_link(text, link))
    return f"{block}\n{' · '.join(shown)}".rstrip()


def write_code_line(line: TextLine) -> str:
    return line.text.replace("`", "`\u2060")


def write_link(text: str, link: str) -> str:
    """A link in Markdown. A text with other characters than letters, digits and blanks is replaced by the
    host's name."""
    plain = all(char.isalnum() or char == " " for char in text) and 0 < len(text) <= 60
    shown = text if plain else urlsplit(link).hostname or "Open"
    return f"[{shown}]({quote(link, safe=SAFE_IN_LINKS)})"


SAFE_IN_LINKS = "%/:?#[]@!$&'*+,;=~"
"""Characters of an address that stay as they are. Parentheses do not: Markdown ends a link at them."""


# ---- sending ----


def ask_to_wait(answer: HttpAnswer, wait_s: float | None) -> HttpAnswer:
    """The answer with a ``Retry-After`` header of ``wait_s`` seconds, for services that say in the body how
    long to wait. Unchanged when there is nothing to add."""
    if wait_s is None or "retry-after" in answer.headers:
        return answer
    return msgspec.structs.replace(answer, headers={**answer.headers, "retry-after": str(math.ceil(wait_s))})


def post_json(
    url: str,
    body: Mapping[str, Any],
    *,
    delivery: DeliveryMessage,
    attempt: Attempt,
    headers: Mapping[str, str] | None = None,
    method: str = "POST",
) -> HttpAnswer:
    """Send ``body`` as JSON in one request, with the delivery's key as ``Idempotency-Key``. Raises as
    ``http.send_request``."""
    sent = {"Content-Type": "application/json", "Idempotency-Key": delivery.key, **(headers or {})}
    return send_request(method, url, content=msgspec.json.encode(body), headers=sent, attempt=attempt)
