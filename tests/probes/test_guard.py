"""Addresses that must not be reached, in every spelling, through the real probe of every kind."""

import re
import socket

import pytest

from probes.config import check_target
from probes.config_error import ConfigError
from probes.guard import BlockedAddress, Guard
from probes.kinds.ping import ping_permitted
from probes.registry import CHECKED, load_kind
from probes.run import Prober
from tests.hostile.servers import answer, serve
from tests.probes.specs import make_spec

REFUSED = {
    "127.0.0.1": "loopback",
    "127.255.255.254": "loopback",
    "0.0.0.0": "this network",
    "10.1.2.3": "private",
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.168.0.1": "private",
    "169.254.169.254": "link-local",
    "100.64.0.1": "shared (carrier NAT)",
    "192.0.2.1": "documentation",
    "198.18.0.1": "benchmarking",
    "224.0.0.1": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::ffff:127.0.0.1": "loopback",
    "::ffff:a9fe:a9fe": "link-local",
    "::127.0.0.1": "loopback",
    "64:ff9b::10.0.0.1": "private",
    "64:ff9b:1::1": "local NAT64",
    "2002:7f00:1::": "loopback",
    "2002:808:808::": "tunnelled",
    "2001:0:53aa:64c::f5ff:fffe": "private",  # Teredo of 10.0.0.1
    "fd00:ec2::254": "private",  # the metadata service of AWS
    "fc00::1": "private",
    "fe80::1": "link-local",
    "fe80::1%1": "link-scoped",
    "2606:4700::1%2": "link-scoped",
    "fec0::1": "site-local",
    "168.63.129.16": "cloud platform",
    "2001:4860::5efe:10.0.0.1": "private",
    "2001:4860::200:5efe:8.8.8.8": "tunnelled",
    "2606:4700::5efe:a9fe:a9fe": "link-local",
    "ff02::1": "multicast",
    "2001:db8::1": "documentation",
    "100::1": "discard",
    "4000::1": "reserved",
    "localhost": "malformed",
    "127.1": "malformed",
}


@pytest.mark.parametrize(("address", "reason"), REFUSED.items())
def test_an_address_that_is_not_public_is_refused_with_its_kind(address, reason):
    with pytest.raises(BlockedAddress) as blocked:
        Guard(allow_private=False).check(address)
    assert (blocked.value.address, blocked.value.reason) == (address, reason)


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "172.32.0.1",
        "100.128.0.1",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2606:4700::1111",
    ],
)
def test_a_public_address_is_allowed(address):
    Guard(allow_private=False).check(address)


def test_packed_bytes_are_judged_like_text():
    guard = Guard(allow_private=False)
    guard.check(bytes([8, 8, 8, 8]))
    with pytest.raises(BlockedAddress) as blocked:
        guard.check(socket.inet_pton(socket.AF_INET6, "::1"))
    assert blocked.value.address == "::1"


def test_whoever_owns_the_machine_reaches_everything_but_nonsense():
    guard = Guard(allow_private=True)
    for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fe80::1%1", "::ffff:10.0.0.1"):
        guard.check(address)
    for address in ("224.0.0.1", "ff02::1", "0.0.0.0", "::", "255.255.255.255", "::ffff:0.0.0.0"):
        with pytest.raises(BlockedAddress):
            guard.check(address)


SPELLINGS = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f.1",
    "0x7f000001",
    "017700000001",
    "0",
    "0.0.0.0",
    "localhost",
    "localhost.",
    "LOCALHOST",
    "169.254.169.254",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[fd00:ec2::254]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
]


@pytest.mark.parametrize("host", SPELLINGS)
def test_no_spelling_of_a_private_address_gets_past_the_http_probe(strict_prober, host):
    result = strict_prober.run_one(make_spec("http", f"http://{host}:9/"))
    assert (result.status, result.error_code, result.address) == ("down", "blocked_address", "")
    assert result.error.endswith(", which this prober may not reach.")
    assert not re.search(r"\d+\.\d|::", result.error)


@pytest.mark.parametrize("host", SPELLINGS)
@pytest.mark.parametrize("kind", [kind for kind in CHECKED if kind not in ("http", "domain")])
def test_no_spelling_of_a_private_address_gets_past_any_other_probe(strict_prober, kind, host):
    if kind == "dns":
        spec = make_spec("dns", "example.com", resolver=f"{host}:9")
    else:
        spec = make_spec(kind, make_target(kind, host, 9))
    result = strict_prober.run_one(spec)
    assert (result.status, result.error_code) == ("down", "blocked_address")


def make_target(kind, host, port):
    """A URL where the kind takes URLs, else ``host:port``, else the host alone."""
    if schemes := load_kind(kind).schemes:
        return check_target(kind, f"{schemes[0]}://{host}:{port}/")
    try:
        return check_target(kind, f"{host}:{port}")
    except ConfigError:
        return check_target(kind, host)


@pytest.mark.parametrize("kind", [kind for kind in CHECKED if kind not in ("dns", "domain")])
def test_nothing_reaches_a_listening_private_port(strict_prober, kind):
    with serve(answer()) as server:
        spec = make_spec(kind, make_target(kind, "127.0.0.1", server.port))
        assert strict_prober.run_one(spec).error_code == "blocked_address"
        assert server.served == 0


class OnlyThisHost(Guard):
    """As strict as can be, but for the one loopback address where the test's public server lives."""

    def __init__(self) -> None:
        super().__init__(allow_private=False)

    def check(self, address: str | bytes) -> None:
        if address != "127.0.0.1":
            super().check(address)


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.2:{port}/",
        "http://0x7f.2:{port}/",
        "//127.2:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://user:password@10.0.0.1/",
    ],
)
def test_a_redirect_to_a_private_address_is_refused(location):
    prober = Prober(allow_private=False)
    prober._guard = OnlyThisHost()
    port: list[int] = []

    def redirect(connection, stop):
        answer(status="302 Found", headers=(f"Location: {location.format(port=port[0])}",))(connection, stop)

    try:
        with serve(redirect) as server:
            port.append(server.port)
            result = prober.run_one(make_spec("http", server.url))
            assert server.served == 1
    finally:
        prober.close()
    assert (result.status, result.error_code) == ("down", "blocked_address")
    assert result.error.startswith("After a redirect to http://")
    assert "password" not in result.error


@pytest.mark.skipif(not ping_permitted(), reason="this system does not let us send ICMP")
def test_ping_reaches_loopback_when_private_addresses_are_allowed(prober):
    assert prober.run_one(make_spec("ping", "127.0.0.1")).status == "up"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("loopback", "a loopback address"),
        ("unspecified", "an unspecified address"),
        ("this network", "an address of this network"),
    ],
)
def test_a_refused_address_is_told_of_in_a_sentence(reason, kind):
    """Before: "It leads to a unspecified address", and "a this network address"."""
    assert str(BlockedAddress("192.0.2.1", reason)) == f"It leads to {kind}"
