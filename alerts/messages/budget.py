"""Limits for the Liquid templates that teams write: how many steps a template takes, and how much it makes.

The library limits output, nested loops and stored names. It does not limit filters (with ``replace``, 300
characters can make a gigabyte), ranges, or loops one after another. Here each rendered node, each look-up of
a name and each filter costs one step, and more when it works on large values.
"""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from liquid import BoundTemplate, Environment, Expression, RenderContext
from liquid.builtin.expressions.primitive import Blank, Empty, Literal, Nil, RangeLiteral, StringLiteral
from liquid.exceptions import ResourceLimitError

MAX_STEPS = 10_000
"""Steps for one part of a message; they take 10 to 50 ms. The product's own templates take up to 500
steps."""
MAX_TEAM_STEPS = 10 * MAX_STEPS
"""Steps for all templates of one team in one batch of alerts."""
MAX_TAGS = 500
"""How many ``{{`` and ``{%`` a template may have, and how many ``[``. The time to parse some of them grows
with the square of their number."""
MAX_CHARS, MAX_ITEMS, MAX_BITS = 100_000, 2_000, 256
"""The largest text, list and whole number that a filter may take or make."""
MAX_BOUND = 10_000
"""How far from zero the ends of a range may lie."""
MAX_DATE_CHARS = 100
CHARS_A_STEP, STEPS_A_TAG = 50, 4


class TemplateSteps:
    """How many steps are left. Steps that are taken here are also taken from ``of``, a larger budget."""

    def __init__(self, most: int = MAX_STEPS, *, of: "TemplateSteps | None" = None) -> None:
        self.most, self.left, self.of = most, most, of

    def take(self, steps: int = 1) -> None:
        """Take ``steps``. Raises ``ResourceLimitError`` when fewer are left."""
        self.left -= steps
        if self.left < 0:
            raise ResourceLimitError(f"it takes more than {self.most:,} steps", token=None)
        if self.of is not None:
            self.of.take(steps)


class BoundedEnvironment(Environment):
    loop_iteration_limit = 2_000
    output_stream_limit = 200_000
    local_namespace_limit = 100_000
    context_depth_limit = 10
    block_nesting_limit = 20

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=extra)
        for tag in ("include", "render"):  # there is nothing to include
            del self.tags[tag]


_TAG = re.compile(r"\{\{|\{%-?\s*(\w*)")


def read_template(environment: Environment, source: str) -> BoundTemplate:
    """Parse ``source``. Raises ``LiquidError``, also for a template that would take too long to parse."""
    if _count_tags(source) > MAX_TAGS or source.count("[") > MAX_TAGS:
        raise ResourceLimitError(f"it has more than {MAX_TAGS} tags, or brackets", token=None)
    if source.rfind("{{") > source.rfind("}}"):
        raise ResourceLimitError("it opens {{ and does not close it", token=None)
    opened = [match[1] for match in _TAG.finditer(source) if match[1] in _WITHOUT_TAGS]
    for name in ("raw", "doc"):  # for each unclosed one, the library searches to the end of the source
        if opened.count(name) > opened.count(f"end{name}"):
            raise ResourceLimitError(f"it opens {name} and does not close it", token=None)
    return environment.from_string(source)


_WITHOUT_TAGS = ("raw", "endraw", "doc", "enddoc")


def _count_tags(source: str) -> int:
    return source.count("{{") + source.count("{%")


def cost_of_reading(source: str) -> int:
    """What parsing ``source`` costs, in steps."""
    return len(source) // CHARS_A_STEP + _count_tags(source) * STEPS_A_TAG


def fill_in(template: BoundTemplate, facts: Mapping[str, Any], steps: TemplateSteps) -> str:
    """Render a template of ``read_template``. Raises what the library raises; for some templates that is not
    a ``LiquidError``."""
    context = _CountedContext(template, globals=template.make_globals(facts))
    context.steps = steps
    buffer = context.get_buffer()
    template.render_with_context(context, buffer)
    return buffer.getvalue()


class _CountedContext(RenderContext):
    __slots__ = ("_disabled_tags", "steps")

    steps: TemplateSteps

    @property
    def disabled_tags(self) -> list[str]:  # every node asks, before it is rendered
        self.steps.take()
        return self._disabled_tags

    @disabled_tags.setter
    def disabled_tags(self, tags: list[str]) -> None:
        self._disabled_tags = tags

    def get(self, *args: Any, **kwargs: Any) -> object:
        self.steps.take(len(args[0]))
        value = super().get(*args, **kwargs)
        self.steps.take(_weigh(value))
        return value

    def filter(self, name: str, token: Any) -> Callable[..., object]:
        return partial(self._apply, name, super().filter(name, token))

    def _apply(
        self, name: str, apply: Callable[..., object], left: object, *args: Any, **named: Any
    ) -> object:
        given = (left, *args, *named.values())
        for value in given:
            _refuse_large(value)
        self.steps.take(1 + sum(_weigh(value) for value in given))
        if name in _FORESEEN:
            self.steps.take(_FORESEEN[name](left, *args))
        made = apply(left, *args, **named)
        _refuse_large(made)
        self.steps.take(_weigh(made))
        return made


def _weigh(value: object) -> int:
    if isinstance(value, str):
        return len(value) // CHARS_A_STEP
    if isinstance(value, (list, tuple)):
        return len(value) + sum(len(item) // CHARS_A_STEP for item in value if isinstance(item, str))
    return len(value) if isinstance(value, (range, dict)) else 0


def _refuse_large(value: object) -> None:
    if isinstance(value, str) and len(value) > MAX_CHARS:
        raise _too_large(f"a text of more than {MAX_CHARS:,} characters")
    if isinstance(value, (list, tuple, range, dict)) and len(value) > MAX_ITEMS:
        raise _too_large(f"a list of more than {MAX_ITEMS:,} items")
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise _too_large(f"a number of more than {MAX_BITS} bits")


def _too_large(what: str) -> ResourceLimitError:
    return ResourceLimitError(f"it makes {what}", token=None)


# ---- filters whose result may be larger than their input: refused before they run ----


def _foresee_replace(left: object, seq: object = "", sub: object = "", *_: object) -> int:
    text, sought, put = str(left), str(seq), str(sub)
    times = text.count(sought) if sought else len(text) + 1
    return _foresee_text(len(text) + times * (len(put) - len(sought)))


def _foresee_join(left: object, separator: object = " ", *_: object) -> int:
    items = left if isinstance(left, (list, tuple, range)) else [left]
    return _foresee_text(sum(len(str(item)) for item in items) + len(items) * len(str(separator)))


def _foresee_split(left: object, separator: object = "", *_: object) -> int:
    text, sought = str(left), str(separator)
    pieces = text.count(sought) + 1 if sought else len(text)
    if pieces > MAX_ITEMS:
        raise _too_large(f"a list of more than {MAX_ITEMS:,} items")
    return 0


def _foresee_sum(left: object, other: object = "", *_: object) -> int:
    return _foresee_text(len(str(left)) + len(str(other)))


def _foresee_pairs(left: object, *_: object) -> int:
    """``uniq`` compares each item with each other item."""
    items = len(left) if isinstance(left, (list, tuple, range)) else 1
    return items * items // CHARS_A_STEP


def _foresee_date(left: object, form: object = "", *_: object) -> int:
    if any(isinstance(value, str) and len(value) > MAX_DATE_CHARS for value in (left, form)):
        raise _too_large(f"a date of more than {MAX_DATE_CHARS} characters")
    return 0


def _foresee_text(chars: int) -> int:
    if chars > MAX_CHARS:
        raise _too_large(f"a text of more than {MAX_CHARS:,} characters")
    return 0


_FORESEEN: Mapping[str, Callable[..., int]] = {
    "append": _foresee_sum,
    "prepend": _foresee_sum,
    "replace": _foresee_replace,
    "join": _foresee_join,
    "split": _foresee_split,
    "uniq": _foresee_pairs,
    "date": _foresee_date,
}


# ---- ranges and literals, for which the library has no hook ----


def _make_short_range(self: RangeLiteral, start: Any, stop: Any) -> range:
    """The library allows ranges of any length. Python walks them in C, where no step is counted: for example
    ``(1..9999999999) reversed``, or ``contains 0.5``."""
    made = _make_range(self, start, stop)
    if not -MAX_BOUND <= made.start <= made.stop <= MAX_BOUND + 1:
        raise _too_large(f"a range beyond {MAX_BOUND:,}")
    return made


def _count_literal(kind: type[Expression]) -> None:
    """Make each evaluation of a literal cost one step. One tag may hold thousands of literals, and nothing
    else in such a condition is counted."""
    evaluate = kind.evaluate

    def evaluate_and_count(self: Expression, context: RenderContext) -> object:
        if isinstance(context, _CountedContext):
            context.steps.take()
        return evaluate(self, context)

    kind.evaluate = evaluate_and_count  # type: ignore[method-assign]


# The parser uses these classes directly, so their methods must be replaced; there is no other place to count.
_make_range = RangeLiteral._make_range
RangeLiteral._make_range = _make_short_range  # type: ignore[method-assign]
for _kind in (Literal, StringLiteral, Nil, Empty, Blank):
    _count_literal(_kind)
