"""TLS: shakes hands, verifies chain and name, and says how long the certificate is still valid."""

import ssl
from functools import partial

from msgspec import Struct

from core import structs
from probes.check import Check, Engines, Judgement
from probes.config_fields import DegradedMs, ExpiryDays, Family, HostName, VerifyTls
from probes.config_rules import tidy_tls, validate_server_name
from probes.kind import CheckKind, Target
from probes.targets import check_host_port

DEFAULT_PORT = 443


class TlsConfig(Struct, frozen=True, kw_only=True):
    """Shake hands and look at the certificate; it must be for ``server_name`` (empty: the host)."""

    server_name: HostName = ""
    verify_tls: VerifyTls = True
    tls_expiry_days: ExpiryDays = 14
    degraded_ms: DegradedMs = None
    ip_family: Family = "any"


def start(check: Check, *, engines: Engines) -> None:
    """Begin a TLS check on the asyncio thread."""
    engines.loop.start(check, probe_tls)


async def probe_tls(check: Check) -> Judgement:
    """Connect to ``host:port`` and shake hands.

    A certificate that is not accepted is fetched once more without verifying it, as long as there is time. So
    the sentence can say which certificate ended, when, or whom it is for.
    """
    from probes.chains import explain_certificate, judge_certificate
    from probes.connect import read_address
    from probes.curl_errors import judge_verify_result
    from probes.handshake import shake_hands

    config = structs.convert(check.spec.config, TlsConfig)
    host, port = read_address(check, default_port=DEFAULT_PORT)
    name, verifies = config.server_name or host, config.verify_tls
    shake = partial(shake_hands, host=host, port=port, name=name, family=config.ip_family)
    try:
        tls = await shake(check, verify=verifies)
    except ssl.SSLCertVerificationError as refusal:
        check.total_ms = sum(check.timings.values())
        return await explain_certificate(
            check,
            partial(shake, verify=False),
            limit_s=check.remaining_s() * 0.9,
            otherwise=judge_verify_result(refusal.verify_code, host=name),
        )
    check.total_ms = sum(check.timings.values())
    if wrong := judge_certificate(check, tls, name=name, verifies=verifies):
        return wrong
    return check.judge_soft_limits(expiry_days=config.tls_expiry_days, degraded_ms=config.degraded_ms)


KIND = CheckKind(
    label="TLS",
    help="Verifies a certificate and says how long it still holds.",
    target=Target("Host", "example.com", "With a port, if it is not 443."),
    name_hint="{host} certificate",
    config=TlsConfig,
    check_target=partial(check_host_port, default_port=DEFAULT_PORT),
    start=start,
    needs=("probes.chains", "probes.handshake"),
    tidy=tidy_tls,
    validate=validate_server_name,
)
