"""Which domains a page may ask for."""

import pytest

from statuspages.domains import find_domain_fault, fold_domain

OWN = ["sentry.example.net", "127.0.0.1"]


@pytest.mark.parametrize(
    "domain", ["status.example.com", "a.co", "x-1.example.org", "status.xn--bcher-kva.example"]
)
def test_a_host_name_may_be_asked_for(domain):
    assert find_domain_fault(domain, own_hosts=OWN) is None


@pytest.mark.parametrize(
    "domain",
    [
        "localhost",
        "127.0.0.1",
        "[::1]",
        "https://x.example",
        "x.example/",
        "x.example:80",
        "*.example.com",
        "-a.example",
        "a..b",
        "sentry.example.net",
        "evil.sentry.example.net",
        "a" * 64 + ".example",
        "x.1",
    ],
)
def test_anything_else_and_our_own_names_are_refused(domain):
    assert find_domain_fault(domain, own_hosts=OWN)


def test_a_domain_is_compared_in_small_ascii_letters():
    assert fold_domain(" Status.BÜCHER.example. ") == "status.xn--bcher-kva.example"
