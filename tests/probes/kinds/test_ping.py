import pytest

from probes.check import ProbeError
from probes.errors import ErrorCode
from probes.kinds.ping import ping_permitted
from probes.result import Status
from tests.probes.specs import make_spec

needs_icmp = pytest.mark.skipif(not ping_permitted(), reason="this system does not let us send ICMP")


@needs_icmp
def test_a_host_that_answers_is_up_and_the_round_trip_is_told(prober):
    result = prober.run_one(make_spec("ping", "127.0.0.1", count=3))
    assert (result.status, result.error_code, result.address) == ("up", "", "127.0.0.1")
    timings = result.timings
    assert timings.first_byte_ms is not None
    assert timings.dns_ms is not None
    assert timings.total_ms == timings.dns_ms + timings.first_byte_ms


@needs_icmp
def test_many_pings_at_once_do_not_take_each_others_answers(prober):
    specs = [make_spec("ping", f"127.0.0.{n}", monitor_id=n) for n in range(1, 21)]
    results = [result for chunk in prober.run(specs) for result in chunk]
    assert {(result.monitor_id, result.address) for result in results} == {
        (n, f"127.0.0.{n}") for n in range(1, 21)
    }


@needs_icmp
def test_lost_packets_are_counted(prober, monkeypatch):
    monkeypatch.setattr("probes.icmp._answers", lambda *_args, **_options: False)
    result = prober.run_one(make_spec("ping", "127.0.0.1", count=2, timeout_s=2))
    assert (result.status, result.error_code) == ("down", "ping_lost")
    assert result.error == "2 of 2 echo requests to 127.0.0.1 stayed unanswered."


def test_a_system_that_forbids_icmp_says_how_to_allow_it(prober, monkeypatch):
    def refuse(*_args):
        raise PermissionError

    monkeypatch.setattr("probes.icmp.socket.socket", refuse)
    assert ping_permitted() is False
    monkeypatch.undo()

    def forbid(_family):
        from probes.icmp import NOT_PERMITTED

        raise ProbeError(ErrorCode.PING_NOT_PERMITTED, NOT_PERMITTED, status=Status.UNKNOWN)

    monkeypatch.setattr("probes.icmp.open_socket", forbid)
    result = prober.run_one(make_spec("ping", "127.0.0.1"))
    assert (result.status, result.error_code) == ("unknown", "ping_not_permitted")
    assert "net.ipv4.ping_group_range" in result.error
