"""One check on its way: what has been measured so far, and how it ends in a result."""

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, Protocol

from core.descriptors import was_short
from probes.certificates import Certificate
from probes.errors import LOOKUP_CODES, NETWORK_CODES, SHORT, ErrorCode
from probes.expiry import find_passed, list_thresholds, say_days
from probes.guard import BlockedAddress, Guard
from probes.result import ERROR_MAX_CHARS, CheckResult, Status, Timings
from probes.routes import explain_no_name_server, explain_no_route
from probes.spec import CheckSpec
from probes.stillness import our_process


@dataclass(frozen=True, slots=True)
class Judgement:
    """The judgement of a probe: status, error code and sentence."""

    status: Status
    code: ErrorCode | None = None
    sentence: str = ""


UP = Judgement(Status.UP)
LATE_S = 5.0
"""Seconds. The failure of a check that ends so much later than its timeout says something of this process,
not of the target."""
_UNREACHED = LOOKUP_CODES | {ErrorCode.CONNECT_FAILED, ErrorCode.CONNECT_TIMEOUT, ErrorCode.PING_LOST}
"""Errors of checks on a machine without a route."""
_MAY_BE_SHORT = (ErrorCode.TLS_HANDSHAKE, ErrorCode.EXPIRY_UNKNOWN, ErrorCode.INTERNAL)
"""Other errors of checks in a process without free descriptors."""


class ProbeError(Exception):
    """Ends a probe early, with a judgement."""

    def __init__(self, code: ErrorCode, sentence: str, *, status: Status = Status.DOWN) -> None:
        super().__init__(sentence)
        self.judgement = Judgement(status, code, sentence)


# Told of the certificate chain (PEM, leaf first) that a target showed; for people who want to see it.
CertificateHook = Callable[[CheckSpec, list[str]], None]

_PHASE_SENTENCES = {
    "dns_ms": (ErrorCode.DNS_TIMEOUT, "The name was not resolved within {timeout} s."),
    "connect_ms": (
        ErrorCode.CONNECT_TIMEOUT,
        "No connection within {timeout} s; nothing answered at {address}.",
    ),
    "tls_ms": (ErrorCode.TLS_TIMEOUT, "Connected, but the TLS handshake did not end within {timeout} s."),
    "first_byte_ms": (ErrorCode.TIMEOUT_TOTAL, "Connected, but no answer came within {timeout} s."),
    "download_ms": (ErrorCode.TIMEOUT_TOTAL, "The answer began, but did not end within {timeout} s."),
}


_FINISHING = threading.Lock()


class Check:
    """A running spec. Probes fill in what they measure and call ``finish`` once; a second call does nothing.

    ``phase`` names the timing under way, so that a timeout can say where it hung. ``tried`` are the addresses
    that the check tried to reach.
    """

    __slots__ = (
        "address",
        "ca_file",
        "cancel",
        "checked_at",
        "domain_expires_at",
        "done",
        "ends_first",
        "guard",
        "host",
        "http_status",
        "http_version",
        "owner",
        "phase",
        "port",
        "show_certificates",
        "size_bytes",
        "slow",
        "spec",
        "start_until",
        "started",
        "team",
        "timings",
        "tls_expires_at",
        "total_ms",
        "tried",
    )

    def __init__(self, spec: CheckSpec, *, host: str, done: "Callable[[Check, CheckResult], None]") -> None:
        self.spec = spec
        self.host = host
        self.team = spec.team_id
        self.slow = spec.slow
        self.done: Callable[[Check, CheckResult], None] | None = done
        self.owner: Any = None
        self.start_until: float | None = None
        self.cancel: Callable[[], None] | None = None
        self.guard: Guard
        self.ca_file: str | None = None
        self.show_certificates: CertificateHook | None = None
        self.checked_at: datetime
        self.started = 0.0
        self.phase = ""
        self.timings: dict[str, int] = {}
        self.total_ms: int | None = None
        self.address = ""
        self.port = 0
        self.tried: list[str] = []
        self.http_status: int | None = None
        self.http_version = ""
        self.size_bytes: int | None = None
        self.tls_expires_at: datetime | None = None
        self.ends_first = ""
        self.domain_expires_at: datetime | None = None

    def begin(self) -> None:
        """Start the clocks: the check leaves the queue now."""
        self.checked_at = datetime.now(UTC)
        self.started = perf_counter()

    def remaining_s(self) -> float:
        """How much of the timeout is left; at least a millisecond, since zero often means "for ever"."""
        return max(0.001, self.spec.timeout_s - (perf_counter() - self.started))

    def elapsed_ms(self) -> float:
        """How long the check has run."""
        return (perf_counter() - self.started) * 1_000

    def late_s(self) -> float:
        """Seconds since the timeout was over; negative before. Minus infinity before the check begins."""
        return perf_counter() - self.started - self.spec.timeout_s if self.started else -math.inf

    @contextmanager
    def timing(self, phase: str) -> Iterator[None]:
        """Measure a phase, named as in ``Timings``. A phase that fails or hangs stays unmeasured."""
        self.phase, began = phase, perf_counter()
        yield
        self.timings[phase] = self.timings.get(phase, 0) + round((perf_counter() - began) * 1_000)

    def finish(self, judgement: Judgement) -> None:
        """Hand the result over. Only the first call does so."""
        with _FINISHING:  # a check that stood still is given up from another thread
            done, self.done = self.done, None
        if done is not None:
            done(self, self._build_result(self._find_way(judgement)))

    def _find_way(self, judgement: Judgement) -> Judgement:
        """The judgement, or ``unknown`` when the failure may be ours: this process was short of descriptors,
        it stood still, it ended the check much too late, or it has no route to the target."""
        reason = None
        held_against = judgement.status is Status.DOWN or judgement.code is ErrorCode.SLOW
        unreached = judgement.status is Status.DOWN and judgement.code in LOOKUP_CODES | NETWORK_CODES
        if (unreached or judgement.code in _MAY_BE_SHORT) and was_short(since=self.started):
            reason = SHORT
        elif held_against and (still_s := our_process.stood_still_s(since=self.started)):
            reason = ErrorCode.INTERNAL, f"This prober stood still for {still_s:.0f} s during the check."
        elif unreached and (late_s := self.late_s()) > LATE_S:
            reason = ErrorCode.INTERNAL, f"The check ended {late_s:.0f} s late: this prober stood still."
        elif unreached and judgement.code in _UNREACHED:
            reason = explain_no_route(self.tried)
            if not self.tried and judgement.code in LOOKUP_CODES:
                reason = explain_no_name_server()
        return Judgement(Status.UNKNOWN, *reason) if reason else judgement

    def _build_result(self, judgement: Judgement) -> CheckResult:
        spec = self.spec
        if self.total_ms is None:
            self.total_ms = round((perf_counter() - self.started) * 1_000)
        measured = judgement.status is not Status.UNKNOWN or self.timings
        return CheckResult(
            monitor_id=spec.monitor_id,
            revision=spec.revision,
            region=spec.region,
            scheduled_at=spec.scheduled_at,
            checked_at=self.checked_at,
            status=judgement.status,
            error_code=judgement.code.value if judgement.code else "",
            error=_shorten(judgement.sentence),
            http_status=self.http_status,
            timings=Timings(total_ms=self.total_ms if measured else None, **self.timings),
            address="" if judgement.code is ErrorCode.BLOCKED_ADDRESS else self.address,
            http_version=self.http_version,
            size_bytes=self.size_bytes,
            tls_expires_at=self.tls_expires_at,
            domain_expires_at=self.domain_expires_at,
        )

    def judge_time_out(self) -> Judgement:
        """The judgement on a check whose time is up. The sentence names the phase in which it hung."""
        code, sentence = _PHASE_SENTENCES.get(self.phase, _PHASE_SENTENCES["first_byte_ms"])
        timeout = f"{self.spec.timeout_s:g}"
        return Judgement(
            Status.DOWN, code, sentence.format(timeout=timeout, address=self.address or "the address")
        )

    def note_end(self, chain: Sequence[Certificate]) -> None:
        """Keep the earliest date on which a certificate of the chain ends. When that certificate is not the
        server's own, keep its name, too."""
        first = min(chain, key=lambda certificate: certificate.expires_at, default=None)
        if first is not None:
            self.tls_expires_at = first.expires_at
            self.ends_first = "" if first == chain[0] else f"intermediate certificate {first.subject[:80]}"

    def judge_soft_limits(self, *, expiry_days: int | Sequence[int], degraded_ms: int | None) -> Judgement:
        """Up, or degraded for a certificate that ends soon (this comes first) or a check that took too
        long."""
        if self.tls_expires_at is not None:
            left = self.tls_expires_at - datetime.now(UTC)
            if find_passed(expiry_days, left) is not None:
                sentence = _say_expiry(
                    self.ends_first or "certificate",
                    self.tls_expires_at,
                    left,
                    list_thresholds(expiry_days)[0],
                )
                return Judgement(Status.DEGRADED, ErrorCode.TLS_EXPIRING, sentence)
        total_ms = self.total_ms if self.total_ms is not None else sum(self.timings.values())
        if degraded_ms is not None and total_ms > degraded_ms:
            return Judgement(
                Status.DEGRADED,
                ErrorCode.SLOW,
                f"Expected an answer within {degraded_ms} ms, took {total_ms} ms.",
            )
        return UP


def _say_expiry(which: str, expires_at: datetime, left: timedelta, expiry_days: int) -> str:
    day = f"{expires_at:%Y-%m-%d}"
    if left < timedelta(0):
        return f"The {which} expired on {day}, {-left.days} days ago."
    return f"The {which} expires on {day}, in {say_days(left)}; expected at least {expiry_days} days."


def _shorten(sentence: str) -> str:
    return sentence if len(sentence) <= ERROR_MAX_CHARS else sentence[: ERROR_MAX_CHARS - 1] + "…"


def judge_blocked(blocked: BlockedAddress) -> Judgement:
    """The judgement for an address that the guard refused. The sentence does not name the address: a name may
    lead into the operator's own network, whose addresses are nobody else's business."""
    return Judgement(
        Status.DOWN,
        ErrorCode.BLOCKED_ADDRESS,
        f"The target leads to {blocked.kind}, which this prober may not reach.",
    )


def judge_bug() -> Judgement:
    """The judgement for a bug of ours: ``unknown``, which never counts as the target's downtime."""
    return Judgement(
        Status.UNKNOWN,
        ErrorCode.INTERNAL,
        "The check could not be run: something failed on our side, see the log.",
    )


class CurlEngine(Protocol):
    """The part of ``probes.curl.CurlPool`` that a kind uses."""

    def start(self, transfer: Any) -> None:
        """Begin a transfer; may be called from any thread."""

    def stop(self, transfer: Any) -> None:
        """Forget a transfer, if it still runs; may be called from any thread."""


class LoopEngine(Protocol):
    """The part of ``probes.loop.ProbeLoop`` that a kind uses."""

    def start(self, check: Check, probe: Callable[[Check], Any]) -> None:
        """Run ``probe(check)``, a coroutine that returns a ``Judgement``, and finish the check with it."""

    def run_aside(self, make: Callable[[], Any]) -> "Future[Any]":
        """Run a coroutine beside the checks."""


class Engines(Protocol):
    """The threads that run checks. Each one starts when it is first used."""

    @property
    def curl(self) -> CurlEngine:
        """The libcurl thread."""

    @property
    def loop(self) -> LoopEngine:
        """The asyncio thread."""

    @property
    def judges(self) -> Executor:
        """A few threads for judgements that take long, so that the engines' own threads are not held up."""


class Starter(Protocol):
    """The one function that every kind's module has."""

    def __call__(self, check: Check, *, engines: Engines) -> None:
        """Begin ``check``; it is finished exactly once, from any thread."""
