"""Gatus' conditions (https://github.com/TwiN/gatus#conditions) as fields of a configuration.

All of them must hold there. A sentence about one that is left out names its left side only: the right side
may be a secret.
"""

import math
import re
from collections.abc import Callable, Iterable

from monitors.importing.draft import Draft
from monitors.importing.loose import read_number, read_seconds

_CONDITION = re.compile(r"(.+?)\s*(==|!=|<=|>=|<|>)\s*(.*)")
_FUNCTION = re.compile(r"(any|pat)\((.*)\)", re.S)
_CONTAINS = re.compile(r"\*([^*?\[\]\\]+)\*")
MAX_CONDITIONS = 20
"""Of an endpoint."""
_PLAIN = re.compile(r"[\w.()\[\]-]{1,80}")
_CODES = range(100, 600)
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def carry_conditions(draft: Draft, conditions: Iterable[str]) -> None:
    codes = set(_CODES)
    for number, written in enumerate(conditions):
        if number == MAX_CONDITIONS:
            draft.leave_out(f"Conditions after the first {MAX_CONDITIONS} are left out.")
            break
        found = _CONDITION.fullmatch(written)
        left, operator, right = found.groups() if found else (written, "", "")
        if left == "[STATUS]" and draft.kind == "http":
            chosen = _choose_codes(operator, right)
            if chosen is None:
                _leave_out(draft, left)
            else:
                codes &= chosen
        elif not _carry(draft, left, operator, right):
            _leave_out(draft, left)
    if draft.kind == "http":
        draft.config["expected_status"] = _spell_codes(codes)


def _leave_out(draft: Draft, left: str) -> None:
    if left == "[DOMAIN_EXPIRATION]":
        draft.leave_out("A condition on the domain's end is left out: make a monitor of kind domain for it.")
        return
    what = left if _PLAIN.fullmatch(left) else "something else"
    draft.leave_out(f"A condition on {what} is left out: SentryPulse has none like it.")


def _choose_codes(operator: str, right: str) -> set[int] | None:
    """The statuses that fit; None for a condition that is not understood."""
    function = _FUNCTION.fullmatch(right)
    if function and function[1] == "any":
        wanted = {read_number(part) for part in function[2].split(",")}
        fitting = {code for code in _CODES if code in wanted}
    elif function:
        pattern = ".*".join(re.escape(part) for part in function[2].split("*")[:10])
        fitting = {code for code in _CODES if re.fullmatch(pattern, str(code))}
    elif (number := read_number(right)) is not None:
        return {code for code in _CODES if _COMPARE[operator](code, number)}
    else:
        return None
    return fitting if operator == "==" else set(_CODES) - fitting if operator == "!=" else None


def _spell_codes(codes: set[int]) -> str:
    """``200-299,404``. Nothing that fits is spelled as all: the monitor would be down for ever."""
    ranges: list[list[int]] = []
    for code in sorted(codes or _CODES):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in ranges)


def _carry(draft: Draft, left: str, operator: str, right: str) -> bool:
    """Whether the condition was carried, or holds anyway."""
    if left == "[CONNECTED]":
        return (operator, right) == ("==", "true")
    if left == "[DNS_RCODE]":
        return (operator, right) == ("==", "NOERROR")
    if left == "[RESPONSE_TIME]" and operator in ("<", "<="):
        return _carry_slowness(draft, right)
    if left == "[CERTIFICATE_EXPIRATION]" and operator in (">", ">="):
        return _carry_expiry(draft, right)
    if left == "[BODY]":
        return _carry_body(draft, operator, right)
    if left.startswith(("[BODY].", "[BODY][", "has([BODY]")) and draft.kind == "http":
        return _carry_path(draft, left, operator, right)
    return False


def _carry_slowness(draft: Draft, right: str) -> bool:
    limit_ms = read_number(right)
    if limit_ms is None:
        seconds = read_seconds(right)
        limit_ms = None if seconds is None else seconds * 1000
    if not limit_ms or limit_ms < 1 or draft.kind == "heartbeat":
        return False
    draft.set_degraded(limit_ms)
    draft.leave_out("A slower answer makes it degraded here, not down.")
    return True


def _carry_expiry(draft: Draft, right: str) -> bool:
    seconds = read_seconds(right)
    if seconds is None or draft.kind not in ("http", "tls", "smtp", "websocket"):
        return False
    draft.config["tls_expiry_days"] = min(math.ceil(seconds / 86_400), 365)
    draft.leave_out("A certificate that ends soon makes it degraded here, not down; days are whole.")
    return True


def _carry_body(draft: Draft, operator: str, right: str) -> bool:
    function = _FUNCTION.fullmatch(right)
    contained = _CONTAINS.fullmatch(function[2]) if function and function[1] == "pat" else None
    if draft.kind == "dns" and operator == "==":
        return _carry_records(draft, right, contained[1] if contained else "")
    if draft.kind in ("tcp", "websocket") and operator == "==" and (contained or not function):
        if "expect" in draft.config:
            return False
        draft.set_config(expect=contained[1] if contained else right)
        if not contained:
            draft.leave_out("The answer must contain the text of the condition, not be equal to it.")
        return True
    if draft.kind != "http" or "keyword" in draft.config or operator not in ("==", "!="):
        return False
    if contained:
        draft.set_config(keyword=contained[1], keyword_absent=operator == "!=" or None)
        return True
    if function or operator == "!=" or not right:
        return False
    draft.set_config(keyword=right)
    draft.leave_out("The body must contain the text of the condition, not be equal to it.")
    return True


def _carry_records(draft: Draft, right: str, contained: str) -> bool:
    if "expected" in draft.config:
        return False
    function = _FUNCTION.fullmatch(right)
    if contained:
        draft.set_config(expected=[contained], match="contains")
    elif function and function[1] == "any":
        draft.set_config(expected=[part.strip() for part in function[2].split(",") if part.strip()][:50])
    elif function or not right:
        return False
    else:
        draft.set_config(expected=[right])
    return True


def _carry_path(draft: Draft, left: str, operator: str, right: str) -> bool:
    """One path is carried; ``json_equals`` takes "1" for the number 1, too."""
    if "json_path" in draft.config:
        return False
    has = left.startswith("has(")
    path = "$" + left.removeprefix("has(").removeprefix("[BODY]").removesuffix(")" if has else "")
    if not re.fullmatch(r"\$(\.[A-Za-z_][\w-]*|\[\d+\])+", path):
        return False
    path = re.sub(r"\.([A-Za-z_]\w*-[\w-]*)", r"['\1']", path)
    if has:
        if (operator, right) != ("==", "true"):
            return False
        draft.set_config(json_path=path)
        return True
    if operator != "==" or _FUNCTION.fullmatch(right) or right.startswith("[") or not right:
        return False
    draft.set_config(json_path=path, json_equals=right)
    return True
