"""Liquid that writes Markdown: whatever is put in is text, and comes out as it is."""

from typing import Any, TextIO

from liquid import Environment
from liquid.builtin.output import Output, OutputNode
from liquid.builtin.tags.echo_tag import EchoTag
from liquid.context import RenderContext
from liquid.stringify import to_liquid_string

from delivery.markup import escape_markdown


class Markdown(str):
    """Text of a template that is Markdown already."""

    __slots__ = ()


def as_markdown(value: Any) -> Markdown:
    """The filter for what a template put together itself, such as by ``capture``."""
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
    node_class = _Node  # type: ignore[assignment]  # it is named EchoNode only for its own text


def use_markdown(environment: Environment) -> None:
    """Have every ``{{ … }}`` and ``echo`` of ``environment`` escaped."""
    environment.add_tag(_Output)
    environment.add_tag(_Echo)
    environment.add_filter("as_markdown", as_markdown)
