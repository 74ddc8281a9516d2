"""TCP: connects, and if configured, sends a text and waits for another one."""

from typing import TYPE_CHECKING, Annotated

from msgspec import Struct

from core import structs
from probes.check import Check, Engines, Judgement, ProbeError
from probes.config_fields import DegradedMs, Family, ShortText, field
from probes.config_rules import tidy_family
from probes.errors import ErrorCode
from probes.kind import CheckKind, Target
from probes.targets import check_host_port

if TYPE_CHECKING:
    from probes.streams import Stream

ANSWER_CAP_BYTES = 64 * 1024


class TcpConfig(Struct, frozen=True, kw_only=True):
    """Connect; then send ``send``, if any, and wait for ``expect``, if any, in what comes back."""

    send: Annotated[
        ShortText,
        field(
            "Send",
            "text of at most 1000 characters",
            r"Sent after connecting; \r, \n and \t are read as such.",
            section="request",
            advanced=True,
        ),
    ] = ""
    expect: Annotated[
        ShortText,
        field("Answer contains", "text of at most 1000 characters", "Waited for in what comes back."),
    ] = ""
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"


def start(check: Check, *, engines: Engines) -> None:
    """Begin a TCP check on the asyncio thread."""
    engines.loop.start(check, probe_tcp)


async def probe_tcp(check: Check) -> Judgement:
    """Connect to ``host:port``; send ``send``; read until ``expect`` is in what came (each if set)."""
    from probes.connect import read_address
    from probes.streams import connect

    config = structs.convert(check.spec.config, TcpConfig)
    host, port = read_address(check)
    async with await connect(check, host, port, family=config.ip_family) as stream:
        if config.send:
            await stream.send(_unescape(config.send))
        if config.expect:
            await _await_words(check, stream, _unescape(config.expect), shown=config.expect)
    return check.judge_soft_limits(expiry_days=0, degraded_ms=config.degraded_ms)


def _unescape(text: str) -> bytes:
    r"""Read ``\r``, ``\n``, ``\t`` and ``\\`` as people write them in a form's one-line field."""
    marks = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}
    out, letters = [], iter(text)
    for letter in letters:
        if letter == "\\":
            following = next(letters, "")
            out.append(marks.get(following, letter + following))
        else:
            out.append(letter)
    return "".join(out).encode()


async def _await_words(check: Check, stream: "Stream", expected: bytes, *, shown: str) -> None:
    received = bytearray()
    with check.timing("first_byte_ms"):
        received += await stream.receive()
    with check.timing("download_ms"):
        while expected not in received:
            if len(received) > ANSWER_CAP_BYTES:
                raise ProbeError(
                    ErrorCode.BODY_TOO_LARGE, f"{shown!r} is not in the first 64 KiB of the answer."
                )
            chunk = await stream.receive()
            if not chunk:
                got = bytes(received[:60]).decode("utf-8", "replace")
                raise ProbeError(
                    ErrorCode.BODY_MISMATCH,
                    f"Expected {shown[:200]!r} in the answer, got {got!r} and the end.",
                )
            received += chunk
    check.size_bytes = len(received)


KIND = CheckKind(
    label="TCP",
    help="Connects to a port, and if asked to, says something and waits for the right words.",
    target=Target("Host and port", "db.example.com:5432"),
    name_hint="{target}",
    config=TcpConfig,
    check_target=check_host_port,
    start=start,
    needs=("probes.streams",),
    tidy=tidy_family,
)
