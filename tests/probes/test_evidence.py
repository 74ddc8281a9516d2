"""What results say of our own network. Pure: instants and results go in."""

from datetime import timedelta

import pytest

from probes.evidence import (
    Evidence,
    HostOutcome,
    Way,
    group_address,
    group_name,
    is_ours,
    read_outcomes,
)
from probes.result import CheckResult, Status
from tests.probes.specs import SCHEDULED_AT


@pytest.mark.parametrize(
    ("hosts", "failed", "ours"),
    [(4, 4, False), (5, 4, False), (5, 5, True), (10, 8, False), (10, 9, True), (0, 0, False)],
)
def test_more_than_four_fifths_of_at_least_five_hosts_say_that_it_is_us(hosts, failed, ours):
    assert is_ours(hosts, failed) is ours


@pytest.mark.parametrize(
    ("address", "group"),
    [
        ("8.8.8.8", "8.8.8.0/24"),
        ("8.8.8.200", "8.8.8.0/24"),
        ("2a00:1450:4001::5", "2a00:1450:4001::/48"),
        ("10.0.0.7", "10.0.0.7"),
        ("127.0.0.2", "127.0.0.2"),
        ("fe80::1%eth0", "fe80::1"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_public_network_is_one_host_and_a_private_address_is_one(address, group):
    assert group_address(address) == group


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("example.com", "example.com"),
        ("a.b.example.com.", "example.com"),
        ("shop.example.co.uk", "example.co.uk"),
        ("localhost", "localhost"),
    ],
)
def test_the_names_of_one_domain_are_one_host(name, group):
    assert group_name(name) == group


def result(status=Status.UP, code="", address="192.0.2.7"):
    at = SCHEDULED_AT + timedelta(seconds=1)
    return CheckResult(
        monitor_id=1,
        revision=1,
        region="eu",
        scheduled_at=SCHEDULED_AT,
        checked_at=at,
        status=status,
        error_code=code,
        address=address,
    )


NAME, HOST = "example.com", "192.0.2.7"


@pytest.mark.parametrize(
    ("found", "way", "expected"),
    [
        (result(), Way.CONNECTS, [HostOutcome(NAME, True, True), HostOutcome(HOST, True, False)]),
        (
            result(Status.DOWN, "http_status"),
            Way.CONNECTS,
            [HostOutcome(NAME, True, True), HostOutcome(HOST, True, False)],
        ),
        (
            result(Status.DOWN, "connect_timeout"),
            Way.CONNECTS,
            [HostOutcome(NAME, True, True), HostOutcome(HOST, False, False)],
        ),
        *(
            (
                result(Status.DOWN, code),
                Way.CONNECTS,
                [HostOutcome(NAME, True, True), HostOutcome(HOST, True, False, refused=True)],
            )
            for code in ("connect_refused", "connection_reset", "connection_closed", "send_failed")
        ),
        (
            result(Status.DOWN, "dns_nxdomain", ""),
            Way.CONNECTS,
            [HostOutcome(NAME, True, True, refused=True)],
        ),
        (result(Status.DOWN, "dns_failure", ""), Way.CONNECTS, [HostOutcome(NAME, False, True)]),
        (result(Status.UNKNOWN, "own_network", ""), Way.CONNECTS, [HostOutcome(NAME, False, True)]),
        (result(Status.DOWN, "blocked_address", ""), Way.CONNECTS, []),
        (result(Status.UNKNOWN, "internal", ""), Way.CONNECTS, []),
        (result(Status.DOWN, "dns_nxdomain"), Way.ASKS_SERVER, [HostOutcome(HOST, True, False)]),
        (result(Status.DOWN, "dns_timeout"), Way.ASKS_SERVER, [HostOutcome(HOST, False, False)]),
        (result(Status.DOWN, "dns_mismatch"), Way.LOOKS_UP, [HostOutcome(NAME, True, True)]),
        (result(Status.DOWN, "dns_timeout", ""), Way.LOOKS_UP, [HostOutcome(NAME, False, True)]),
    ],
)
def test_a_result_says_of_names_and_of_connections_what_it_can(found, way, expected):
    assert read_outcomes(found, name="www.example.com", way=way) == expected


def test_the_newest_outcome_of_a_host_counts_and_who_answered_can_be_asked():
    evidence = Evidence()
    evidence.note("a", reached=True, at=1, peer=("a", 80))
    evidence.note("b", reached=True, at=2, peer=("b", 80))
    evidence.note("a", reached=False, at=3)
    assert evidence.count(since=0) == (2, 1)
    assert evidence.count(since=2.5) == (1, 1)
    assert evidence.list_peers(since=0) == {"b": ("b", 80), "a": ("a", 80)}
    assert evidence.list_peers(since=1.5) == {"b": ("b", 80)}


def watch(*teams):
    """Evidence of one host for each of ``teams``, which answered and then failed."""
    evidence = Evidence()
    for number, team in enumerate(teams):
        evidence.note(f"{number}", reached=True, at=number, team=team, peer=(f"{number}", 80))
    for number, team in enumerate(teams):
        evidence.note(f"{number}", reached=False, at=100 + number, team=team)
    return evidence


@pytest.mark.parametrize(
    ("teams", "counted"),
    [
        ([1] * 12, 12),
        ([1] + [2] * 12, 4),
        ([1, 1] + [2] * 12, 5),
        ([1] * 4 + [2] * 12, 8),
        ([1] * 4 + [2] * 4 + [3] * 4, 12),
    ],
)
def test_of_one_team_no_more_hosts_count_than_of_all_others(teams, counted):
    evidence = watch(*teams)
    assert evidence.count(since=50) == (counted, counted)
    assert len(evidence.list_peers(since=0)) == counted


def test_peers_are_hosts_of_each_team_in_turn():
    assert list(watch(1, 1, 2, 2, 2).list_peers(since=0)) == ["4", "1", "3", "0", "2"]


def test_a_team_that_left_is_forgotten():
    evidence = watch(1, 2, 2, 2, 2, 2)
    for number in range(6):
        evidence.note(f"{number}", reached=False, at=5_000, team=2)
    assert evidence.count(since=4_000) == (6, 6)
