"""Check and rewrite a team's own CSS, token by token: it may fetch nothing and may style nothing but the
page.

What is not on a list of harmless CSS is refused; the error names the line and column. Each selector is put
below ``SCOPE``. The warning of stale data stands outside of ``SCOPE``, so that no CSS can hide it.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import tinycss2

SCOPE = ".page"
MAX_CHARS, MAX_DEPTH = 20_000, 12
_RULES_IN = ("media", "supports")
_PROPERTY = re.compile(r"--[\w-]+|-?[a-z][a-z0-9-]*", re.ASCII)
_REFUSED_PROPERTIES = {"behavior", "-moz-binding", "-ms-behavior", "src", "filter-url"}
_TEXT_PROPERTIES = {
    "content",
    "font-family",
    "font",
    "quotes",
    "grid-template-areas",
    "grid-template",
    "grid",
}
_FUNCTIONS = frozenset(
    """
    blur brightness calc circle clamp color color-mix conic-gradient contrast counter counters cubic-bezier
    drop-shadow ellipse fit-content grayscale hsl hsla hue-rotate hwb inset invert lab lch light-dark linear
    linear-gradient matrix matrix3d max min minmax oklab oklch opacity perspective polygon radial-gradient
    repeat repeating-conic-gradient repeating-linear-gradient repeating-radial-gradient rgb rgba rotate
    rotate3d rotatex rotatey rotatez saturate scale scale3d scalex scaley sepia skew skewx skewy steps
    translate translate3d translatex translatey translatez var
    """.split()  # noqa: SIM905  # easier to read
)
_SELECTOR_FUNCTIONS = frozenset(
    ("not", "is", "where", "has", "nth-child", "nth-last-child", "nth-of-type", "lang")
)
_ROOTS = {"html", "body"}


class CssRefused(ValueError):
    """The style sheet is refused. The text names the place and the reason."""


def clean_css(text: str) -> str:
    """``text`` rewritten as safe CSS. Raises ``CssRefused``."""
    if len(text) > MAX_CHARS:
        raise CssRefused(f"A style sheet has at most {MAX_CHARS:,} characters; this one has {len(text):,}.")
    _check_depth(text)
    rules = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
    css = "\n".join(_clean_rules(rules))
    if "<" in css:  # the checks above let none through; this is a second line of defence
        raise CssRefused("A style sheet holds no “<”; write (max-width: 600px) instead of (width < 600px).")
    return css


def _check_depth(text: str) -> None:
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth > MAX_DEPTH:
            raise CssRefused(f"Brackets are nested more than {MAX_DEPTH} deep.")


def _refuse(node: Any, why: str) -> CssRefused:
    return CssRefused(f"Line {node.source_line}, column {node.source_column}: {why}")


def _clean_rules(rules: Iterable[Any]) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            yield f"{_clean_selectors(rule)}{{{_clean_declarations(rule.content)}}}"
        elif rule.type == "at-rule":
            yield _clean_at_rule(rule)
        elif rule.type == "error":
            raise _refuse(rule, f"this cannot be read ({rule.message}).")


def _clean_at_rule(rule: Any) -> str:
    name = rule.lower_at_keyword
    if rule.content is None or name not in (*_RULES_IN, "keyframes"):
        raise _refuse(rule, f"@{name[:30]} is not taken here; @media, @supports and @keyframes are.")
    _check_tokens(rule.prelude, functions=_FUNCTIONS)
    prelude = tinycss2.serialize(rule.prelude).strip()
    rules = tinycss2.parse_rule_list(rule.content, skip_comments=True, skip_whitespace=True)
    inner = _clean_frames(rules) if name == "keyframes" else _clean_rules(rules)
    return f"@{name} {prelude}{{{''.join(inner)}}}"


def _clean_frames(rules: Iterable[Any]) -> Iterator[str]:
    for rule in rules:
        if rule.type != "qualified-rule":
            raise _refuse(rule, "@keyframes holds frames such as from, 50% and to.")
        _check_tokens(rule.prelude, functions=frozenset())
        yield f"{tinycss2.serialize(rule.prelude).strip()}{{{_clean_declarations(rule.content)}}}"


def _clean_selectors(rule: Any) -> str:
    """The rule's selectors, each below ``SCOPE``. ``:root``, ``html`` and ``body`` become ``SCOPE``
    itself."""
    _check_tokens(rule.prelude, functions=_SELECTOR_FUNCTIONS, strings=True)
    selectors = [_strip(part) for part in _split(rule.prelude)]
    if not all(selectors):
        raise _refuse(rule, "a selector is missing.")
    return ",".join(_scope(part) for part in selectors)


def _split(tokens: Sequence[Any]) -> list[list[Any]]:
    parts: list[list[Any]] = [[]]
    for token in tokens:
        if token.type == "literal" and token.value == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _strip(tokens: list[Any]) -> list[Any]:
    while tokens and tokens[0].type in ("whitespace", "comment"):
        tokens = tokens[1:]
    while tokens and tokens[-1].type in ("whitespace", "comment"):
        tokens = tokens[:-1]
    return tokens


def _scope(tokens: list[Any]) -> str:
    first = tokens[0]
    if first.type == "ident" and first.lower_value in _ROOTS:
        return f"{SCOPE}{tinycss2.serialize(tokens[1:])}"
    pseudo = tokens[1] if first.type == "literal" and first.value == ":" and len(tokens) > 1 else None
    if pseudo is not None and pseudo.type == "ident" and pseudo.lower_value == "root":
        return f"{SCOPE}{tinycss2.serialize(tokens[2:])}"
    if first.type == "literal" and first.value in {">", "+", "~", "&", "|"}:
        raise _refuse(first, f"a selector begins with a name, not with {first.value!r}.")
    return f"{SCOPE} {tinycss2.serialize(tokens)}"


def _clean_declarations(content: Sequence[Any]) -> str:
    kept = []
    for found in tinycss2.parse_blocks_contents(content, skip_comments=True, skip_whitespace=True):
        if found.type == "error":
            raise _refuse(found, f"this cannot be read ({found.message}).")
        if found.type != "declaration":
            raise _refuse(found, "rules are not nested here; write them one after the other.")
        name = found.lower_name
        if not _PROPERTY.fullmatch(name) or name in _REFUSED_PROPERTIES:
            raise _refuse(found, f"the property {name[:40]!r} is not taken.")
        _check_tokens(found.value, functions=_FUNCTIONS, strings=name in _TEXT_PROPERTIES)
        important = "!important" if found.important else ""
        kept.append(f"{name}:{tinycss2.serialize(found.value).strip()}{important}")
    return ";".join(kept)


def _check_tokens(tokens: Sequence[Any], *, functions: frozenset[str], strings: bool = False) -> None:
    for token in tokens:
        if token.type == "url":
            raise _refuse(token, "a page fetches nothing: url() is not taken.")
        if token.type == "error":
            raise _refuse(token, f"this cannot be read ({token.message}).")
        if token.type == "function":
            if token.lower_name not in functions:
                raise _refuse(token, f"the function {token.lower_name[:40]}() is not taken.")
            _check_tokens(token.arguments, functions=functions, strings=strings)
        elif token.type in ("() block", "[] block", "{} block"):
            _check_tokens(token.content, functions=functions, strings=strings or token.type == "[] block")
        elif token.type == "string" and not strings:
            raise _refuse(token, "text in quotes is not taken here.")
        elif token.type in ("at-keyword", "unicode-range"):
            raise _refuse(token, "this is not taken here.")
        if token.type in ("string", "ident", "literal", "hash") and "<" in str(token.value):
            raise _refuse(token, "“<” is not taken.")
