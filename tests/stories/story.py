"""The story: a monitor is due, its target answers, dies, is looked at again, is down, somebody is told, it
recovers, and he is told again."""

from itertools import groupby

from django.utils import timezone

from alerts.models import Delivery
from incidents.models import Incident
from monitors.models import RegionState, Result
from tests.alerts.factories import drop_defaults, make_channel, make_rule
from tests.factories import make_monitor, make_team

TOLD = {
    "results": ["up", "down", "up"],
    "error_codes": {"", "connect_refused"},
    "states": [("local", "up")],
    "incidents": [("automatic", "resolved", "connect_refused", "first failure", "first success after it")],
    "told": [("down", "sent"), ("recovered", "sent")],
}
"""What every engine has found in the end."""


def watch(target, receiver, **fields):
    """A monitor that is due every second, and is checked again a second after a failure; ``receiver``, and
    nobody else, hears of it at once."""
    team = make_team()
    drop_defaults(team)
    make_rule(make_channel(team, url=receiver.url))
    asked = {"url": target.url, "interval_s": 1, "timeout_s": 1, "recheck_s": 1, "fail_after": 2}
    return make_monitor(team, now=timezone.now(), **(asked | fields))


def tell(engine, target, receiver, *, meanwhile=lambda: None, **fields):
    """Live through the story; ``meanwhile`` is done while the target is down. The monitor is disabled in the
    end, so that its rows change no more."""
    monitor = watch(target, receiver, **fields)
    engine.wait_until(lambda: state_of(monitor) == "up")
    target.stop()
    engine.wait_until(lambda: Incident.objects.filter(monitor=monitor).exists())
    meanwhile()
    assert state_of(monitor) == "down"
    engine.wait_until(lambda: "down" in heard_by(receiver))
    target.start()
    engine.wait_until(lambda: Incident.objects.filter(monitor=monitor, status="resolved").exists())
    engine.wait_until(lambda: state_of(monitor) == "up")
    engine.wait_until(lambda: "recovered" in heard_by(receiver))
    engine.wait_until(lambda: told_of(monitor) == TOLD["told"])
    monitor.enabled = False
    monitor.save(update_fields=["enabled"])
    return monitor


def heard_by(receiver):
    """What it was told, and by which keys: an alert may come twice, but then with the same key."""
    keys: dict[str, set[str]] = {}
    for request in list(receiver.requests):
        keys.setdefault(request.json["event"], set()).add(request.headers["idempotency-key"])
    return keys


def told_of(monitor):
    """In the order in which they were planned, whatever the planners' clocks said."""
    planned = Delivery.objects.filter(team=monitor.team).order_by("pk")
    return list(planned.values_list("event", "status"))


def state_of(monitor):
    return RegionState.objects.filter(monitor=monitor).values_list("state", flat=True).first()


def results_of(monitor):
    return list(Result.objects.filter(monitor=monitor).order_by("scheduled_at"))


def incidents_of(monitor):
    return list(Incident.objects.filter(monitor=monitor).exclude(status="retracted").order_by("started_at"))


def read_rows(monitor):
    """What was found, without what differs from one telling to the next: instants and how often it was
    looked."""
    results = results_of(monitor)
    return {
        "results": [status for status, _ in groupby(result.status for result in results)],
        "error_codes": {result.error_code for result in results},
        "states": list(
            RegionState.objects.filter(monitor=monitor).order_by("region").values_list("region", "state")
        ),
        "incidents": [
            (
                incident.kind,
                incident.status,
                incident.cause["error_code"],
                _name_instant(incident.started_at, results),
                _name_instant(incident.resolved_at, results),
            )
            for incident in incidents_of(monitor)
        ],
        "told": told_of(monitor),
    }


def _name_instant(instant, results):
    failed = [result.scheduled_at for result in results if result.status == "down"]
    recovered = [r.scheduled_at for r in results if r.status == "up" and r.scheduled_at > failed[0]]
    names = {failed[0]: "first failure", recovered[0]: "first success after it"}
    return names.get(instant, f"{instant}, in none of {names}")
