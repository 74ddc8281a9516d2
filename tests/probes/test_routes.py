"""Places without a network, or without one of the two: what no way leads to is not down."""

import errno
import socket

import pytest

from probes.errors import ErrorCode
from probes.result import Status
from probes.routes import explain_no_name_server, explain_no_route, has_route
from tests.probes.place import needs_namespaces, probe_at
from tests.probes.specs import make_spec

LO = ["ip link set lo up"]
NO_IPV6 = [*LO, "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"]
IPV4_ONLY = [
    *NO_IPV6,
    "ip link add d0 type veth peer name d1 && ip link set d1 up",
    "ip addr add 198.51.100.2/24 dev d0",
    "ip link set d0 up",
    "ip route add default via 198.51.100.1",
]
IPV6_ONLY = [
    *LO,
    "ip link add d0 type veth peer name d1 && ip link set d1 up",
    "ip addr add fd00::2/64 dev d0 nodad",
    "ip link set d0 up",
    "ip -6 route add default via fd00::1",
]
NOTHING = LO


def specs_of(*targets, **config):
    return [
        make_spec(kind, target, monitor_id=number, **{**given, **config})
        for number, (kind, target, given) in enumerate(targets)
    ]


TO_IPV6 = specs_of(
    ("http", "http://[2001:db8::7]/", {}),
    ("http", "http://six.test/", {}),
    ("http", "http://six.test/", {"ip_family": "6"}),
    ("http", "https://both.test/", {"ip_family": "6"}),
    ("tcp", "[2001:db8::7]:5432", {}),
    ("tcp", "six.test:5432", {}),
    ("tls", "six.test:443", {}),
    ("ping", "2001:db8::7", {}),
    ("ping", "six.test", {"ip_family": "6"}),
    ("dns", "example.com", {"resolver": "[2001:db8::53]:53"}),
    ("dns", "example.com", {"resolver": "six.test"}),
)
TO_IPV4 = specs_of(
    ("http", "http://192.0.2.7/", {}),
    ("http", "http://four.test/", {"ip_family": "4"}),
    ("tcp", "four.test:5432", {}),
    ("tls", "192.0.2.7:443", {}),
    ("ping", "four.test", {}),
    ("dns", "example.com", {"resolver": "192.0.2.7"}),
)


@needs_namespaces
@pytest.mark.parametrize("place", [IPV4_ONLY, NO_IPV6], ids=["ipv4 only", "loopback alone"])
def test_an_ipv6_only_target_is_unknown_where_there_is_no_ipv6(place):
    found = probe_at(place, TO_IPV6)
    assert [(r.status, r.error_code) for r in found] == [(Status.UNKNOWN, "no_ipv6_here")] * len(TO_IPV6)
    assert all("there is no IPv6 where it is checked from" in result.error for result in found)


@needs_namespaces
def test_an_ipv4_only_target_is_unknown_where_there_is_no_ipv4():
    found = probe_at(IPV6_ONLY, TO_IPV4)
    assert [(r.status, r.error_code) for r in found] == [(Status.UNKNOWN, "no_ipv4_here")] * len(TO_IPV4)


@needs_namespaces
def test_without_any_network_it_is_ours():
    names = specs_of(("http", "http://nobody.test/", {}), ("dns", "example.com", {}))
    specs = TO_IPV4 + [make_spec(s.kind, s.target, monitor_id=90 + n) for n, s in enumerate(names)]
    found = probe_at(NOTHING, specs, name_server="192.0.2.53")
    assert [(r.status, r.error_code) for r in found] == [(Status.UNKNOWN, "own_network")] * len(specs)


@needs_namespaces
def test_a_target_with_both_is_down_where_the_one_that_we_have_is_refused():
    """Its IPv6 address has no way, its IPv4 address says that nothing listens."""
    found = probe_at(NO_IPV6, specs_of(("http", "http://both.test/", {}), ("tcp", "both.test:9", {})))
    assert [(r.status, r.error_code) for r in found] == [(Status.DOWN, "connect_refused")] * 2


def test_a_way_that_there_is_is_found_without_sending_anything():
    assert has_route("127.0.0.1")
    assert explain_no_route(["127.0.0.1"]) is None
    assert explain_no_route([]) is None


class NoWay:
    """A machine whose kernel knows no way to addresses of a family."""

    def __init__(self, *families):
        self.families = families

    def __call__(self, family, kind, protocol):
        self.family = family
        return self

    def connect(self, where):
        if self.family in self.families:
            raise OSError(errno.ENETUNREACH, "Network is unreachable")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


@pytest.mark.parametrize(
    ("missing", "tried", "code"),
    [
        ([socket.AF_INET6], ["2001:db8::7"], ErrorCode.NO_IPV6_HERE),
        ([socket.AF_INET6], ["fe80::1%lo"], ErrorCode.NO_IPV6_HERE),
        ([socket.AF_INET6], ["2001:db8::7", "192.0.2.7"], None),
        ([socket.AF_INET], ["192.0.2.7"], ErrorCode.NO_IPV4_HERE),
        ([socket.AF_INET, socket.AF_INET6], ["192.0.2.7"], ErrorCode.OWN_NETWORK),
        ([socket.AF_INET, socket.AF_INET6], ["2001:db8::7", "192.0.2.7"], ErrorCode.OWN_NETWORK),
        ([socket.AF_INET, socket.AF_INET6], ["2001:db8::7"], ErrorCode.NO_IPV6_HERE),
    ],
)
def test_what_is_missing_is_named(monkeypatch, missing, tried, code):
    monkeypatch.setattr("probes.routes.socket.socket", NoWay(*missing))
    found = explain_no_route(tried)
    assert (found and found[0]) == code


def test_name_servers_that_no_way_leads_to_are_ours(monkeypatch, tmp_path):
    file = tmp_path / "resolv.conf"
    file.write_text(
        "# comment\nnameserver 192.0.2.53\nsearch example.com\nnameserver\nnameserver 192.0.2.54\n"
    )
    monkeypatch.setattr("probes.routes.RESOLV_CONF", str(file))
    monkeypatch.setattr("probes.routes.socket.socket", NoWay(socket.AF_INET))
    code, sentence = explain_no_name_server()
    assert code is ErrorCode.OWN_NETWORK
    assert "192.0.2.53, 192.0.2.54" in sentence
    file.write_text("")
    assert explain_no_name_server() is None
