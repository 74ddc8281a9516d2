"""The kinds http and tls say the same of the same certificate, whichever Python runs them."""

import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from delivery.http import trusted
from probes.certificate_names import judge_names
from probes.certificates import read_certificate
from probes.chains import find_path
from probes.curl_errors import judge_verify_result
from probes.run import Prober
from probes.trust import trust_as_libcurl
from tests.hostile.servers import answer, read_request, serve
from tests.probes.specs import make_spec

NOW = datetime.now(UTC)


class Authority:
    """Makes certificates that trustme does not: bare ones, and as old software makes them."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An old authority")])
        self.pem = self._sign(self.name, self.key, [(x509.BasicConstraints(ca=True, path_length=None), True)])

    def _sign(self, subject, key, extensions, *, days: float = 90, by=None) -> bytes:
        issuer, signer = by or (self.name, self.key)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=30))
            .not_valid_after(NOW + timedelta(days=days))
        )
        for extension, critical in extensions:
            builder = builder.add_extension(extension, critical=critical)
        return builder.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)

    def issue_below(self, *, leaf_days: float, above_days: float) -> bytes:
        """A key, a certificate for localhost, and the intermediate one that signed it, with their ends."""
        between = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Between")])
        basic = [(x509.BasicConstraints(ca=True, path_length=0), True)]
        above = self._sign(name, between, basic, days=above_days)
        key = ec.generate_private_key(ec.SECP256R1())
        names = [(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
        leaf = self._sign(subject, key, names, days=leaf_days, by=(name, between))
        return _write_key(key) + leaf + above

    def issue(self, common_name: str, *names: str) -> bytes:
        """A key and a certificate without identifiers of keys, and with no other name if none is given."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        extensions = [(x509.SubjectAlternativeName([_general(name) for name in names]), False)]
        return _write_key(key) + self._sign(subject, key, extensions if names else [])


def _write_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


@pytest.fixture(scope="module")
def authority():
    return Authority()


@pytest.fixture
def check(authority, tmp_path):
    """Ask a server that shows a certificate by both kinds; what both say."""
    ca_file = tmp_path / "authority.pem"
    ca_file.write_bytes(authority.pem)
    prober = Prober(allow_private=True, ca_file=str(ca_file))

    def ask(pem: bytes, host: str, *, prepare=lambda context: None, **config) -> tuple[str, str, str]:
        file = tmp_path / "leaf.pem"
        file.write_bytes(pem)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        prepare(context)
        with serve(answer(), context=context) as server:
            by_http = prober.run_one(make_spec("http", f"https://{host}:{server.port}/", **config))
            by_tls = prober.run_one(make_spec("tls", f"{host}:{server.port}", **config))
        said = [(each.status.value, each.error_code, each.error) for each in (by_http, by_tls)]
        assert said[0][:2] == said[1][:2], said
        if by_tls.error_code in {"tls_expired", "tls_expiring"}:
            assert said[0] == said[1]
            assert by_http.tls_expires_at == by_tls.tls_expires_at
        return (*said[0][:2], by_tls.error)

    yield ask
    prober.close()


def test_a_certificate_that_old_software_made_is_good(check, authority):
    """It lacks what Python 3.13 asks of it by itself (VERIFY_X509_STRICT): identifiers and uses of keys."""
    assert check(authority.issue("x", "localhost"), "localhost") == ("up", "", "")


def test_a_name_in_the_subject_alone_does_not_count(check, authority):
    status, code, sentence = check(authority.issue("localhost"), "localhost")
    assert (status, code) == ("down", "tls_name_mismatch")
    assert sentence == (
        "The certificate names localhost as its common name only; browsers want it as a subjectAltName."
    )
    assert check(authority.issue("localhost"), "localhost", verify_tls=False)[0] == "up"


@pytest.mark.parametrize(
    ("names", "host", "code"),
    [
        (["127.0.0.1"], "127.0.0.1", ""),
        (["127.0.0.1"], "localhost", "tls_name_mismatch"),
        (["localhost"], "127.0.0.1", "tls_name_mismatch"),
        (["other.example"], "localhost", "tls_name_mismatch"),
        (["*.localhost"], "localhost", "tls_name_mismatch"),
        (["LOCALHOST"], "localhost", ""),
        (["*"], "localhost", "tls_name_mismatch"),
        (["other.example", "127.0.0.2", "localhost"], "localhost", ""),
    ],
)
def test_both_kinds_hold_names_against_each_other_alike(check, authority, names, host, code):
    assert check(authority.issue("localhost", *names), host)[1] == code


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("required", [True, False])
def test_a_server_that_wants_a_client_certificate_is_told_by_both(
    check, authority, tmp_path, version, required
):
    def prepare(context: ssl.SSLContext) -> None:
        context.maximum_version = version
        context.load_verify_locations(cadata=authority.pem.decode())
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL

    status, code, sentence = check(authority.issue("x", "localhost"), "localhost", prepare=prepare)
    if not required:
        assert (status, code) == ("up", "")
        return
    assert (status, code) == ("down", "tls_handshake")
    assert "client certificate" in sentence
    assert version == ssl.TLSVersion.TLSv1_2 or "handshake" not in sentence


def test_a_key_exchange_without_secrecy_is_spoken_by_both(check, tmp_path):
    """Old servers know no other; Python's own list of ciphers has none of these."""
    ca = trustme.CA(key_type=trustme.KeyType.RSA)
    ca.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    leaf = ca.issue_cert("localhost", key_type=trustme.KeyType.RSA)

    def prepare(context: ssl.SSLContext) -> None:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers("AES128-GCM-SHA256")

    pem = leaf.private_key_and_cert_chain_pem.bytes()
    assert check(pem, "localhost", prepare=prepare)[:2] == ("up", "")


def test_a_server_that_says_nothing_after_the_handshake_is_up_in_no_time_worth_mentioning(
    prober, tls_context
):
    def listen(connection: socket.socket, stop: threading.Event) -> None:
        read_request(connection)

    tls_context.num_tickets = 0
    try:
        with serve(listen, context=tls_context) as server:
            result = prober.run_one(make_spec("tls", server.address, degraded_ms=450, timeout_s=5))
    finally:
        tls_context.num_tickets = 2
    assert (result.status, result.error_code) == ("up", "")  # the wait is not the handshake's


@pytest.mark.parametrize(
    ("names", "host", "fits"),
    [
        (["DNS:*.shop.example"], "www.shop.example", True),
        (["DNS:*.shop.example"], "my_host.shop.example", True),
        (["DNS:*.shop.example"], "xn--strae-oqa.shop.example", True),
        (["DNS:*.shop.example"], "a.b.shop.example", False),
        (["DNS:*.shop.example"], "shop.example", False),
        (["DNS:w*.shop.example"], "www.shop.example", False),
        (["DNS:*.example"], "shop.example", False),
        (["DNS:shop.example."], "SHOP.example", True),
        (["DNS:*.1.1.1"], "1.1.1.1", False),
        (["DNS:127.0.0.1"], "127.0.0.1", False),
        (["IP Address:0:0:0:0:0:0:0:1"], "::1", True),
        (["IP Address:127.0.0.1"], "127.0.0.1", True),
        (["email:a@shop.example"], "shop.example", False),
        ([], "shop.example", False),
    ],
)
def test_names_are_compared_as_libcurl_compares_them(names, host, fits):
    certificate = {"subjectAltName": [tuple(name.split(":", 1)) for name in names]}
    assert (judge_names(certificate, host) is None) is fits


def test_pythons_strict_checks_are_off_whatever_its_version():
    for context in (trust_as_libcurl(ssl.create_default_context()), trusted()):
        assert not context.verify_flags & ssl.VERIFY_X509_STRICT
        assert context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


def day(days):
    return f"{NOW + timedelta(days=days):%Y-%m-%d}"


def test_an_intermediate_certificate_that_ends_first_warns_with_its_own_date(check, authority):
    told = check(authority.issue_below(leaf_days=80, above_days=5.5), "localhost")
    assert told[:2] == ("degraded", "tls_expiring")
    assert told[2] == (
        f"The intermediate certificate CN=Between expires on {day(5.5)}, in 5 days; "
        "expected at least 14 days."
    )


def test_a_leaf_that_ends_first_warns_as_ever(check, authority):
    told = check(authority.issue_below(leaf_days=5.5, above_days=80), "localhost")
    assert told[2] == f"The certificate expires on {day(5.5)}, in 5 days; expected at least 14 days."
    assert check(authority.issue_below(leaf_days=80, above_days=85), "localhost")[0] == "up"


@pytest.mark.parametrize(
    ("leaf_days", "above_days", "which", "ended"),
    [
        (80, -3.5, "The intermediate certificate CN=Between", -3.5),
        (-3.5, 80, "The certificate", -3.5),
        (-2.5, -9.5, "The certificate", -2.5),
    ],
)
def test_the_certificate_that_has_ended_is_named(check, authority, leaf_days, above_days, which, ended):
    told = check(authority.issue_below(leaf_days=leaf_days, above_days=above_days), "localhost")
    assert told[:2] == ("down", "tls_expired")
    assert told[2] == f"{which} expired on {day(ended)}, {int(-ended)} days ago."


def test_what_a_server_sends_in_vain_does_not_warn(authority, tmp_path):
    """Behind a chain that leads to a trusted root hangs that root as signed by another, which has ended."""
    good = read_certificate(authority.issue("x", "localhost").partition(b"-----END PRIVATE KEY-----\n")[2])
    root = read_certificate(authority.pem)
    file = tmp_path / "roots.pem"
    file.write_bytes(authority.pem)
    assert find_path([good, replace(root, expires_at=NOW)], ca_file=str(file)) == [good]
    assert find_path([good, replace(root, expires_at=NOW)], ca_file=str(tmp_path / "none.pem")) != [good]


def test_an_ip_address_as_a_dns_name_is_told_as_what_it_is(check, authority, monkeypatch):
    """Before: "Expected a certificate for 127.0.0.1, got one for 127.0.0.1."."""
    monkeypatch.setattr("tests.probes.test_certificates_agree._general", x509.DNSName)
    for said in (check(authority.issue("x", "127.0.0.1"), "127.0.0.1"),):
        assert said[1:] == (
            "tls_name_mismatch",
            "Expected a certificate for 127.0.0.1, "
            "got one for 127.0.0.1 (a DNS entry, which is not for an IP address).",
        )


@pytest.mark.parametrize(("result", "word"), [(66, "key"), (67, "issuer's key"), (68, "digest")])
def test_what_is_weak_about_a_certificate_is_said_in_words(result, word):
    verdict = judge_verify_result(result, host="example.com")
    assert verdict.code == "tls_untrusted"
    assert word in verdict.sentence
    assert "OpenSSL" not in verdict.sentence


@pytest.mark.parametrize(
    ("on_the_way", "at_the_end", "redirects", "said"),
    [
        ((5.5, 80), (60, 80), True, "At {first}, which redirects: The certificate"),
        ((60, 80), (5.5, 80), False, "After a redirect to {last}: The certificate"),
        ((80, 5.5), (60, 80), True, "At {first}, which redirects: The intermediate certificate CN=Between"),
        ((80, 9.5), (5.5, 80), False, "After a redirect to {last}: The certificate"),
    ],
)
def test_the_first_end_on_the_way_of_redirects_warns_and_says_where(
    authority, tmp_path, on_the_way, at_the_end, redirects, said
):
    """Before: the last certificate alone warned; and one after an intermediate was called by its name."""
    contexts = []
    (tmp_path / "authority.pem").write_bytes(authority.pem)
    for leaf_days, above_days in (on_the_way, at_the_end):
        (tmp_path / "leaf.pem").write_bytes(authority.issue_below(leaf_days=leaf_days, above_days=above_days))
        contexts.append(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
        contexts[-1].load_cert_chain(tmp_path / "leaf.pem")
    prober = Prober(allow_private=True, ca_file=str(tmp_path / "authority.pem"))
    with serve(answer(), context=contexts[1]) as end:
        last = f"https://localhost:{end.port}"
        redirect = answer(status="302 Found", headers=(f"Location: {last}/",))
        with serve(redirect, context=contexts[0]) as way:
            first = f"https://localhost:{way.port}"
            result = prober.run_one(make_spec("http", f"{first}/"))
    prober.close()
    assert (result.status, result.error_code) == ("degraded", "tls_expiring")
    assert result.error == (
        said.format(first=first, last=last) + f" expires on {day(5.5)}, in 5 days; expected at least 14 days."
    )
    assert f"{result.tls_expires_at:%Y-%m-%d}" == day(5.5)
    assert redirects is (first in result.error)
