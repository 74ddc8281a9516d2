"""Servers that are broken or mean harm: each ends in its own code, in time, in little memory."""

import gzip
import resource
import socket
import ssl
import threading
import zlib
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from time import monotonic

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from probes.curl import BODY_CAP_BYTES
from probes.result import CheckResult
from tests.hostile import servers
from tests.hostile.servers import answer, flood, say, serve
from tests.probes.specs import make_spec

TIMEOUT_S = 0.6
OK = b"HTTP/1.1 200 OK\r\n"


def check(prober, target: str, *, kind: str = "http", timeout_s: float = TIMEOUT_S, **config) -> CheckResult:
    began = monotonic()
    result: CheckResult = prober.run_one(make_spec(kind, target, timeout_s=timeout_s, **config))
    assert monotonic() - began < timeout_s + 3
    return result


def bomb(connection: socket.socket, stop: threading.Event) -> None:
    """A gzip stream that unpacks a thousandfold and never ends."""
    servers.read_request(connection)
    connection.sendall(OK + b"Content-Encoding: gzip\r\n\r\n")
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    while not stop.is_set():
        connection.sendall(packer.compress(b"\0" * 1_000_000))


BROKEN = [
    pytest.param(servers.stay_silent, {}, "timeout_total", id="silent"),
    pytest.param(servers.drip, {"keyword": "z"}, "timeout_total", id="drips a body"),
    pytest.param(servers.drip_header, {}, "timeout_total", id="drips a header"),
    pytest.param(say(OK, then_wait=True), {}, "timeout_total", id="stops within the header"),
    pytest.param(say(bytes(range(256)) * 8), {}, "http_protocol", id="garbage"),
    pytest.param(say(b"SSH-2.0-OpenSSH_9.6\r\n"), {}, "http_protocol", id="another protocol"),
    pytest.param(say(b"HTTP/1.1 banana\r\n\r\n"), {}, "http_protocol", id="a status that is no number"),
    pytest.param(
        say(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nx"),
        {"keyword": "z"},
        "http_protocol",
        id="broken chunks",
    ),
    pytest.param(
        flood(OK, b"X-More: " + b"a" * 1_000 + b"\r\n"), {}, "header_too_large", id="endless headers"
    ),
    pytest.param(flood(OK + b"X: ", b"a" * 10_000), {}, "header_too_large", id="one endless header line"),
    pytest.param(flood(OK + b"\r\n", b"a" * 10_000), {"keyword": "z"}, "body_too_large", id="endless body"),
    pytest.param(
        flood(OK + b"\r\n", b"a" * 10_000), {"json_path": "$.a"}, "body_too_large", id="endless JSON"
    ),
    pytest.param(bomb, {"keyword": "z"}, "body_too_large", id="gzip bomb"),
    pytest.param(
        answer(b"not gzip", headers=("Content-Encoding: gzip",)),
        {"keyword": "z"},
        "body_undecodable",
        id="broken gzip",
    ),
    pytest.param(servers.reset, {}, "connection_reset", id="reset"),
    pytest.param(servers.hang_up, {}, "connection_closed", id="hangs up"),
    pytest.param(answer(b"short", length=500), {"keyword": "z"}, "connection_closed", id="ends too early"),
    pytest.param(
        say(OK + b"Content-Length: 9\r\n\r\n{", then_wait=True),
        {"json_path": "$.a"},
        "timeout_total",
        id="stops within the body",
    ),
    pytest.param(
        say(b"HTTP/1.1 100 Continue\r\n\r\n", then_wait=True),
        {},
        "timeout_total",
        id="only an interim answer",
    ),
    pytest.param(
        answer(status="302 Found", headers=("Location: /again",)), {}, "redirect_loop", id="redirect loop"
    ),
    pytest.param(
        answer(status="302 Found", headers=("Location: file:///etc/passwd",)),
        {},
        "redirect_invalid",
        id="file URL",
    ),
    pytest.param(
        answer(status="302 Found", headers=("Location: gopher://127.0.0.1/",)),
        {},
        "redirect_invalid",
        id="gopher",
    ),
    pytest.param(
        answer(status="302 Found", headers=("Location: http://[bad/",)),
        {},
        "redirect_invalid",
        id="not a URL",
    ),
]


@pytest.mark.parametrize(("behave", "config", "code"), BROKEN)
def test_a_broken_server_gets_its_own_code_within_the_timeout(prober, behave, config, code):
    with serve(behave) as server:
        result = check(prober, server.url, **config)
    assert (result.status, result.error_code) == ("down", code)
    assert result.error.endswith(".")
    assert result.address == "127.0.0.1"


@pytest.mark.parametrize(
    "behave", [flood(OK + b"\r\n", b"a" * 10_000), bomb], ids=["endless body", "gzip bomb"]
)
def test_a_body_that_nobody_looks_into_is_read_to_the_cap_and_no_further(prober, behave):
    with serve(behave) as server:
        check(prober, server.url)  # warm up
        before_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        result = check(prober, server.url)
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kib
    assert (result.status, result.error_code) == ("up", "")
    assert result.size_bytes is not None
    assert BODY_CAP_BYTES < result.size_bytes <= BODY_CAP_BYTES + 1_000_000
    assert grown_kib < 32 * 1024


def test_a_keyword_within_the_cap_of_an_endless_body_is_found(prober):
    with serve(flood(OK + b"\r\nneedle", b"a" * 10_000)) as server:
        result = check(prober, server.url, keyword="needle")
    assert (result.status, result.error_code) == ("up", "")


def test_many_layers_of_compression_are_refused(prober):
    body = b"x" * 1_000
    for _ in range(12):
        body = gzip.compress(body)
    with serve(answer(body, headers=("Content-Encoding: " + ", ".join(["gzip"] * 12),))) as server:
        result = check(prober, server.url, keyword="x")
    assert (result.status, result.error_code) == ("down", "body_undecodable")


def test_a_closed_port_refuses(prober):
    with serve(servers.hang_up) as server:
        url = server.url
    result = check(prober, url)
    assert (result.status, result.error_code) == ("down", "connect_refused")
    assert result.timings.connect_ms is None
    assert result.timings.dns_ms is not None


@pytest.mark.parametrize("kind", ["http", "ping"])
def test_a_name_that_cannot_exist_is_nxdomain(prober, kind):
    # The label is too long for DNS, so the resolver refuses it without asking anybody.
    host = "a" * 64 + ".example"
    result = check(prober, f"http://{host}/" if kind == "http" else host, kind=kind)
    assert (result.status, result.error_code) == ("down", "dns_nxdomain")
    assert result.address == ""


# ---- certificates ----


def make_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def make_self_signed(tmp_path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "self.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture
def bad_contexts(ca, tmp_path):
    now = datetime.now(UTC)
    return {
        "tls_expired": make_context(ca.issue_cert("127.0.0.1", not_after=now - timedelta(days=2, hours=1))),
        "tls_not_yet_valid": make_context(
            ca.issue_cert("127.0.0.1", not_before=now + timedelta(days=2), not_after=now + timedelta(days=9))
        ),
        "tls_name_mismatch": make_context(ca.issue_cert("other.example")),
        "tls_untrusted": make_context(trustme.CA().issue_cert("127.0.0.1")),
        "tls_self_signed": make_self_signed(tmp_path),
    }


@pytest.mark.parametrize("kind", ["http", "tls"])
@pytest.mark.parametrize(
    "code", ["tls_expired", "tls_not_yet_valid", "tls_name_mismatch", "tls_untrusted", "tls_self_signed"]
)
def test_a_bad_certificate_is_named_by_what_is_wrong_with_it(prober, bad_contexts, kind, code):
    with serve(answer(), context=bad_contexts[code]) as server:
        result = check(prober, server.url if kind == "http" else server.address, kind=kind, timeout_s=1.0)
    assert (result.status, result.error_code) == ("down", code)
    assert result.http_status is None


def test_the_tls_kind_says_when_a_certificate_ended_and_whom_it_is_for(prober, bad_contexts):
    with serve(servers.hold, context=bad_contexts["tls_expired"]) as server:
        expired = check(prober, server.address, kind="tls", timeout_s=1.0)
    with serve(servers.hold, context=bad_contexts["tls_name_mismatch"]) as server:
        foreign = check(prober, server.address, kind="tls", timeout_s=1.0)
    assert expired.error.startswith("The certificate expired on ")
    assert expired.error.endswith(", 2 days ago.")
    assert expired.tls_expires_at is not None
    assert foreign.error == "Expected a certificate for 127.0.0.1, got one for other.example."


@pytest.mark.parametrize("code", ["tls_expired", "tls_name_mismatch", "tls_untrusted", "tls_self_signed"])
def test_a_bad_certificate_does_not_matter_when_verification_is_off(prober, bad_contexts, code):
    with serve(answer(), context=bad_contexts[code]) as server:
        result = check(prober, server.url, verify_tls=False, tls_expiry_days=0)
    assert (result.status, result.error_code, result.http_status) == ("up", "", 200)


@pytest.mark.parametrize("kind", ["http", "tls"])
def test_tls_to_a_plain_port_is_told_so(prober, kind):
    def speak_http(connection: socket.socket, stop: threading.Event) -> None:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")

    with serve(speak_http) as server:
        target = f"https://{server.address}/" if kind == "http" else server.address
        result = check(prober, target, kind=kind)
    assert (result.status, result.error_code) == ("down", "tls_handshake")
    assert result.error == "Expected TLS, but the server does not speak TLS on this port."


@pytest.mark.parametrize("kind", ["http", "tls"])
def test_a_silent_handshake_times_out_as_tls(prober, kind):
    with serve(servers.stay_silent) as server:
        target = f"https://{server.address}/" if kind == "http" else server.address
        result = check(prober, target, kind=kind)
    assert (result.status, result.error_code) == ("down", "tls_timeout")
    assert result.timings.connect_ms is not None
    assert result.timings.tls_ms is None


def test_plain_http_to_a_tls_port_never_hangs(prober, tls_context):
    with serve(answer(), context=tls_context) as server:
        result = check(prober, f"http://{server.address}/")
    assert result.status == "down"
    assert result.error_code in {"connection_closed", "http_protocol", "connection_reset"}


# ---- the other kinds ----


@pytest.mark.parametrize(
    ("behave", "code"),
    [
        pytest.param(servers.stay_silent, "timeout_total", id="silent"),
        pytest.param(flood(b"", b"a" * 10_000), "body_too_large", id="endless"),
        pytest.param(servers.reset, "connection_reset", id="reset"),
        pytest.param(say(b"+OK\r\n\r\n"), "body_mismatch", id="other words"),
    ],
)
def test_a_broken_tcp_server_gets_its_own_code_within_the_timeout(prober, behave, code):
    with serve(behave) as server:
        result = check(prober, server.address, kind="tcp", send=r"hi\r\n\r\n", expect="220 ready")
    assert (result.status, result.error_code) == ("down", code)


def test_a_full_backlog_ends_in_a_connect_timeout_or_a_refusal(prober):
    """Which of the two is the kernel's choice; both come in time."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        results = [
            check(prober, f"http://127.0.0.1:{port}/"),
            check(prober, f"127.0.0.1:{port}", kind="tcp", expect="x"),
        ]
        for filler in fillers:
            filler.close()
    assert {result.error_code for result in results} <= {
        "connect_timeout",
        "connect_refused",
        "timeout_total",
    }
