"""Is a certificate valid for a host? By the rules of RFC 9525 as libcurl applies them, but a common name does
not count."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from probes.check import Judgement
from probes.errors import ErrorCode
from probes.result import Status

_NAMES = ("DNS", "IP Address")


def judge_names(certificate: Mapping[str, Any], host: str) -> Judgement | None:
    """Compare the names of a certificate, in the form of ``ssl.SSLSocket.getpeercert``, with the host that
    was asked for. None when one of them fits."""
    names = [(kind, name) for kind, name in certificate.get("subjectAltName", ()) if kind in _NAMES]
    if any(_fits(kind, name, host) for kind, name in names):
        return None
    common = [
        value for parts in certificate.get("subject", ()) for key, value in parts if key == "commonName"
    ]
    if not names and any(_fits("DNS", name, host) or name == host for name in common):
        return judge_common_name(host)
    return Judgement(
        Status.DOWN,
        ErrorCode.TLS_NAME_MISMATCH,
        f"Expected a certificate for {host}, got one for other names.",
    )


def judge_common_name(host: str) -> Judgement:
    """The judgement on a certificate that names ``host`` as its common name only. libcurl accepts such a
    certificate; browsers have refused it since 2017."""
    return Judgement(
        Status.DOWN,
        ErrorCode.TLS_NAME_MISMATCH,
        f"The certificate names {host} as its common name only; browsers want it as a subjectAltName.",
    )


def _fits(kind: str, name: str, host: str) -> bool:
    address = _read_address(host)
    if kind == "IP Address":
        return address is not None and _read_address(name) == address
    if address is not None:
        return False
    name, host = name.lower().removesuffix("."), host.lower().removesuffix(".")
    wildcard, _, rest = name.partition(".")
    if wildcard == "*" and "." in rest:  # "*.com" would be too much
        return host.partition(".")[2] == rest
    return name == host


def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None
