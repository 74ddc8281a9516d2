"""Shows a result to a person in a terminal. Pure: from a result to lines of text."""

from datetime import datetime

from core.formats import say_utc
from probes.certificates import Certificate
from probes.result import CheckResult, Status

_NAMES = {
    "dns_ms": "Name lookup",
    "connect_ms": "Connect",
    "tls_ms": "TLS handshake",
    "first_byte_ms": "First byte",
    "download_ms": "Download",
}
_COLOURS = {Status.UP: "32", Status.DEGRADED: "33", Status.DOWN: "31", Status.UNKNOWN: "35"}
_EIGHTHS = " ▏▎▍▌▋▊▉█"
WIDTH = 40


def render_result(
    result: CheckResult, *, target: str, now: datetime, certificate: Certificate | None, colour: bool
) -> str:
    """Draw the phases as a waterfall, then the certificate, then the judgement."""
    lines = [_paint(target, "1", colour=colour), *_draw_phases(result, colour=colour)]
    if certificate is not None:
        lines += ["", *_describe_certificate(certificate, now=now)]
    if result.domain_expires_at is not None:
        at = result.domain_expires_at
        lines += ["", f"  Registered until {say_utc(at)}, {_say_left(at, now=now)}"]
    return "\n".join([*lines, "", _paint(_say_verdict(result), _COLOURS[result.status], colour=colour)])


def _draw_phases(result: CheckResult, *, colour: bool) -> list[str]:
    phases = [(name, getattr(result.timings, field)) for field, name in _NAMES.items()]
    total_ms = result.timings.total_ms
    scale = max(total_ms or 0, sum(ms or 0 for _, ms in phases), 1) / WIDTH
    lines, start_ms = [], 0
    for name, ms in phases:
        if ms is not None:
            bar = _draw_bar(start_ms / scale, ms / scale)
            lines.append(f"  {name:<14}{_paint(f'{bar:<{WIDTH + 1}}', '36', colour=colour)}{ms:>7} ms")
            start_ms += ms
    if total_ms is not None:
        lines.append(f"  {'Total':<14}{'':<{WIDTH + 1}}{total_ms:>7} ms")
    return lines


def _draw_bar(start: float, width: float) -> str:
    whole, rest = divmod(round(width * 8), 8)
    bar = "█" * whole + (_EIGHTHS[rest] if rest else "")
    return " " * min(round(start), WIDTH) + (bar or "▏")


def _describe_certificate(certificate: Certificate, *, now: datetime) -> list[str]:
    names = ", ".join(certificate.names[:6]) + (", …" if len(certificate.names) > 6 else "")
    left = _say_left(certificate.expires_at, now=now)
    return [
        f"  Certificate   {certificate.subject or '(no subject)'}",
        f"  Issuer        {certificate.issuer}",
        f"  Valid until   {say_utc(certificate.expires_at)}, {left}",
        f"  Names         {names or '(none)'}",
    ]


def _say_left(expires_at: datetime, *, now: datetime) -> str:
    if expires_at < now:
        return f"expired {(now - expires_at).days} days ago"
    return f"{(expires_at - now).days} days left"


def _say_verdict(result: CheckResult) -> str:
    facts = []
    if result.http_status is not None:
        facts.append(f"HTTP {result.http_status}")
    if result.http_version:
        facts.append(f"over HTTP/{result.http_version}")
    if result.size_bytes is not None:
        facts.append(f"{result.size_bytes} bytes")
    if result.address:
        facts.append(f"from {result.address}")
    said = f"{result.status.upper()}: {result.error} ({result.error_code})" if result.error_code else "UP"
    return f"{said} {'– ' if facts else ''}{', '.join(facts)}".rstrip()


def _paint(text: str, code: str, *, colour: bool) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if colour else text
