"""A monitor that a source is reading: what is carried over, brought into our limits, and what is left out."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from core.folding import fold_case
from core.hosts import find_host
from core.values import CONTROL_CHARACTERS
from monitors.importing.entries import Entry, spell_word
from monitors.importing.loose import read_text
from monitors.validation import (
    MAX_INTERVAL_S,
    MAX_NAME_CHARS,
    MAX_RECHECK_S,
    MAX_RESULTS,
    MAX_TAG_CHARS,
    MAX_TAGS,
    MAX_TIMEOUT_S,
    default_interval_s,
    shortest_interval_s,
)
from probes.registry import HEARTBEAT

_SECRET_HEADER = re.compile(r"auth|cookie|token|secret|password|passwd|api[-_]?key|signature|session", re.I)
_MASKED = re.compile(r"[*•]+|\[?(redacted|masked|hidden)\]?", re.I)
_CONTROL = re.compile(CONTROL_CHARACTERS)
MAX_PERIOD_S, MAX_GRACE_S = 366 * 86_400, 31 * 86_400


def is_masked(secret: str) -> bool:
    """Whether a tool put stars in the place of a secret."""
    return bool(_MASKED.fullmatch(secret))


class Draft:
    """A monitor in the making. ``tool`` is the source's name, for sentences."""

    def __init__(self, tool: str, name: str, *, kind: str, url: str = "") -> None:
        self.tool, self.name, self.kind, self.url = tool, name, kind, url
        self.fields: dict[str, Any] = {}
        self.config: dict[str, Any] = {}
        self.tags: list[str] = []
        self.depends_on: list[str] = []
        self.left_out: list[str] = []
        self._take_login_of_url()

    def _take_login_of_url(self) -> None:
        """A URL carries no password here: ``config.auth`` does, which is stored encrypted."""
        parts = split_url(self.url)
        if parts is None:  # told as no valid URL, and shown: without what may be a password
            self.url = re.sub(r"//.*@", "//", self.url)
        if parts is None or "@" not in parts.netloc:
            return
        login, _, host = parts.netloc.rpartition("@")
        self.url = parts._replace(netloc=host).geturl()
        user, colon, password = login.partition(":")
        if self.kind in ("http", "websocket") and colon:
            self.set_basic_auth(unquote(user), unquote(password))
        elif login.strip(":"):
            self.leave_out("The login in its address is left out.")

    def leave_out(self, sentence: str) -> None:
        if sentence not in self.left_out:
            self.left_out.append(sentence)

    def leave_out_if(self, entry: Mapping[str, Any], what: Mapping[str, str]) -> None:
        """Leave out what ``entry`` has under the names of ``what``; an empty value is nothing. The values of
        ``what`` are what a sentence calls it, and why it is left out."""
        for name, told in what.items():
            value = entry.get(name)
            if value and not (isinstance(value, str) and not value.strip()):
                owner = f"{self.tool}'" if self.tool.endswith("s") else f"{self.tool}'s"
                self.leave_out(f"{owner} {told}")

    def set_config(self, **values: Any) -> None:
        """Set the fields that have a value."""
        self.config |= {name: value for name, value in values.items() if value not in (None, "")}

    def set_basic_auth(self, user: str, password: str) -> None:
        """``password`` is left out where the file has none, or stars in its place."""
        if not user and not password:
            return
        if not password or is_masked(password):
            self.leave_out("The login is left out: the file has no password. Enter both again.")
        else:
            self.config["auth"] = {"type": "basic", "username": user, "password": password}

    def set_bearer(self, token: str) -> None:
        if not token or is_masked(token):
            self.leave_out("The bearer token is left out: the file has none. Enter it again.")
        else:
            self.config["auth"] = {"type": "bearer", "token": token}

    def set_headers(self, headers: Iterable[tuple[str, Any]]) -> None:
        """Carry the headers; those that look like credentials become secrets."""
        given: dict[str, Any] = {}
        for name, raw in headers:
            value = raw.strip() if isinstance(raw, str) else read_text(raw)
            if not name:
                continue
            if is_masked(value):
                self.leave_out(
                    f"The header {spell_word(name)} is left out: the file has no value. Enter it again."
                )
            elif name.lower() == "authorization" and "auth" in self.config:
                self.leave_out("The header Authorization is left out, because there is a login, too.")
            else:
                given[name] = {"value": value, "secret": True} if _SECRET_HEADER.search(name) else value
        if given:
            self.config["headers"] = {**self.config.get("headers", {}), **given}

    def has_header(self, name: str) -> bool:
        return name.lower() in {each.lower() for each in self.config.get("headers", {})}

    def set_interval(self, seconds: float | None) -> None:
        """``None`` leaves the default. Outside our limits, the nearest that we have is taken, and told."""
        if seconds is None:
            return
        low = shortest_interval_s(self.kind)
        self.fields["interval_s"] = self._fit("interval", seconds, low, MAX_INTERVAL_S, "s")

    def set_timeout(self, seconds: float | None) -> None:
        """After ``set_interval``: a timeout is not longer than the interval."""
        if seconds is None or seconds <= 0 or self.kind == HEARTBEAT:
            return
        interval_s = int(self.fields.get("interval_s", default_interval_s(self.kind)))
        self.fields["timeout_s"] = self._fit(
            "timeout", math.ceil(seconds), 1, min(MAX_TIMEOUT_S, interval_s), "s"
        )

    def set_recheck(self, seconds: float | None) -> None:
        if seconds is not None:
            self.fields["recheck_s"] = self._fit("delay before a retry", seconds, 1, MAX_RECHECK_S, "s")

    def set_fail_after(self, failures: float | None) -> None:
        if failures is not None:
            self.fields["fail_after"] = self._fit("number of failures", failures, 1, MAX_RESULTS, "")

    def set_recover_after(self, passes: float | None) -> None:
        if passes is not None:
            self.fields["recover_after"] = self._fit("number of passes", passes, 1, MAX_RESULTS, "")

    def set_degraded(self, milliseconds: float | None) -> None:
        if milliseconds:
            self.config["degraded_ms"] = self._fit("limit of slowness", milliseconds, 1, 600_000, "ms")

    def set_schedule(self, period_s: float | None, grace_s: float | None) -> None:
        if period_s is not None:
            self.config["period_s"] = self._fit("period", period_s, 10, MAX_PERIOD_S, "s")
        if grace_s is not None:
            self.config["grace_s"] = self._fit("grace", grace_s, 0, MAX_GRACE_S, "s")

    def _fit(self, what: str, value: float, low: int, high: int, unit: str) -> int:
        fitted = min(max(round(value), low), high)
        if abs(fitted - value) >= 0.5:
            limit = "least" if value < low else "most"
            was, now = (f"{number:,.10g} {unit}".strip() for number in (value, fitted))
            self.leave_out(f"The {what} of {was} became {now}, the {limit} there is here.")
        return fitted

    def finish(self) -> Entry:
        row: dict[str, Any] = {"name": self._fit_name(), "kind": self.kind, "url": self.url, **self.fields}
        if self.config:
            row["config"] = self.config
        if tags := self._fit_tags():
            row["tags"] = tags
        if self.depends_on:
            row["depends_on"] = self.depends_on
        return Entry(row, tuple(self.left_out))

    def _fit_name(self) -> str:
        name = " ".join(_CONTROL.sub(" ", self.name).split()) or self.url or self.kind
        if len(name) > MAX_NAME_CHARS:
            self.leave_out(f"The name was cut to {MAX_NAME_CHARS} characters.")
            name = name[:MAX_NAME_CHARS].strip()
        return name

    def _fit_tags(self) -> list[str]:
        tags: dict[str, str] = {}
        for raw in self.tags:
            tag = " ".join(_CONTROL.sub(" ", raw).split())
            if len(tag) > MAX_TAG_CHARS:
                self.leave_out(f"A tag was cut to {MAX_TAG_CHARS} characters.")
                tag = tag[:MAX_TAG_CHARS].strip()
            if tag:
                tags.setdefault(fold_case(tag), tag)
        if len(tags) > MAX_TAGS:
            self.leave_out(f"Tags after the first {MAX_TAGS} are left out; there are {len(tags)}.")
        return list(tags.values())[:MAX_TAGS]


def split_url(url: str) -> SplitResult | None:
    """None for what is no URL with a host."""
    try:
        parts = urlsplit(url.strip())
        return parts if parts.scheme and parts.netloc else None
    except ValueError:
        return None


def spell_address(url: str, *, default_port: int | None = None) -> str:
    """``host:port`` of a URL such as ``tcp://host:port``, without its login; "" where there is none."""
    parts = split_url(url)
    if parts is None:
        return ""
    try:
        port = parts.port or default_port
        host = find_host(parts)
    except ValueError:
        return ""
    if not host or not port:
        return ""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def spell_host(url: str) -> str:
    """The host of a URL, or of ``host:port``, or the text itself."""
    parts = split_url(url)
    return find_host(parts) if parts else url.strip()


def join_port(host: str, port: Any) -> str:
    """``host:port``; the host as it is where it has a port already, or there is none."""
    number = read_text(port)
    if not number or not host:
        return host
    if host.count(":") > 1 and not host.startswith("["):
        return f"[{host}]:{number}"
    return host if re.search(r"(^[^:]+|\]):\d+$", host) else f"{host}:{number}"
