"""What the core makes of results that our own network spoilt: no incident, and operators know."""

from datetime import timedelta
from time import monotonic
from types import SimpleNamespace

import msgspec
import pytest

from incidents.models import Incident
from monitors.models import RegionState
from pipeline import edge
from pipeline.entrypoints import aws_edge
from pipeline.health.own_network import find_outages
from pipeline.stages.record import record
from probes.run import Prober
from tests.factories import make_monitor
from tests.pipeline.factories import T0, make_result
from tests.probes.specs import make_spec

pytestmark = pytest.mark.django_db
OURS = {"error_code": "own_network", "error": "Nothing answers from where it is checked."}


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def feed(monitor, seconds, letter, **fields):
    record([make_result(monitor, at(seconds), letter, **fields)], now=at(seconds))


def test_a_failure_just_before_we_noticed_becomes_no_incident():
    monitor = make_monitor()
    feed(monitor, 0, "U")
    feed(monitor, 60, "D")  # nobody knew yet
    feed(monitor, 70, "?", **OURS)
    assert RegionState.objects.get().failures == 0
    feed(monitor, 120, "D")  # a blip of its own, after all was well again
    assert Incident.objects.count() == 0
    feed(monitor, 130, "D")
    assert Incident.objects.get().started_at == at(120)


def test_results_in_another_order_say_the_same():
    monitor = make_monitor()
    feed(monitor, 0, "U")
    feed(monitor, 70, "?", **OURS)
    feed(monitor, 120, "D")
    feed(monitor, 60, "D")  # comes last
    assert Incident.objects.count() == 0
    feed(monitor, 130, "D")
    assert Incident.objects.get().started_at == at(120)


def test_an_outage_that_was_known_goes_on():
    monitor = make_monitor(fail_after=1)
    feed(monitor, 0, "D")
    feed(monitor, 60, "?", **OURS)
    feed(monitor, 120, "U")
    assert Incident.objects.get().resolved_at == at(120)


def test_operators_see_which_region_is_cut_off_and_since_when(settings, caplog):
    settings.REGIONS = ["a", "b"]
    monitor = make_monitor()
    feed(monitor, 0, "U", region="a")
    assert find_outages(now=at(1)) == []
    feed(monitor, 60, "?", region="b", **OURS)
    feed(monitor, 120, "?", region="b", **OURS)
    (outage,) = find_outages(now=at(121))
    assert (outage.region, outage.since, outage.seen_at) == (
        "b",
        *(at(s) + timedelta(milliseconds=40) for s in (60, 120)),
    )
    assert find_outages(now=at(301)) == []
    feed(monitor, 600, "?", region="b", **OURS)
    assert find_outages(now=at(600))[0].since == at(600) + timedelta(milliseconds=40)
    said = [record.message for record in caplog.records if "own network is down" in record.message]
    assert said == ["own network is down region=b: its checks that fail are unknown"] * 2


def test_to_record_them_again_changes_nothing():
    monitor = make_monitor()
    for _ in range(2):
        feed(monitor, 60, "?", **OURS)
    (outage,) = find_outages(now=at(60))
    assert outage.since == outage.seen_at


@pytest.mark.parametrize("look", ["probe_now", "call_probe"])
def test_what_somebody_looks_at_is_no_evidence(monkeypatch, look):
    prober = Prober(allow_private=True)
    monkeypatch.setattr(edge.PROBER, "get", lambda: prober)
    monkeypatch.setattr(aws_edge, "get_edge", lambda: SimpleNamespace(prober=prober))
    spec = make_spec("tcp", "127.0.0.1:9")
    if look == "probe_now":
        found = edge.probe_now(spec).error_code
    else:
        event = {"spec": msgspec.to_builtins(spec)}
        found = aws_edge.call_probe(event, monotonic() + 10)["result"]["error_code"]
    assert found == "connect_refused"
    assert prober._network._connections.evidence.count(since=float("-inf")) == (0, 0)
    list(prober.run([spec]))
    assert prober._network._connections.evidence.count(since=float("-inf")) == (1, 0)
    prober.close()
