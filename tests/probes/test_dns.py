"""The DNS probe against a real name server on loopback."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from tests.probes.specs import make_spec

ZONE = {
    ("www.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("www.example.", "AAAA"): ["2001:db8::1"],
    ("example.", "MX"): ["10 mail.example."],
    ("example.", "TXT"): ['"v=spf1 " "-all"'],
    ("example.", "CAA"): ['0 issue "ca.example"'],
    ("alias.example.", "CNAME"): ["www.example."],
    ("1.2.0.192.in-addr.arpa.", "PTR"): ["www.example."],
}
FAULTS = {
    "missing.example.": dns.rcode.NXDOMAIN,
    "broken.example.": dns.rcode.SERVFAIL,
    "refused.example.": dns.rcode.REFUSED,
}


def reply(wire: bytes) -> bytes | None:
    query = dns.message.from_wire(wire)
    question = query.question[0]
    name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
    if name == "silent.example.":
        return None
    if name == "garbage.example.":
        return wire[:2] + b"\xff" * 20
    response = dns.message.make_response(query)
    response.flags |= dns.flags.RA
    response.set_rcode(FAULTS.get(name, dns.rcode.NOERROR))
    if records := ZONE.get((name, kind)):
        response.answer.append(dns.rrset.from_text(name, 60, "IN", kind, *records))
    return response.to_wire()


@pytest.fixture(scope="module")
def name_server():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                wire, client = listener.recvfrom(4_096)
                if wire == b"stop":
                    return
                if (answer := reply(wire)) is not None:
                    listener.sendto(answer, client)

        thread = threading.Thread(target=serve)
        thread.start()
        address = listener.getsockname()
        yield f"127.0.0.1:{address[1]}"
        listener.sendto(b"stop", address)
        thread.join()


@pytest.mark.parametrize(
    ("name", "config"),
    [
        ("www.example", {}),
        ("www.example", {"expected": ["192.0.2.2"]}),
        ("www.example", {"expected": ["192.0.2.9", "192.0.2.1"], "match": "any"}),
        ("www.example", {"expected": ["192.0.2.1"], "match": "all"}),
        ("www.example", {"expected": ["192.0.2.2", "192.0.2.1"], "match": "exact"}),
        ("www.example", {"record_type": "AAAA", "expected": ["2001:DB8:0::1"], "match": "exact"}),
        ("example", {"record_type": "MX", "expected": ["10 Mail.example"]}),
        ("example", {"record_type": "TXT", "expected": ["v=spf1 -all"], "match": "exact"}),
        ("example", {"record_type": "TXT", "expected": ["spf1"], "match": "contains"}),
        ("example", {"record_type": "CAA", "expected": ['0 issue "ca.example"']}),
        ("alias.example", {"record_type": "CNAME", "expected": ["www.example."]}),
        ("192.0.2.1", {"record_type": "PTR", "expected": ["www.example"]}),
    ],
)
def test_records_that_fit_are_up(prober, name_server, name, config):
    result = prober.run_one(make_spec("dns", name, resolver=name_server, **config))
    assert (result.status, result.error_code, result.error) == ("up", "", "")
    assert result.address == "127.0.0.1"
    assert result.timings.dns_ms == result.timings.total_ms


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"expected": ["192.0.2.9"]}, "Expected one of 192.0.2.9; got 192.0.2.1, 192.0.2.2."),
        (
            {"expected": ["192.0.2.1", "192.0.2.9"], "match": "all"},
            "Expected all of 192.0.2.1, 192.0.2.9; got 192.0.2.1, 192.0.2.2.",
        ),
        (
            {"expected": ["192.0.2.1"], "match": "exact"},
            "Expected exactly 192.0.2.1; got 192.0.2.1, 192.0.2.2.",
        ),
        (
            {"expected": ["203."], "match": "contains"},
            "Expected records containing 203; got 192.0.2.1, 192.0.2.2.",
        ),
    ],
)
def test_records_that_do_not_fit_are_named(prober, name_server, config, sentence):
    result = prober.run_one(make_spec("dns", "www.example", resolver=name_server, **config))
    assert (result.status, result.error_code, result.error) == ("down", "dns_mismatch", sentence)


@pytest.mark.parametrize(
    ("name", "kind", "code", "sentence"),
    [
        ("missing.example", "A", "dns_nxdomain", "The name missing.example does not exist."),
        ("www.example", "MX", "dns_no_answer", "The name www.example exists, but has no MX record."),
        (
            "broken.example",
            "A",
            "dns_failure",
            "The name server answered SERVFAIL when asked for broken.example.",
        ),
        (
            "refused.example",
            "A",
            "dns_failure",
            "The name server answered REFUSED when asked for refused.example.",
        ),
        ("silent.example", "A", "dns_timeout", "The name was not resolved within 0.5 s."),
    ],
)
def test_each_failure_of_a_name_server_has_its_own_code(prober, name_server, name, kind, code, sentence):
    result = prober.run_one(make_spec("dns", name, resolver=name_server, record_type=kind, timeout_s=0.5))
    assert (result.status, result.error_code, result.error) == ("down", code, sentence)


def test_a_name_server_that_talks_garbage_fails_within_the_timeout(prober, name_server):
    result = prober.run_one(make_spec("dns", "garbage.example", resolver=name_server, timeout_s=0.5))
    assert result.status == "down"
    assert result.error_code in {"dns_failure", "dns_timeout"}
