"""Why a monitor fails, as the probes say it, by kind: error code, sentence, HTTP status. Pure."""

from typing import NamedTuple

from probes.errors import ErrorCode


class SimulatedFault(NamedTuple):
    code: ErrorCode
    sentence: str
    http_status: int | None = None


_TIMEOUT = SimulatedFault(
    ErrorCode.CONNECT_TIMEOUT, "No connection within 10 s; nothing answered at 127.0.0.1."
)
_REFUSED = SimulatedFault(
    ErrorCode.CONNECT_REFUSED, "127.0.0.1 refused the connection; nothing listens on the port."
)
_REASONS: dict[str, tuple[SimulatedFault, ...]] = {
    "http": (
        SimulatedFault(ErrorCode.HTTP_STATUS, "Expected 200-299, got 503.", 503),
        SimulatedFault(ErrorCode.HTTP_STATUS, "Expected 200-299, got 502.", 502),
        SimulatedFault(ErrorCode.TIMEOUT_TOTAL, "Connected, but no answer came within 10 s."),
        _TIMEOUT,
    ),
    "tcp": (_REFUSED, _TIMEOUT),
    "dns": (SimulatedFault(ErrorCode.DNS_TIMEOUT, "The name was not resolved within 10 s."),),
    "tls": (
        SimulatedFault(ErrorCode.TLS_TIMEOUT, "Connected, but the TLS handshake did not end within 10 s."),
        _REFUSED,
    ),
    "ping": (SimulatedFault(ErrorCode.PING_LOST, "3 of 3 echo requests to 127.0.0.1 stayed unanswered."),),
    "heartbeat": (SimulatedFault(ErrorCode.HEARTBEAT_FAILED, "The job ended with exit status 1."),),
}


def reason_of(kind: str, number: int) -> SimulatedFault:
    """One of the reasons of a monitor's kind, by any number."""
    reasons = _REASONS[kind]
    return reasons[number % len(reasons)]
