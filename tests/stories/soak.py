"""What the soak is made of: teams that do well and ill, an engine that is killed again and again, and a diary
of what was seen meanwhile. ``test_soak.py`` says what must be true of it."""

import os
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle, pairwise
from typing import Any

import httpx
from django.db import connection
from django.utils import timezone

from accounts.models import Membership, User
from accounts.services import create_api_key
from alerts.models import Channel, Delivery
from analytics.rollups import begin_at
from analytics.windows import floor_hour
from monitors.models import Monitor, Result
from statuspages.models import Subscriber
from tests.alerts.factories import drop_defaults, make_channel, make_rule
from tests.e2e.harness import NO_TLS, free_port, wait_for
from tests.factories import make_monitor, make_team
from tests.poison.lives import make_life
from tests.poison.poisons import list_models, list_poisons, rows_of
from tests.stories.engines import Faults, core_environment, database_url
from tests.stories.story import heard_by

CALLERS = 8
SECRETS = 60
"""Of the quiet team. Where one in ten of all secrets does not open, the key is taken to be wrong, and nothing
starts; the poison is to be a bad row among many."""
SETTLED_AFTER = timedelta(seconds=6)
"""After an outage: what was under way is done, and health has looked again."""
UNSAVED = timedelta(seconds=3)
"""Before a kill: what was under way and stored nowhere yet."""


@dataclass(frozen=True)
class Plan:
    """How long and how hard. ``make soak`` sets other figures than CI does."""

    lasts_s: float = float(os.environ.get("SOAK_S", "40"))
    monitors: int = int(os.environ.get("SOAK_MONITORS", "40"))
    every_s: int = int(os.environ.get("SOAK_INTERVAL_S", "4"))
    kill_every_s: float = float(os.environ.get("SOAK_KILL_EVERY_S", "12"))
    flap_every_s: float = float(os.environ.get("SOAK_FLAP_EVERY_S", "15"))
    seed: int = int(os.environ.get("SOAK_SEED", "20261130"))  # of the poison


@dataclass
class Outage:
    """``victim`` was killed and started again; ``until`` is when health said that all is well."""

    victim: str
    since: datetime
    until: datetime | None = None

    def covers(self, first, last):
        """Whether any of the time from ``first`` to ``last`` may have suffered."""
        until = (self.until or datetime.max.replace(tzinfo=self.since.tzinfo)) + SETTLED_AFTER
        return self.since - UNSAVED <= last and first <= until


@dataclass
class Diary:
    """What was seen from outside, between ``began`` and ``ended``."""

    began: datetime
    ended: datetime
    outages: list[Outage] = field(default_factory=list)
    healths: list[tuple[datetime, int, dict[str, Any]]] = field(default_factory=list)
    lists: list[tuple[datetime, int]] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    outages_of_target: int = 0
    poisoned: int = 0

    def was_out(self, first, last=None):
        return any(outage.covers(first, last or first) for outage in self.outages)

    def ill(self):
        """What health said when all should have been well."""
        return [
            (at, ill)
            for at, status, report in self.healths
            if at >= self.began and not self.was_out(at) and (ill := find_ill(status, report))
        ]


def find_ill(status, report):
    """The parts that make health ill, but for secrets: those that no key opens are among the poison, and
    health rightly tells of them."""
    if status == 200:
        return {}
    told = {"pages", "rollups", "archive", "watchdog", "mail", "secrets"}
    parts = {name: part for name, part in report.items() if isinstance(part, dict) and name not in told}
    return {name: part for name, part in parts.items() if part.get("ok") is False}


# The engines, each with its web server


class Embedded:
    """One process does everything, the web server included."""

    def __init__(self, engine):
        self.engine, self.port = engine, free_port()
        self.victims = ["up"]

    def start(self):
        self.restart("up")

    def restart(self, victim):
        own = {"DATA_DIR": str(self.engine.folder), "PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        environment = core_environment(database_url()) | own | {"PROBE_ALLOW_PRIVATE": "true"}
        self.engine.spawn("up", ["manage.py", "up"], environment)

    def kill(self, victim):
        self.engine.kill(victim)

    def stop(self):
        """Nothing: the engine ends with the test."""


class WithWeb:
    """An engine of several processes, and a web server of its own beside them."""

    def __init__(self, engine, environment):
        self.engine, self.port = engine, free_port()
        own = {"PORT": str(self.port), "DATA_DIR": str(engine.folder), "PYTHONUNBUFFERED": "1"}
        self.environment = environment | core_environment(database_url()) | own

    def start_web(self):
        self.engine.spawn("web", ["manage.py", "serve"], self.environment)

    def stop(self):
        self.engine.kill("web")


class Celery(WithWeb):
    victims = ("edge", "core", "beat", "web")

    def __init__(self, engine):
        super().__init__(engine, engine.environment)

    def start(self):
        for victim in self.victims:
            self.restart(victim)

    def restart(self, victim):
        if victim == "web":
            self.start_web()
        elif victim == "beat":
            self.engine.start_clock("beat")
        else:
            self.engine.start_worker(victim)

    def kill(self, victim):
        self.engine.kill(victim)


class Serverless(WithWeb):
    """Lambda starts a killed function again by itself, with the next invocation."""

    victims = ("edge", "core", "web")

    def __init__(self, engine):
        from tests.aws.deployment import EDGE
        from tests.aws.runtime import REGION
        from tests.stories.engines import Processes

        self.serverless, deployment = engine, engine.deployment
        ours = {"ENGINE": "serverless", "EDGE_FUNCTION": EDGE, "AWS_ENDPOINT_URL": deployment.aws.url}
        keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
        super().__init__(
            Processes(deployment.scratch),
            ours | deployment.queue_settings | keys | {"PROBE_ALLOW_PRIVATE": "true"},
        )

    def start(self):
        self.serverless.start(Faults())
        self.serverless.deployment.start_clock()
        self.start_web()

    def restart(self, victim):
        if victim == "web":
            self.start_web()

    def kill(self, victim):
        if victim == "web":
            self.engine.kill("web")
        else:
            getattr(self.serverless.deployment, victim).kill()


def make_product(engine):
    if engine.name == "embedded":
        return Embedded(engine)
    return Serverless(engine) if engine.name == "serverless" else Celery(engine)


# The teams


def settle_teams(plan, steady, flapping, silent, receiver):
    """The quiet team, whose ``steady`` monitors are always up and whose ``flapping`` one wakes the receiver;
    the slow one, whose target is ``silent``; and one that has some of everything, to be poisoned."""
    quiet, slow = make_team("Quiet"), make_team("Slow")
    for team in (quiet, slow):
        drop_defaults(team)
    make_rule(make_channel(quiet, url=receiver.url))
    for number in range(SECRETS):
        make_channel(quiet, name=f"Spare {number}", url=receiver.url, secret="s" * 40)
    often = {"interval_s": plan.every_s, "timeout_s": plan.every_s, "fail_after": 2, "recheck_s": 1}
    for number in range(plan.monitors * 3 // 4):
        make_monitor(quiet, now=timezone.now(), name=f"Steady {number}", url=steady.url, **often)
    make_monitor(quiet, now=timezone.now(), name="Flapping", url=flapping.url, **often)
    for number in range(plan.monitors // 5):
        make_monitor(slow, now=timezone.now(), name=f"Slow {number}", url=silent.url, **often)
    # A life has results of last winter; to roll up all hours since then would keep a core busy for minutes.
    begin_at(floor_hour(timezone.now()), raw_from=None, now=timezone.now())
    return quiet, slow, make_poisoned(steady.url)


def make_poisoned(url):
    """A team with rows in every table, all of whose outside is ``url``."""
    team = make_life("poisoned")
    for row in [*Monitor.objects.filter(team=team, kind="http"), *Channel.objects.filter(team=team)]:
        row.config |= {"url": url}
        row.save(update_fields=["config"])
    Monitor.objects.filter(team=team, kind="http").update(interval_s=Plan.every_s, phase_ms=0)
    Subscriber.objects.filter(page__team=team, kind="webhook").update(address=url)
    return team


def poison(team, chance):
    """Put one of each table's poisons into the team's rows; how many the database took."""
    taken = 0
    for model in list_models():
        doses = list(list_poisons(model, rows_of(model, team)))
        taken += any(dose.put(team) for dose in chance.sample(doses, min(len(doses), 5)))
    return taken


def make_key(team):
    """An owner's key to the API."""
    user = User.objects.create_user(f"{team.name.lower()}@example.com", name=team.name)
    Membership.objects.create(team=team, user=user, role="owner")
    return create_api_key(user, team=team, name="soak", scope="write", now=timezone.now())[1]


# Who acts and looks meanwhile


class Soak:
    """Everything at once, until ``stop``."""

    def __init__(self, product, plan, *, flapping, silent, receiver, keys, poisoned):
        now = timezone.now()
        self.product, self.plan, self.diary, self.keys = product, plan, Diary(now, now), keys
        self.flapping, self.silent, self.receiver, self.poisoned = flapping, silent, receiver, poisoned
        self.chance = random.Random(plan.seed)
        self._over = threading.Event()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.product.port}/api/v1"

    def wait_until_well(self, *, within_s=120.0):
        def is_well():
            return self._ask_health()

        try:
            wait_for(is_well, within_s=within_s, every_s=0.5)
        except AssertionError as late:
            raise AssertionError(f"Health last said: {self.diary.healths[-1:]}") from late

    def run(self):
        """Live through the plan; raises what any of the actors met."""
        actors = [self._look_at_health, self._list_monitors, self._flap] + [self._test_monitors] * CALLERS
        self.diary.began = timezone.now() + timedelta(seconds=self.plan.every_s)
        with ThreadPoolExecutor(len(actors)) as pool:
            acts = [pool.submit(self._act, actor) for actor in actors]
            try:
                self._kill_them_all(acts)
            finally:
                self._over.set()
                self.diary.ended = timezone.now()
            for act in acts:
                act.result()

    def _act(self, actor):
        try:
            actor()
        finally:
            connection.close()

    def _kill_them_all(self, acts):
        """In turn, again and again, until the time is over or an actor has failed; with fresh poison each
        time."""
        ends_at, victims = time.monotonic() + self.plan.lasts_s, cycle(self.product.victims)
        while (left_s := ends_at - time.monotonic()) > 0 and not any(act.done() for act in acts):
            self.diary.poisoned += poison(self.poisoned, self.chance)
            self._over.wait(min(left_s, self.plan.kill_every_s))
            if left_s > self.plan.kill_every_s:
                self._kill(next(victims))

    def _kill(self, victim):
        outage = Outage(victim, timezone.now())
        self.diary.outages.append(outage)
        self.product.kill(victim)
        time.sleep(0.5)
        self.product.restart(victim)
        self.wait_until_well()
        outage.until = timezone.now()

    def _ask_health(self):
        """Whether all is well."""
        at = timezone.now()
        try:
            answer = httpx.get(f"{self.url}/health", timeout=20, verify=NO_TLS)
        except httpx.TransportError:
            return False
        self.diary.healths.append((at, answer.status_code, answer.json()))
        return not find_ill(answer.status_code, answer.json())

    def _look_at_health(self):
        while not self._over.wait(1):
            self._ask_health()

    def _list_monitors(self):
        with self._client(self.keys["quiet"]) as api:
            while not self._over.wait(1):
                self.diary.lists.append((timezone.now(), _status(api.get, "/monitors/")))

    def _test_monitors(self):
        """A caller who keeps the web server waiting for the outside."""
        wish = {"name": "Test", "kind": "http", "url": self.silent.url, "interval_s": 60, "timeout_s": 10}
        with self._client(self.keys["slow"]) as api:
            while not self._over.wait(0.2):
                self.diary.calls.append(_status(api.post, "/monitors/test", json=wish))

    def _client(self, key):
        return httpx.Client(base_url=self.url, headers={"X-API-Key": key}, timeout=30, verify=NO_TLS)

    def _flap(self):
        """The target dies until the receiver has heard so, and lives until it has heard of that."""
        while not self._over.wait(self.plan.flap_every_s):
            number = self.diary.outages_of_target + 1

            def has_heard(event, number=number):
                def heard():
                    return len(heard_by(self.receiver).get(event, ())) >= number

                return heard

            self.flapping.stop()
            self._wait_for_news(has_heard("down"))
            self.flapping.start()
            self._wait_for_news(has_heard("recovered"))
            self.diary.outages_of_target = number

    def _wait_for_news(self, has_heard):
        try:
            wait_for(has_heard, within_s=180, every_s=0.3)
        except AssertionError as late:
            monitor = Monitor.objects.get(team__name="Quiet", name="Flapping")
            newest = Result.objects.filter(monitor=monitor).order_by("-scheduled_at")
            found = list(newest.values_list("checked_at", "status", "error_code")[:5])
            told = list(Delivery.objects.filter(team=monitor.team).values_list("event", "status", "attempts"))
            health = self.diary.healths[-1:]
            raise AssertionError(f"Not told: {found=} {told=} {health=}") from late


def _status(call, path, **body):
    """Of the answer; 0 when the server was away."""
    try:
        return call(path, **body).status_code
    except httpx.TransportError:
        return 0


# What was kept


def find_lost_slots(team, diary, *, every_s):
    """(monitor, from, to) of whatever time had no result that tells of the target, outside of outages."""
    lost, most = [], timedelta(seconds=every_s * 1.5)
    for monitor in Monitor.objects.filter(team=team, name__startswith="Steady"):
        known = Result.objects.filter(monitor=monitor).exclude(status="unknown")
        slots = known.filter(scheduled_at__range=(diary.began, diary.ended)).order_by("scheduled_at")
        at = [diary.began, *slots.values_list("scheduled_at", flat=True), diary.ended]
        gaps = [(first, last) for first, last in pairwise(at) if last - first > most]
        lost += [(monitor.name, *gap) for gap in gaps if not diary.was_out(*gap)]
    return lost
