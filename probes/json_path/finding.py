"""Finds the values that a path names in a document (RFC 9535, sections 2.3 to 2.5). Pure.

A node is its value, and nothing else is kept of it. Every node that is looked at is a step.
"""

from collections.abc import Iterable, Iterator
from operator import ge, gt, le, lt
from typing import Any

from probes.json_path.parsing import (
    Call,
    Compare,
    Every,
    Exists,
    Filter,
    Index,
    Literal,
    Name,
    Not,
    Operand,
    Path,
    Query,
    Segment,
    Selector,
    Slice,
    Some,
    Test,
)

MAX_STEPS = 200_000
"""A document of 1 MiB has about 100,000 nodes. Measured: so many steps take 0.1 s of one core at most."""
_NOTHING = object()
"""Stands for the value of a query or function that has none."""
_CHARS_A_STEP = 200
_ORDERS = {"<": lt, "<=": le, ">": gt, ">=": ge}


class TooCostly(Exception):
    """The search takes more steps than it may."""


class PathSteps:
    """The steps that one search may take."""

    def __init__(self, most: int = MAX_STEPS) -> None:
        self.left = most

    def take(self, steps: int = 1) -> None:
        """Use ``steps`` up. Raises ``TooCostly`` when none are left."""
        self.left -= steps
        if self.left < 0:
            raise TooCostly


def find_values(path: Path, document: Any, steps: PathSteps) -> Iterator[Any]:
    """Every value that ``path`` names, in order. Raises ``TooCostly``."""
    return _follow(path.segments, [document], _Search(document, steps))


class _Search:
    """One search: its document, where queries that begin with ``$`` start, and its steps."""

    __slots__ = ("document", "take")

    def __init__(self, document: Any, steps: PathSteps) -> None:
        self.document, self.take = document, steps.take


def _follow(segments: Iterable[Segment], nodes: Iterable[Any], search: _Search) -> Iterator[Any]:
    for segment in segments:
        nodes = _step(segment, nodes, search)
    return iter(nodes)


def _step(segment: Segment, nodes: Iterable[Any], search: _Search) -> Iterator[Any]:
    for node in nodes:
        for parent in _descend(node, search) if segment.descends else (node,):
            for selector in segment.selectors:
                search.take()
                yield from _select(selector, parent, search)


def _descend(node: Any, search: _Search) -> Iterator[Any]:
    """The node, if it is an object or array, and all objects and arrays in it; each comes before those in
    it."""
    waiting = [node]
    while waiting:
        found = waiting.pop()
        if isinstance(found, (dict, list)):
            search.take(1 + len(found))
            yield found
            children = found.values() if isinstance(found, dict) else found
            waiting.extend(reversed([child for child in children if isinstance(child, (dict, list))]))


def _children(node: Any, search: _Search) -> Iterable[Any]:
    if not isinstance(node, (dict, list)):
        return ()
    search.take(len(node))
    return node.values() if isinstance(node, dict) else node


def _select(selector: Selector, node: Any, search: _Search) -> Iterable[Any]:
    match selector:
        case Name(name):
            return (node[name],) if isinstance(node, dict) and name in node else ()
        case Index(index):
            fits = isinstance(node, list) and -len(node) <= index < len(node)
            return (node[index],) if fits else ()
        case Slice(start, stop, step):
            return _cut(node, slice(start, stop, step), search) if isinstance(node, list) else ()
        case Filter(test):
            return (child for child in _children(node, search) if _holds(test, child, search))
    return _children(node, search)


def _cut(node: list[Any], cut: slice, search: _Search) -> Iterable[Any]:
    if cut.step == 0:
        return ()
    places = range(*cut.indices(len(node)))
    search.take(len(places))
    return (node[place] for place in places)


# ---- filters ----


def _holds(test: Test, node: Any, search: _Search) -> bool:
    search.take()
    match test:
        case Compare():
            left, right = _evaluate(test.left, node, search), _evaluate(test.right, node, search)
            return _compare(test.operator, left, right, search)
        case Exists(query):
            return next(_ask(query, node, search), _NOTHING) is not _NOTHING
        case Not(inside):
            return not _holds(inside, node, search)
        case Some(tests):
            return any(_holds(each, node, search) for each in tests)
        case Every(tests):
            return all(_holds(each, node, search) for each in tests)


def _ask(query: Query, node: Any, search: _Search) -> Iterator[Any]:
    return _follow(query.segments, [node if query.relative else search.document], search)


def _evaluate(operand: Operand, node: Any, search: _Search) -> Any:
    match operand:
        case Literal(value):
            return value
        case Query():
            return next(_ask(operand, node, search), _NOTHING)
        case Call("length", argument):
            value = _evaluate(argument, node, search)
            return len(value) if isinstance(value, (str, list, dict)) else _NOTHING
        case Call("count", Query() as query):
            return sum(1 for _ in _ask(query, node, search))
        case Call(_, Query() as query):
            found = _ask(query, node, search)
            value, more = next(found, _NOTHING), next(found, _NOTHING)
            return value if more is _NOTHING else _NOTHING
    return _NOTHING


def _compare(operator: str, left: Any, right: Any, search: _Search) -> bool:
    if operator == "==":
        return _is_equal(left, right, search)
    if operator == "!=":
        return not _is_equal(left, right, search)
    if operator in ("<=", ">=") and _is_equal(left, right, search):
        return True
    if _is_number(left) and _is_number(right):
        return bool(_ORDERS[operator](left, right))
    if isinstance(left, str) and isinstance(right, str):
        search.take(min(len(left), len(right)) // _CHARS_A_STEP)
        return bool(_ORDERS[operator](left, right))
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_equal(left: Any, right: Any, search: _Search) -> bool:
    """Whether two JSON values are equal. In Python ``True == 1``, in JSON not."""
    waiting = [(left, right)]
    while waiting:
        one, other = waiting.pop()
        search.take()
        if isinstance(one, dict) and isinstance(other, dict):
            if len(one) != len(other):
                return False
            search.take(len(one) + sum(map(len, one)) // _CHARS_A_STEP)
            if one.keys() != other.keys():
                return False
            waiting += [(value, other[name]) for name, value in one.items()]
        elif isinstance(one, list) and isinstance(other, list):
            if len(one) != len(other):
                return False
            search.take(len(one))
            waiting += zip(one, other, strict=True)
        elif isinstance(one, str) and isinstance(other, str):
            search.take(min(len(one), len(other)) // _CHARS_A_STEP)
            if one != other:
                return False
        elif _is_number(one) and _is_number(other):
            if one != other:
                return False
        elif one is not other:  # null, true, false, nothing: there is one of each
            return False
    return True
