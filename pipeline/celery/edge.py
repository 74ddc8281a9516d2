"""What a Celery worker of the edge plane does: probe and deliver. No Django, no database."""

from collections.abc import Sequence
from functools import lru_cache

from core.clock import read_clock
from core.env import Env
from delivery.send import Courier
from pipeline import dispatch
from pipeline.health import vitals
from pipeline.messages import pack_specs
from pipeline.queues.base import ROUTES, Failed
from probes.run import Prober

_probe, _deliver = ROUTES["checks"].load(), ROUTES["deliveries"].load()


@lru_cache(maxsize=1)
def shared_prober() -> Prober:
    """The one prober of this process. Made at the first check, because its threads do not survive a fork."""
    return Prober(**Env().probe_bounds(), tell_replaced=vitals.count_replaced)


@lru_cache(maxsize=1)
def shared_courier() -> Courier:
    return Courier(**Env().courier_bounds())


def probe(bodies: Sequence[bytes]) -> Failed:
    """Run the checks of the messages and send their results (``stages.probe``). Checks that come early are
    not put back: the broker delays messages for as long as it is asked to."""
    failed: Failed = _probe(
        bodies,
        prober=shared_prober(),
        send=lambda body: dispatch.send_body("results", body),
        send_on=lambda specs: dispatch.send_all("checks", pack_specs(specs)),
        now=read_clock(),
    )
    return failed


def deliver(bodies: Sequence[bytes]) -> Failed:
    """Send the deliveries of the messages, and their receipts to the core (``stages.deliver``)."""
    failed: Failed = _deliver(
        bodies, courier=shared_courier(), send=lambda body: dispatch.send_body("receipts", body)
    )
    return failed
