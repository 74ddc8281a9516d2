"""Parses the text of a path (RFC 9535, section 2). Pure. Refuses what is nested too deep."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NoReturn

MAX_DEPTH = 10
"""Levels of brackets within brackets."""
MAX_DESCENTS = 2
"""A path with nested descents (``..``) visits the nodes of a document once for each descent. Two are enough
for any sensible document."""
_MAX_INT = 2**53 - 1
FUNCTIONS = ("length", "count", "value")


class PathError(ValueError):
    """Why the text is no path, in a sentence."""


@dataclass(frozen=True, slots=True)
class Name:
    name: str


@dataclass(frozen=True, slots=True)
class Index:
    index: int


@dataclass(frozen=True, slots=True)
class Slice:
    start: int | None
    stop: int | None
    step: int | None


@dataclass(frozen=True, slots=True)
class Wildcard:
    pass


@dataclass(frozen=True, slots=True)
class Query:
    """A query within a filter. ``relative``: it begins at the node that the filter looks at (``@``),
    otherwise at the document (``$``)."""

    relative: bool
    segments: "tuple[Segment, ...]"

    @property
    def is_singular(self) -> bool:
        """Whether it finds one value at most."""
        return all(
            not segment.descends
            and len(segment.selectors) == 1
            and isinstance(segment.selectors[0], (Name, Index))
            for segment in self.segments
        )


@dataclass(frozen=True, slots=True)
class Literal:
    value: Any


@dataclass(frozen=True, slots=True)
class Call:
    name: str
    argument: "Query | Literal | Call"


@dataclass(frozen=True, slots=True)
class Compare:
    operator: str
    left: "Query | Literal | Call"
    right: "Query | Literal | Call"


@dataclass(frozen=True, slots=True)
class Exists:
    query: Query


@dataclass(frozen=True, slots=True)
class Not:
    inside: "Test"


@dataclass(frozen=True, slots=True)
class Some:
    """Tests with ``||`` between them: one must pass. ``Every`` stands for ``&&``."""

    tests: "tuple[Test, ...]"


@dataclass(frozen=True, slots=True)
class Every:
    tests: "tuple[Test, ...]"


Test = Compare | Exists | Not | Some | Every


@dataclass(frozen=True, slots=True)
class Filter:
    test: Test


Selector = Name | Index | Slice | Wildcard | Filter
Operand = Query | Literal | Call


@dataclass(frozen=True, slots=True)
class Segment:
    descends: bool
    selectors: tuple[Selector, ...]


class Path(Query):
    """A whole path: ``$`` and its segments."""

    __slots__ = ()


@lru_cache(maxsize=512)
def parse_path(text: str) -> Path:
    """The path that ``text`` spells. Raises ``PathError``."""
    reader = _Reader(text)
    reader.expect("$")
    path = Path(relative=False, segments=reader.read_segments())
    if reader.at < len(text):
        reader.fail("something else was expected")
    if reader.descents > MAX_DESCENTS:
        raise PathError(f"A JSON path may descend (..) at most {MAX_DESCENTS} times.")
    return path


_BLANK = re.compile(r"[ \t\n\r]*")
_SHORTHAND = re.compile(r"[A-Za-z_\x80-\ud7ff\ue000-\U0010ffff][-0-9A-Za-z_\x80-\ud7ff\ue000-\U0010ffff]*")
"""Of RFC 9535, and with hyphens: ``$.build-number``. There is no arithmetic, so "-" means nothing else."""
_INT = re.compile(r"0|-?[1-9][0-9]{0,15}")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,30})(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?")
_WORD = re.compile(r"[a-z][a-z_0-9]*")
_OPERATOR = re.compile(r"==|!=|<=|>=|<|>")
_ESCAPES = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "/": "/", "\\": "\\"}
_CONSTANTS = {"true": True, "false": False, "null": None}


class _Reader:
    """Reads a path from left to right. ``at`` is the position of the next character."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth, self.descents = text, 0, 0, 0

    def fail(self, why: str) -> NoReturn:
        raise PathError(
            f"This is not a valid JSON path: {why} at character {self.at + 1}. Write it like $.data.status."
        )

    def skip_blank(self) -> None:
        match = _BLANK.match(self.text, self.at)
        self.at = match.end() if match else self.at

    def take(self, token: str) -> bool:
        """Read blanks and ``token``. When something else comes, read nothing and return False."""
        before = self.at
        self.skip_blank()
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        self.at = before
        return False

    def expect(self, token: str) -> None:
        if not self.text.startswith(token, self.at):
            self.fail(f"{token} was expected")
        self.at += len(token)

    def match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match[0]

    def nested(self, read: Callable[[], Any]) -> Any:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"brackets are nested more than {MAX_DEPTH} deep")
        found = read()
        self.depth -= 1
        return found

    # ---- segments and selectors ----

    def read_segments(self) -> tuple[Segment, ...]:
        segments: list[Segment] = []
        while (segment := self._read_segment()) is not None:
            segments.append(segment)
        return tuple(segments)

    def _read_segment(self) -> Segment | None:
        if self.take(".."):
            self.descents += 1
            if self.text.startswith("[", self.at):
                self.at += 1
                return Segment(descends=True, selectors=self.nested(self._read_selectors))
            return Segment(descends=True, selectors=(self._read_shorthand(),))
        if self.take("."):
            return Segment(descends=False, selectors=(self._read_shorthand(),))
        if self.take("["):
            return Segment(descends=False, selectors=self.nested(self._read_selectors))
        return None

    def _read_shorthand(self) -> Selector:
        if self.text.startswith("*", self.at):
            self.at += 1
            return Wildcard()
        name = self.match(_SHORTHAND)
        if not name:
            self.fail("a name, [ or * was expected")
        return Name(name)

    def _read_selectors(self) -> tuple[Selector, ...]:
        selectors = [self._read_selector()]
        while self.take(","):
            selectors.append(self._read_selector())
        self.skip_blank()
        self.expect("]")
        return tuple(selectors)

    def _read_selector(self) -> Selector:
        self.skip_blank()
        here = self.text[self.at : self.at + 1]
        if here and here in "'\"":
            return Name(self._read_string())
        if here == "*":
            self.at += 1
            return Wildcard()
        if here == "?":
            self.at += 1
            return Filter(self._read_some())
        return self._read_index_or_slice()

    def _read_index_or_slice(self) -> Selector:
        first = self._read_int()
        if not self.take(":"):
            if first is None:
                self.fail("a selector such as 'name', 0, * or ?@.up was expected")
            return Index(first)
        self.skip_blank()
        second = self._read_int()
        third = None
        if self.take(":"):
            self.skip_blank()
            third = self._read_int()
        return Slice(first, second, third)

    def _read_int(self) -> int | None:
        digits = self.match(_INT)
        if digits and abs(int(digits)) > _MAX_INT:
            self.fail("the number is too large")
        return int(digits) if digits else None

    # ---- filters ----

    def _read_some(self) -> Test:
        tests = [self._read_every()]
        while self.take("||"):
            tests.append(self._read_every())
        return tests[0] if len(tests) == 1 else Some(tuple(tests))

    def _read_every(self) -> Test:
        tests = [self._read_test()]
        while self.take("&&"):
            tests.append(self._read_test())
        return tests[0] if len(tests) == 1 else Every(tuple(tests))

    def _read_test(self) -> Test:
        negated = False
        self.skip_blank()
        if self.text.startswith("!", self.at) and not self.text.startswith("!=", self.at):
            self.at += 1
            negated = True
        if self.take("("):
            test: Test = self.nested(self._read_some)
            self.skip_blank()
            self.expect(")")
        else:
            test = self._read_comparison(negated=negated)
        return Not(test) if negated else test

    def _read_comparison(self, *, negated: bool) -> Test:
        left = self._read_operand()
        before = self.at
        self.skip_blank()
        operator = "" if negated else self.match(_OPERATOR)
        if not operator:
            self.at = before
            if not isinstance(left, Query):
                self.fail("a comparison such as == was expected")
            return Exists(left)
        right = self._read_operand()
        for side in (left, right):
            if isinstance(side, Query) and not side.is_singular:
                self.fail("what is compared must name one value; without *, .., slices and filters")
        return Compare(operator, left, right)

    def _read_operand(self) -> Operand:
        self.skip_blank()
        here = self.text[self.at : self.at + 1]
        if here and here in "@$":
            self.at += 1
            return Query(relative=here == "@", segments=self.nested(self.read_segments))
        if here and here in "'\"":
            return Literal(self._read_string())
        if here.isdigit() or here == "-":
            return Literal(self._read_number())
        word = self.match(_WORD)
        if word in _CONSTANTS:
            return Literal(_CONSTANTS[word])
        return self._read_call(word)

    def _read_number(self) -> int | float:
        digits = self.match(_NUMBER)
        if not digits:
            self.fail("a number was expected")
        return float(digits) if set(digits) & set(".eE") else int(digits)

    def _read_call(self, word: str) -> Call:
        if word in ("match", "search"):
            raise PathError("A JSON path must not use regular expressions here; compare the value instead.")
        if word not in FUNCTIONS:
            self.fail(f"@, $, a literal or one of the functions {', '.join(FUNCTIONS)} was expected")
        self.expect("(")
        argument = self.nested(self._read_operand)
        self.skip_blank()
        self.expect(")")
        if word != "length" and not isinstance(argument, Query):
            self.fail(f"{word}() takes a query such as @.items")
        if word == "length" and isinstance(argument, Query) and not argument.is_singular:
            self.fail("length() takes what names one value")
        return Call(word, argument)

    # ---- strings ----

    def _read_string(self) -> str:
        quote, found = self.text[self.at], list[str]()
        self.at += 1
        while True:
            here = self.text[self.at : self.at + 1]
            if not here or here < " ":
                self.fail(f"{quote} was expected")
            self.at += 1
            if here == quote:
                return "".join(found)
            found.append(self._read_escape(quote) if here == "\\" else here)

    def _read_escape(self, quote: str) -> str:
        here = self.text[self.at : self.at + 1]
        self.at += 1
        if here == quote or here in _ESCAPES:
            return _ESCAPES.get(here, here)
        if here != "u":
            self.fail("an escape such as \\n was expected")
        code = self._read_hex()
        if 0xD800 <= code < 0xDC00 and self.text.startswith("\\u", self.at):
            self.at += 2
            low = self._read_hex()
            if 0xDC00 <= low < 0xE000:
                return chr(0x10000 + ((code - 0xD800) << 10) + low - 0xDC00)
        if 0xD800 <= code < 0xE000:
            self.fail("half a character was escaped")
        return chr(code)

    def _read_hex(self) -> int:
        digits = self.text[self.at : self.at + 4]
        if not re.fullmatch(r"[0-9A-Fa-f]{4}", digits):
            self.fail("four hexadecimal digits were expected")
        self.at += 4
        return int(digits, 16)
