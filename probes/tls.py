"""TLS: shake hands, verify chain and name, and say how long the certificate still holds."""

import asyncio
import ssl
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from probes.certificates import Certificate, read_certificate
from probes.check import Check, Engines, ProbeError, Verdict
from probes.config import TlsConfig
from probes.connect import drop, open_stream, read_address
from probes.curl_errors import explain_handshake, judge_verify_result
from probes.errors import ErrorCode


def start(check: Check, *, engines: Engines) -> None:
    """Begin a TLS check on the asyncio thread."""
    engines.loop.start(check, probe_tls)


async def probe_tls(check: Check) -> Verdict:
    """Connect to ``host:port`` and shake hands.

    A certificate that is not accepted is fetched once more, unverified, as long as there is time: the
    sentence can then say when it ended or whom it is for.
    """
    config = msgspec.convert(check.spec.config, TlsConfig)
    host, port = read_address(check, default_port=443)
    name = config.server_name or host
    try:
        seen = await _shake(check, host, port, name=name, config=config, verify=config.verify_tls)
    except ssl.SSLCertVerificationError as refusal:
        total_ms = sum(check.timings.values())
        verdict = judge_verify_result(refusal.verify_code, host=name)
        seen = await _look_again(check, host, port, name=name, config=config)
        check.total_ms = total_ms
        return _add_particulars(verdict, seen)
    if seen is not None:
        check.tls_expires_at = seen.expires_at
    check.total_ms = sum(check.timings.values())
    return check.judge_soft_limits(expiry_days=config.tls_expiry_days, degraded_ms=config.degraded_ms)


async def _look_again(
    check: Check, host: str, port: int, *, name: str, config: TlsConfig
) -> Certificate | None:
    timings = dict(check.timings)
    try:
        async with asyncio.timeout(check.remaining_s() * 0.9):
            seen = await _shake(check, host, port, name=name, config=config, verify=False)
    except (ProbeError, OSError, TimeoutError):
        return None
    finally:
        check.timings = timings
    if seen is not None:
        check.tls_expires_at = seen.expires_at
    return seen


def _add_particulars(verdict: Verdict, seen: Certificate | None) -> Verdict:
    if seen is None:
        return verdict
    sentence = verdict.sentence
    if verdict.code is ErrorCode.TLS_EXPIRED:
        days = (datetime.now(UTC) - seen.expires_at).days
        sentence = f"The certificate expired on {seen.expires_at:%Y-%m-%d}, {days} days ago."
    elif verdict.code is ErrorCode.TLS_NOT_YET_VALID:
        sentence = f"The certificate is not valid before {seen.begins_at:%Y-%m-%d %H:%M} UTC."
    elif verdict.code is ErrorCode.TLS_NAME_MISMATCH and seen.names:
        more = ", …" if len(seen.names) > 3 else ""
        sentence = sentence.replace("other names", ", ".join(seen.names[:3]) + more)
    elif verdict.code is ErrorCode.TLS_UNTRUSTED:
        sentence += f" Its issuer is {seen.issuer[:120]}."
    return Verdict(verdict.status, verdict.code, sentence)


async def _shake(
    check: Check, host: str, port: int, *, name: str, config: TlsConfig, verify: bool
) -> Certificate | None:
    stream = await open_stream(check, host, port, family=config.ip_family)
    context = _make_context(check.ca_file, verify=verify)
    transport = None
    try:
        with check.timing("tls_ms"):
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol, sock=stream, ssl=context, server_hostname=name
            )
        return _read_peer(check, transport)
    except ssl.SSLCertVerificationError:
        raise
    except ssl.SSLError as trouble:
        raise ProbeError(ErrorCode.TLS_HANDSHAKE, explain_handshake(str(trouble))) from None
    except ConnectionResetError:
        raise ProbeError(ErrorCode.CONNECTION_RESET, "The server reset the connection.") from None
    except (ConnectionError, EOFError):
        raise ProbeError(
            ErrorCode.TLS_HANDSHAKE, "The server closed the connection during the TLS handshake."
        ) from None
    finally:
        if transport is not None:
            transport.abort()
        else:
            drop(stream)


def _read_peer(check: Check, transport: asyncio.BaseTransport) -> Certificate | None:
    tls: ssl.SSLObject = transport.get_extra_info("ssl_object")
    leaf = tls.getpeercert(binary_form=True)
    if leaf is None:
        return None
    if check.show_certificates is not None:
        check.show_certificates(check.spec, [ssl.DER_cert_to_PEM_cert(leaf)])
    return read_certificate(leaf)


@lru_cache(maxsize=8)
def _make_context(ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    if not verify:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    return ssl.create_default_context(cafile=ca_file)
