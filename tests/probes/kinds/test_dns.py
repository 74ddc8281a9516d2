"""The DNS probe against a real name server on loopback."""

import socket
import threading

import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest
from dns.rdata import from_text

from probes.dns_client import _get_system_resolver
from probes.dns_records import compare_records, spell_found
from tests.probes.specs import make_spec

ZONE = {
    ("www.example.", "A"): ["192.0.2.1", "192.0.2.2"],
    ("www.example.", "AAAA"): ["2001:db8::1"],
    ("example.", "MX"): ["10 mail.example."],
    ("example.", "TXT"): ['"v=spf1 " "-all"'],
    ("example.", "CAA"): ['0 issue "ca.example"'],
    ("alias.example.", "CNAME"): ["www.example."],
    ("street.example.", "CNAME"): ["xn--strae-oqa.de."],
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
        ("street.example", {"record_type": "CNAME", "expected": ["Straße.de"], "match": "exact"}),
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


SPF, GREETING, ODD = '"v=spf1 " "-all"', r'"Gr\195\188\195\159e"', r'"say \"hi\" \\ now"'


@pytest.mark.parametrize(
    "typed",
    [
        "v=spf1 -all", '"v=spf1 -all"', '"v=spf1 " "-all"', '  "v=spf1 ""-all" ', "Grüße", '"Grüße"',
        GREETING,
        'say "hi" \\ now', ODD, r'say \"hi\" \\ now',
    ],
)  # fmt: skip
def test_a_text_is_found_however_people_type_it(typed):
    found = [spell_found(from_text(1, 16, text), "TXT") for text in (SPF, GREETING, ODD)]
    for match in ("any", "all", "contains"):
        assert compare_records(found, [typed], kind="TXT", match=match) == ""
    assert compare_records([], [typed], kind="TXT", match="any").startswith("Expected one of ")


@pytest.mark.parametrize("typed", ["0 issue ca.example", '0 issue "ca.example"', "00 ISSUE CA.example"])
def test_a_caa_record_is_found_however_people_type_it(typed):
    found = [spell_found(from_text(1, 257, '0 issue "ca.example"'), "CAA")]
    assert compare_records(found, [typed], kind="CAA", match="exact") == ""
    assert compare_records(found, ["0 issue other.example"], kind="CAA", match="any") != ""


@pytest.mark.parametrize("typed", ["a.example;x=1; y=2", '"a.example ; x=1 ;y=2"', '"a.example; x=1; y=2"'])
def test_blanks_between_the_parameters_of_a_caa_record_do_not_matter(typed):
    for written in ('"a.example;x=1;y=2"', '"a.example; x=1; y=2"'):
        found = [spell_found(from_text(1, 257, f"0 issue {written}"), "CAA")]
        assert compare_records(found, [f"0 issue {typed}"], kind="CAA", match="exact") == ""
    nobody = [spell_found(from_text(1, 257, '0 issue ";"'), "CAA")]
    assert compare_records(nobody, ["0 issue ;"], kind="CAA", match="exact") == ""
    assert compare_records(nobody, ['0 issue " ; "'], kind="CAA", match="exact") == ""


def test_exact_means_these_and_no_others():
    found = ["a", "b"]
    assert compare_records(found, ['"a"', "b"], kind="TXT", match="exact") == ""
    assert compare_records(found, ["a"], kind="TXT", match="exact") == "Expected exactly a; got a, b."
    assert (
        compare_records(found, ["a", "b", "c"], kind="TXT", match="exact")
        == "Expected exactly a, b, c; got a, b."
    )


def test_every_address_of_a_resolvers_name_is_tried(prober, name_server, monkeypatch):
    port = int(name_server.rpartition(":")[2])

    async def resolve_to_two(host, *args, **kwargs):
        return [(2, 2, 17, "", ("127.0.0.77", port)), (2, 2, 17, "", ("127.0.0.1", port))]

    monkeypatch.setattr("probes.dns_client.look_up", resolve_to_two)
    spec = make_spec("dns", "www.example", resolver=f"ns.example:{port}", timeout_s=3)
    result = prober.run_one(spec)
    assert (result.status, result.address) == ("up", "127.0.0.1")


def test_the_systems_name_servers_are_read_again_when_they_change(tmp_path, monkeypatch):
    file = tmp_path / "resolv.conf"
    monkeypatch.setattr("probes.dns_client.RESOLV_CONF", str(file))
    found = []
    for address in ("192.0.2.1", "192.0.2.22"):
        file.write_text(f"nameserver {address}\n")
        found += [_get_system_resolver().nameservers, _get_system_resolver().nameservers]
    assert found == [["192.0.2.1"]] * 2 + [["192.0.2.22"]] * 2
