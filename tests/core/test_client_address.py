"""Who called, behind proxies or without."""

import re
from pathlib import Path

import pytest
from django.test import RequestFactory

from core.client_address import client_address, fold_address, is_forwarded

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (0, "203.0.113.9", "127.0.0.1"),  # anybody may write this header
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1,203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9, 10.0.0.1", "203.0.113.9"),
        (3, "203.0.113.9", "203.0.113.9"),
        (1, "203.0.113.9:40000", "203.0.113.9"),
        (1, "203.0.113.9:", "203.0.113.9"),
        (1, '"203.0.113.9:40000"', "203.0.113.9"),
        (2, "203.0.113.9:40000, 10.0.0.1:5", "203.0.113.9"),
        (1, "2001:DB8::1", "2001:db8::1"),
        (1, "[2001:db8::1]", "2001:db8::1"),
        (1, "[2001:db8::1]:40000", "2001:db8::1"),
        (1, '"[2001:db8::1]:40000"', "2001:db8::1"),
        (1, "fe80::1%eth0", "fe80::1"),
        (1, "[fe80::1%25eth0]:80", "fe80::1"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "[::ffff:203.0.113.9]:40000", "203.0.113.9"),
        (1, "unknown", "127.0.0.1"),
        (1, "_hidden:_port", "127.0.0.1"),
        (1, "203.0.113.9:1:2", "127.0.0.1"),
        (1, "203.0.113.999", "127.0.0.1"),
        (1, "[", "127.0.0.1"),
        (1, ":", "127.0.0.1"),
        (1, ",", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_the_client_is_who_a_trusted_proxy_says(settings, trusted, forwarded, address):
    settings.TRUSTED_PROXIES = trusted
    request = RequestFactory().get("/", headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == address


@pytest.mark.parametrize(
    ("peer", "address"),
    [("127.0.0.1:51234", "127.0.0.1"), ("::ffff:127.0.0.1", "127.0.0.1"), ("unix:", "unix:"), ("", "")],
)
def test_without_a_proxy_the_client_is_the_peer_as_the_server_spells_it(peer, address):
    assert client_address(RequestFactory().get("/", REMOTE_ADDR=peer)) == address


@pytest.mark.parametrize(
    ("trusted", "headers", "forwarded"),
    [(0, {}, False), (1, {}, True), (0, {"X-Forwarded-For": "192.0.2.1"}, True)],
)
def test_a_request_is_forwarded_where_a_proxy_is_expected_or_seems_to_be(
    settings, trusted, headers, forwarded
):
    settings.TRUSTED_PROXIES = trusted
    assert is_forwarded(RequestFactory().get("/", headers=headers)) is forwarded


@pytest.mark.parametrize(
    ("address", "folded"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("unix:", "unix:"),
    ],
)
def test_one_customer_is_one_address(address, folded):
    assert fold_address(address) == folded


def test_nobody_else_reads_the_header():
    reads = re.compile(r"FORWARDED[-_]FOR|REMOTE_ADDR|get_ident|NUM_PROXIES", re.IGNORECASE)
    folders = [
        "core",
        "accounts",
        "monitors",
        "incidents",
        "outbox",
        "alerts",
        "analytics",
        "statuspages",
        "pipeline",
        "sentrypulse",
    ]
    files = {file for folder in folders for file in (ROOT / folder).rglob("*.py")}
    assert {file.name for file in files if reads.search(file.read_text())} == {"client_address.py"}
