import pytest

from tests.hostile.servers import hold, serve
from tests.probes.specs import make_spec


def test_a_good_certificate_is_up_with_its_end(prober, tls_context):
    with serve(hold, context=tls_context) as server:
        result = prober.run_one(make_spec("tls", server.address))
    assert (result.status, result.error_code, result.address) == ("up", "", "127.0.0.1")
    assert result.tls_expires_at is not None
    assert result.tls_expires_at.year == 3000
    assert result.timings.tls_ms is not None
    assert result.timings.total_ms == sum(
        phase or 0 for phase in (result.timings.dns_ms, result.timings.connect_ms, result.timings.tls_ms)
    )


def test_another_server_name_can_be_asked_for(prober, tls_context):
    with serve(hold, context=tls_context) as server:
        right = prober.run_one(make_spec("tls", server.address, server_name="localhost"))
        wrong = prober.run_one(make_spec("tls", server.address, server_name="shop.example"))
    assert right.status == "up"
    assert (wrong.status, wrong.error_code) == ("down", "tls_name_mismatch")
    assert wrong.error == "Expected a certificate for shop.example, got one for localhost, 127.0.0.1."


def test_without_verification_any_name_will_do(prober, tls_context):
    with serve(hold, context=tls_context) as server:
        result = prober.run_one(
            make_spec("tls", server.address, server_name="shop.example", verify_tls=False)
        )
    assert result.status == "up"


@pytest.mark.parametrize("name", ["a.localhost", "A.b.LOCALHOST."])
def test_names_below_localhost_are_this_machine_as_for_http(prober, name):
    """Before: ``dns_nxdomain`` by tls and tcp where http connects."""
    with serve(hold) as server:
        by_tcp = prober.run_one(make_spec("tcp", f"{name}:{server.port}"))
        by_tls = prober.run_one(make_spec("tls", f"{name}:{server.port}", timeout_s=1))
    assert (by_tcp.status, by_tcp.address) == ("up", "127.0.0.1")
    assert not by_tls.error_code.startswith("dns_")
