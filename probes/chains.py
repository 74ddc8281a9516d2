"""Which certificate of a chain matters: the one that is wrong, or the one that ends first."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from probes.certificate_names import judge_names
from probes.certificates import Certificate, Fields, list_pems, read_certificate, read_end
from probes.check import Check, Judgement, ProbeError
from probes.errors import ErrorCode
from probes.expiry import say_days
from probes.trust import find_ca_file

_DER = 2  # _ssl.ENCODING_DER
EXPLAINED = frozenset(
    (
        ErrorCode.TLS_EXPIRED,
        ErrorCode.TLS_NOT_YET_VALID,
        ErrorCode.TLS_NAME_MISMATCH,
        ErrorCode.TLS_UNTRUSTED,
    )
)


def read_chain(tls: ssl.SSLObject, *, verified: bool) -> list[Certificate]:
    """The certificates, the server's own first. ``verified``: those of the chain that was verified, without
    its root; otherwise all that the server sent. Before Python 3.13, only the private object inside of
    ``tls`` can tell."""
    inner: Any = tls if hasattr(tls, "get_verified_chain") else getattr(tls, "_sslobj", tls)
    found = inner.get_verified_chain() if verified else inner.get_unverified_chain()
    ders = [one if isinstance(one, bytes) else one.public_bytes(_DER) for one in found or ()]
    chain = [certificate for der in ders if (certificate := read_certificate(der))]
    return chain[:-1] if verified and len(chain) > 1 else chain


def find_first_end(chain: Sequence[Certificate]) -> Certificate | None:
    return min(chain, key=lambda certificate: certificate.expires_at, default=None)


def find_path(chain: Sequence[Certificate], *, ca_file: str | None) -> list[Certificate]:
    """The certificates among the sent ones that lead from the server's own to a root that we trust. Servers
    also send certificates that nobody needs any more, such as a cross-signed root that has ended."""
    trusted, path = _read_roots(ca_file or find_ca_file()), list(chain[:1])
    while path and path[-1].issuer not in trusted:
        above = next((each for each in chain if each.subject == path[-1].issuer and each not in path), None)
        if above is None:
            break
        path.append(above)
    return path


@lru_cache(maxsize=4)
def _read_roots(ca_file: str) -> frozenset[str]:
    """The subjects of the authorities that are trusted."""
    from cryptography import x509  # slow to load, and seldom needed

    try:
        roots = x509.load_pem_x509_certificates(Path(ca_file).read_bytes())
    except (OSError, ValueError):
        return frozenset()
    return frozenset(root.subject.rfc4514_string() for root in roots)


def note_sent(check: Check, chain: Sequence[Fields], *, verifies: bool) -> bool:
    """Keep the date on which the chain ends that libcurl reports: the leaf's, or with ``verifies`` that of an
    intermediate certificate that ends sooner.

    False when the chain of an earlier redirect ends sooner: then that chain's date stays.
    """
    sooner = check.tls_expires_at, check.ends_first
    ends = [end for fields in chain if (end := read_end(fields))]
    check.tls_expires_at, check.ends_first = (ends[0] if ends else None), ""
    if verifies and ends and min(ends) < ends[0]:
        sent = [each for pem in list_pems(chain) if (each := read_certificate(pem))]
        check.note_end(find_path(sent, ca_file=check.ca_file))
    if check.show_certificates is not None:
        check.show_certificates(check.spec, [pem.decode("latin-1") for pem in list_pems(chain)])
    if sooner[0] is None or (check.tls_expires_at is not None and check.tls_expires_at <= sooner[0]):
        return True
    check.tls_expires_at, check.ends_first = sooner
    return False


def name_certificate(certificate: Certificate, chain: Sequence[Certificate]) -> str:
    """What a sentence calls the certificate: ``The certificate``, or ``The intermediate certificate
    CN=R3``."""
    if not chain or certificate == chain[0]:
        return "The certificate"
    return f"The intermediate certificate {certificate.subject[:80]}"


def add_particulars(judgement: Judgement, chain: Sequence[Certificate], *, now: datetime) -> Judgement:
    """``judgement`` with a sentence that names the wrong certificate of the chain, and its dates."""
    if not chain:
        return judgement
    leaf, sentence = chain[0], judgement.sentence
    if judgement.code is ErrorCode.TLS_EXPIRED:
        ended = next((each for each in chain if each.expires_at < now), leaf)
        days = say_days(now - ended.expires_at)
        sentence = f"{name_certificate(ended, chain)} expired on {ended.expires_at:%Y-%m-%d}, {days} ago."
    elif judgement.code is ErrorCode.TLS_NOT_YET_VALID:
        early = next((each for each in chain if each.begins_at > now), leaf)
        begins = f"{early.begins_at:%Y-%m-%d %H:%M}"
        sentence = f"{name_certificate(early, chain)} is not valid before {begins} UTC."
    elif judgement.code is ErrorCode.TLS_NAME_MISMATCH and leaf.names:
        more = ", …" if len(leaf.names) > 3 else ""
        sentence = sentence.replace("other names", ", ".join(leaf.names[:3]) + more)
    elif judgement.code is ErrorCode.TLS_UNTRUSTED:
        sentence += f" Its issuer is {chain[-1].issuer[:120]}."
    return Judgement(judgement.status, judgement.code, sentence)


def judge_certificate(check: Check, tls: ssl.SSLObject, *, name: str, verifies: bool) -> Judgement | None:
    """Keep the date on which an accepted chain ends. With ``verifies``, returns what is wrong with the names
    of its certificate; None when nothing is."""
    leaf = tls.getpeercert(binary_form=True)
    if leaf is not None and check.show_certificates is not None:
        check.show_certificates(check.spec, [ssl.DER_cert_to_PEM_cert(leaf)])
    chain = read_chain(tls, verified=verifies)
    if verifies and (wrong := judge_names(tls.getpeercert() or {}, name)):
        check.tls_expires_at = chain[0].expires_at if chain else None
        return add_particulars(wrong, chain, now=check.checked_at)
    check.note_end(chain if verifies else chain[:1])
    return None


async def explain_certificate(
    check: Check, shake: Callable[[Check], Awaitable[ssl.SSLObject]], *, limit_s: float, otherwise: Judgement
) -> Judgement:
    """Say which certificate of a chain that was not accepted is wrong. ``shake`` fetches the chain once more
    and verifies nothing. Measures nothing; sets ``check.tls_expires_at``. Returns ``otherwise`` when the
    chain cannot be fetched within ``limit_s`` seconds."""
    aside = Check(check.spec, host=check.host, done=lambda _check, _result: None)
    aside.guard, aside.ca_file, aside.started = check.guard, check.ca_file, check.started
    try:
        async with asyncio.timeout(limit_s):
            tls = await shake(aside)
    except (ProbeError, OSError, TimeoutError):
        return otherwise
    chain = read_chain(tls, verified=False)
    if chain:
        first = find_first_end(chain) if otherwise.code is ErrorCode.TLS_EXPIRED else chain[0]
        check.tls_expires_at = (first or chain[0]).expires_at
    return add_particulars(otherwise, chain, now=datetime.now(UTC))
