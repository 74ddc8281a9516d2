"""Liquid templates that write Markdown. Values are escaped, so they show as the text that they are."""

from typing import Any, TextIO

from liquid import Environment
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.context import RenderContext
from liquid.stringify import to_liquid_string

from delivery.markup import escape_markdown


class Markdown(str):
    """Text that is Markdown, so it is not escaped."""

    __slots__ = ()


def as_markdown(value: Any) -> Markdown:
    """The filter ``as_markdown``: for text that a template has put together itself, such as with
    ``capture``."""
    return Markdown(to_liquid_string(value, autoescape=False))


class _Node(OutputNode):
    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        text = to_liquid_string(value, autoescape=False)
        return buffer.write(text if isinstance(value, Markdown) else escape_markdown(text))


class _Output(Output):
    node_class = _Node


class _Echo(EchoTag):
    node_class = _Node  # type: ignore[assignment]  # an EchoNode differs from it only in how it prints itself


def use_markdown(environment: Environment) -> None:
    """Make ``environment`` escape the value of every ``{{ … }}`` and ``echo``."""
    environment.add_tag(_Output)
    environment.add_tag(_Echo)
    environment.add_filter("as_markdown", as_markdown)
