"""One check on its way: what has been measured so far, and how it ends in a result."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import Any, Protocol

from probes.errors import ErrorCode
from probes.guard import BlockedAddress, Guard
from probes.result import ERROR_MAX_CHARS, CheckResult, Status, Timings
from probes.spec import CheckSpec


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a probe thinks of what it found."""

    status: Status
    code: ErrorCode | None = None
    sentence: str = ""


UP = Verdict(Status.UP)


class ProbeError(Exception):
    """Ends a probe early; it carries the verdict."""

    def __init__(self, code: ErrorCode, sentence: str, *, status: Status = Status.DOWN) -> None:
        super().__init__(sentence)
        self.verdict = Verdict(status, code, sentence)


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


class Check:
    """A running spec. Probes fill in what they measure and call ``finish`` once; a second call does nothing.

    ``phase`` names the timing under way, so that a timeout can say where it hung.
    """

    __slots__ = (
        "address",
        "ca_file",
        "cancel",
        "checked_at",
        "domain_expires_at",
        "done",
        "guard",
        "host",
        "http_status",
        "http_version",
        "owner",
        "phase",
        "show_certificates",
        "size_bytes",
        "spec",
        "started",
        "timings",
        "tls_expires_at",
        "total_ms",
    )

    def __init__(self, spec: CheckSpec, *, host: str, done: "Callable[[Check, CheckResult], None]") -> None:
        self.spec = spec
        self.host = host
        self.done: Callable[[Check, CheckResult], None] | None = done
        self.owner: Any = None
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
        self.http_status: int | None = None
        self.http_version = ""
        self.size_bytes: int | None = None
        self.tls_expires_at: datetime | None = None
        self.domain_expires_at: datetime | None = None

    def begin(self) -> None:
        """Start the clocks: the check leaves the queue now."""
        self.checked_at = datetime.now(UTC)
        self.started = perf_counter()

    def remaining_s(self) -> float:
        """How much of the timeout is left; at least a millisecond, since zero often means "for ever"."""
        return max(0.001, self.spec.timeout_s - (perf_counter() - self.started))

    @contextmanager
    def timing(self, phase: str) -> Iterator[None]:
        """Measure a phase, named as in ``Timings``; one that fails or hangs stays unmeasured."""
        self.phase, began = phase, perf_counter()
        yield
        self.timings[phase] = self.timings.get(phase, 0) + round((perf_counter() - began) * 1_000)

    def finish(self, verdict: Verdict) -> None:
        """Hand the result over."""
        done, self.done = self.done, None
        if done is not None:
            done(self, self._build_result(verdict))

    def _build_result(self, verdict: Verdict) -> CheckResult:
        spec = self.spec
        if self.total_ms is None:
            self.total_ms = round((perf_counter() - self.started) * 1_000)
        measured = verdict.status is not Status.UNKNOWN or self.timings
        return CheckResult(
            monitor_id=spec.monitor_id,
            revision=spec.revision,
            region=spec.region,
            scheduled_at=spec.scheduled_at,
            checked_at=self.checked_at,
            status=verdict.status,
            error_code=verdict.code.value if verdict.code else "",
            error=_shorten(verdict.sentence),
            http_status=self.http_status,
            timings=Timings(total_ms=self.total_ms if measured else None, **self.timings),
            address=self.address,
            http_version=self.http_version,
            size_bytes=self.size_bytes,
            tls_expires_at=self.tls_expires_at,
            domain_expires_at=self.domain_expires_at,
        )

    def judge_time_out(self) -> Verdict:
        """Say in which phase the time ran out."""
        code, sentence = _PHASE_SENTENCES.get(self.phase, _PHASE_SENTENCES["first_byte_ms"])
        timeout = f"{self.spec.timeout_s:g}"
        return Verdict(
            Status.DOWN, code, sentence.format(timeout=timeout, address=self.address or "the address")
        )

    def judge_soft_limits(self, *, expiry_days: int, degraded_ms: int | None) -> Verdict:
        """Up or degraded, for a target that is otherwise right; a certificate's end comes first."""
        if expiry_days and self.tls_expires_at is not None:
            left = self.tls_expires_at - datetime.now(UTC)
            if left < timedelta(days=expiry_days):
                return Verdict(
                    Status.DEGRADED,
                    ErrorCode.TLS_EXPIRING,
                    _say_expiry(self.tls_expires_at, left, expiry_days),
                )
        total_ms = self.total_ms if self.total_ms is not None else sum(self.timings.values())
        if degraded_ms is not None and total_ms > degraded_ms:
            return Verdict(
                Status.DEGRADED,
                ErrorCode.SLOW,
                f"Expected an answer within {degraded_ms} ms, took {total_ms} ms.",
            )
        return UP


def _say_expiry(expires_at: datetime, left: timedelta, expiry_days: int) -> str:
    day = f"{expires_at:%Y-%m-%d}"
    if left < timedelta(0):
        return f"The certificate expired on {day}, {-left.days} days ago."
    days = "1 day" if left.days == 1 else f"{left.days} days"
    return f"The certificate expires on {day}, in {days}; expected at least {expiry_days} days."


def _shorten(sentence: str) -> str:
    return sentence if len(sentence) <= ERROR_MAX_CHARS else sentence[: ERROR_MAX_CHARS - 1] + "…"


def judge_blocked(blocked: BlockedAddress) -> Verdict:
    """The sentence for an address that the guard refused."""
    return Verdict(
        Status.DOWN,
        ErrorCode.BLOCKED_ADDRESS,
        f"{blocked.address} is a {blocked.reason} address, which this prober may not reach.",
    )


def judge_bug() -> Verdict:
    """Our own trouble: never the target's downtime."""
    return Verdict(
        Status.UNKNOWN,
        ErrorCode.INTERNAL,
        "The check could not be run: something failed on our side, see the log.",
    )


class CurlEngine(Protocol):
    """What a kind needs of ``probes.curl.CurlPool``."""

    def start(self, transfer: Any) -> None:
        """Begin a transfer; may be called from any thread."""

    def stop(self, transfer: Any) -> None:
        """Forget a transfer, if it still runs; may be called from any thread."""


class LoopEngine(Protocol):
    """What a kind needs of ``probes.loop.ProbeLoop``."""

    def start(self, check: Check, probe: Callable[[Check], Any]) -> None:
        """Run ``probe(check)``, a coroutine that returns a ``Verdict``, and finish the check with it."""

    def run_aside(self, make: Callable[[], Any]) -> "Future[Any]":
        """Run a coroutine beside the checks."""


class Engines(Protocol):
    """What runs checks; each engine starts its thread when first used."""

    @property
    def curl(self) -> CurlEngine:
        """The libcurl thread."""

    @property
    def loop(self) -> LoopEngine:
        """The asyncio thread."""


class Starter(Protocol):
    """The one function that every kind's module has."""

    def __call__(self, check: Check, *, engines: Engines) -> None:
        """Begin ``check``; it is finished exactly once, from any thread."""
