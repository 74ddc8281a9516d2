"""When nothing answers from here, nothing that fails is the target's fault: many targets on loopback, real
connections."""

import socket
import threading
from contextlib import contextmanager
from itertools import chain
from time import monotonic

import msgspec
import pytest

from probes import asking, own_network
from probes.result import Status
from probes.run import Prober
from tests.probes.specs import make_spec

OURS = (Status.UNKNOWN, "own_network")
REFUSED = (Status.DOWN, "connect_refused")
SILENT = (Status.DOWN, "connect_timeout")
UP = (Status.UP, "")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    monkeypatch.setattr(own_network, "ASK_WITHIN_S", 0.4)


class Hosts:
    """``number`` targets, each at an address of its own, that can fall silent, be closed and be opened."""

    def __init__(self, number, first):
        self.where = []
        for last in range(first, first + number):
            with socket.socket() as probe:
                probe.bind((f"127.0.0.{last}", 0))
                self.where.append(probe.getsockname())
        self.open_now = {}
        self.silent = {}

    def open(self, *numbers):
        for number in numbers or range(len(self.where)):
            for end in self.silent.pop(number, ()):
                end.close()
            server = socket.create_server(self.where[number], backlog=200)
            thread = threading.Thread(target=self._accept, args=[server], daemon=True)
            thread.start()
            self.open_now[number] = server, thread
        return self

    def _accept(self, server):
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return

    def close(self, *numbers):
        for number in numbers or list(self.open_now):
            server, thread = self.open_now.pop(number)
            server.shutdown(socket.SHUT_RDWR)
            server.close()
            thread.join()

    def silence(self, *numbers):
        """As if the network between were gone: their queues are full, so that no connection is answered."""
        for number in numbers or list(self.open_now):
            self.close(number)
            server = socket.create_server(self.where[number], backlog=0)
            self.silent[number] = server, socket.create_connection(self.where[number])

    def specs(self, *numbers, team=0):
        return [
            msgspec.structs.replace(
                make_spec("tcp", f"{address}:{port}", monitor_id=number, timeout_s=0.5), team_id=team
            )
            for number, (address, port) in enumerate(self.where)
            if not numbers or number in numbers
        ]


@contextmanager
def many(number, *, first=2):
    hosts = Hosts(number, first).open()
    try:
        yield hosts
    finally:
        hosts.close()
        for end in chain.from_iterable(hosts.silent.values()):
            end.close()


@pytest.fixture
def hosts():
    with many(12) as hosts:
        yield hosts


def probe(prober, specs):
    found = {r.monitor_id: (r.status, r.error_code) for results in prober.run(specs) for r in results}
    return [found[spec.monitor_id] for spec in specs]


def test_many_hosts_that_are_gone_at_once_are_our_own_network_and_all_is_well_at_once_when_it_is_back(
    prober, hosts, caplog
):
    assert probe(prober, hosts.specs()) == [UP] * 12
    hosts.silence()
    assert [probe(prober, [spec]) for spec in hosts.specs()] == [[OURS]] * 12  # one after the other
    assert probe(prober, hosts.specs()) == [OURS] * 12
    hosts.open()
    assert probe(prober, hosts.specs()) == [UP] * 12
    hosts.close(3)
    assert probe(prober, hosts.specs(3)) == [REFUSED]  # and who is down then is down
    said = [record.message for record in caplog.records if "own network" in record.message]
    assert len(said) == 2
    assert said[0].startswith("own network is down line=connections: checks that fail are unknown")
    assert said[1].startswith("own network is back line=connections")


def test_the_first_that_fails_is_told_from_our_own_network_at_once(prober, hosts):
    assert probe(prober, hosts.specs()) == [UP] * 12
    hosts.close(7)
    began = monotonic()
    assert probe(prober, hosts.specs(7)) == [REFUSED]
    assert monotonic() - began < own_network.ASK_WITHIN_S  # the others answer: nobody waits


def test_what_our_own_network_would_say_is_kept(prober, hosts):
    probe(prober, hosts.specs())
    hosts.silence()
    result = prober.run_one(hosts.specs()[0])
    assert result.error == (
        "Nothing answers from where it is checked: the network there failed, and not the target."
        " What was seen: No connection within 0.5 s; nothing answered at 127.0.0.2."
    )


def test_a_process_that_has_seen_nothing_yet_counts_the_hosts_of_its_batch(hosts):
    """As a function of Lambda's does in its first batch."""
    hosts.silence()
    prober = Prober(allow_private=True)
    assert probe(prober, hosts.specs()) == [OURS] * 12
    prober.close()


def test_one_of_twelve_that_answers_does_not_make_the_others_down(hosts):
    hosts.silence(*range(11))
    prober = Prober(allow_private=True)
    found = probe(prober, hosts.specs())
    prober.close()
    assert found == [OURS] * 11 + [UP]


def test_four_of_twelve_that_answer_say_that_the_others_are_down(hosts):
    hosts.silence(*range(8))
    prober = Prober(allow_private=True)
    found = probe(prober, hosts.specs())
    prober.close()
    assert found == [SILENT] * 8 + [UP] * 4


def test_fifty_monitors_of_one_dead_host_are_one_host(prober, hosts):
    address, _ = hosts.where[0]
    dead = [make_spec("tcp", f"{address}:{port}", monitor_id=port) for port in range(2, 52)]
    assert probe(prober, dead) == [REFUSED] * 50


def test_few_hosts_say_nothing_and_are_not_waited_for(prober):
    with many(4) as hosts:
        assert probe(prober, hosts.specs()) == [UP] * 4
    began = monotonic()
    assert probe(prober, hosts.specs()) == [REFUSED] * 4
    assert monotonic() - began < 1


def test_a_reference_target_decides_even_for_one_monitor(hosts):
    (address, port), (other, other_port) = hosts.where[0], hosts.where[1]
    prober = Prober(allow_private=True, own_network_targets=[f"{address}:{port}", f"{other}:{other_port}"])
    lone = make_spec("tcp", "127.0.0.1:9", monitor_id=1)
    assert probe(prober, [lone]) == [REFUSED]
    hosts.close(0)
    assert probe(prober, [lone]) == [REFUSED]  # one of them answers
    hosts.close(1)
    assert probe(prober, [lone]) == [OURS]
    hosts.open(0)
    own_network_fresh_is_over(prober)
    assert probe(prober, [lone]) == [OURS]  # it failed before anybody knew that all is well again
    assert probe(prober, [lone]) == [REFUSED]
    prober.close()


def own_network_fresh_is_over(prober):
    """As if ``FRESH_S`` had passed."""
    prober._network._connections.asked_at -= own_network.FRESH_S


def test_all_hosts_that_are_gone_are_down_while_a_reference_target_answers(hosts):
    address, port = hosts.where[11]
    prober = Prober(allow_private=True, own_network_targets=[f"{address}:{port}"])
    probe(prober, hosts.specs())
    hosts.close(*range(11))
    assert probe(prober, hosts.specs(*range(11))) == [REFUSED] * 11
    prober.close()


def test_a_check_that_hung_while_the_network_was_away_is_not_held_against_its_target(prober, hosts):
    """It began before anybody knew, and ended when all was well again."""
    probe(prober, hosts.specs())
    with socket.create_server(("127.0.0.200", 0)) as mute:  # accepts, and says nothing
        hanging = make_spec(
            "tcp", f"127.0.0.200:{mute.getsockname()[1]}", monitor_id=99, timeout_s=2, expect="x"
        )
        results = prober.run([hanging])
        hosts.silence()
        assert probe(prober, hosts.specs(0)) == [OURS]
        hosts.open()
        assert probe(prober, hosts.specs()) == [UP] * 12
        ((result,),) = list(results)
    assert (result.status, result.error_code) == OURS


def test_name_servers_that_do_not_answer_are_ours(prober, hosts, monkeypatch):
    """Each host by a name of its own domain; the place keeps its network, and loses its name servers."""
    known = {f"shop{n}.example{n}.test": where for n, where in enumerate(hosts.where)}
    answering = [True]

    real = socket.getaddrinfo

    def look_up(name, port, *args, **kwargs):
        if name not in known:
            return real(name, port, *args, **kwargs)
        if not answering[0]:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (known[name][0], port))]

    def ask(names, **kwargs):
        asked.append(names)
        return len(names) if answering[0] else 0

    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(asking, "count_looked_up", ask)
    specs = [
        make_spec("tcp", f"{name}:{port}", monitor_id=n) for n, (name, (_, port)) in enumerate(known.items())
    ]
    assert probe(prober, specs) == [UP] * 12
    answering[0] = False
    assert probe(prober, specs[:1]) == [OURS]
    assert len(asked[0]) == own_network.FIRST_ASKED
    assert specs[0].target.partition(":")[0] not in asked[0]
    assert probe(prober, hosts.specs(0)) == [UP]  # by its address
    answering[0] = True
    assert probe(prober, specs) == [UP] * 12


def test_closing_lets_nobody_wait_for_what_is_held(hosts, monkeypatch):
    asked = threading.Event()
    released = threading.Event()

    def ask(*args, **kwargs):
        asked.set()
        released.wait(10)
        return 0

    monkeypatch.setattr(asking, "count_connected", ask)
    prober = Prober(allow_private=True, own_network_targets=["127.0.0.1:9"])
    results = prober.run([make_spec("tcp", "127.0.0.1:9")])
    assert asked.wait(10)
    closing = threading.Thread(target=prober.close)
    closing.start()
    assert list(results) == []
    released.set()
    closing.join(10)
    assert not closing.is_alive()


def test_a_bug_in_asking_holds_nothing_for_ever(monkeypatch, caplog):
    def ask(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(asking, "count_connected", ask)
    prober = Prober(allow_private=True, own_network_targets=["127.0.0.1:9"])
    assert probe(prober, [make_spec("tcp", "127.0.0.1:9", monitor_id=1)]) == [REFUSED]
    prober.close()
    assert "own network could not be asked" in caplog.text


# Who may say that it is us


def test_who_refuses_has_answered(prober, hosts):
    assert probe(prober, hosts.specs()) == [UP] * 12
    hosts.close()
    assert probe(prober, hosts.specs()) == [REFUSED] * 12
    assert probe(prober, hosts.specs(0)) == [REFUSED]


def test_a_web_server_that_refused_can_be_asked_later(prober, hosts):
    web = [
        make_spec("http", f"http://{address}:{port}/", monitor_id=number)
        for number, (address, port) in enumerate(hosts.where)
    ]
    hosts.close()
    assert probe(prober, web) == [REFUSED] * 12
    hosts.open()
    hosts.silence()
    assert probe(prober, hosts.specs(0)) == [OURS]


def test_what_somebody_looks_at_says_nothing_of_our_own_network(prober, hosts):
    hosts.silence()
    looked_at = [prober.run_one(spec) for spec in hosts.specs()]
    assert [(r.status, r.error_code) for r in looked_at] == [SILENT] * 12
    assert probe(prober, hosts.specs(0)) == [SILENT]


def test_one_team_does_not_decide_for_another(prober, hosts):
    assert probe(prober, hosts.specs(0, team=1) + hosts.specs(*range(2, 12), team=2)) == [UP] * 11
    hosts.silence(*range(1, 12))
    theirs, others = hosts.specs(1, team=1), hosts.specs(*range(2, 12), team=2)
    assert probe(prober, others + theirs) == [SILENT] * 11
    assert probe(prober, theirs) == [SILENT]


def test_hosts_of_two_teams_decide(prober, hosts):
    specs = hosts.specs(*range(3), team=1) + hosts.specs(*range(3, 12), team=2)
    assert probe(prober, specs) == [UP] * 12
    hosts.silence()
    assert probe(prober, specs) == [OURS] * 12
    hosts.open()
    assert probe(prober, specs) == [UP] * 12


def test_hosts_that_fail_together_do_not_outvote_those_that_are_asked_and_answer(prober, hosts):
    with many(24, first=20) as lost:
        assert probe(prober, hosts.specs()) == [UP] * 12
        lost.silence()
        assert probe(prober, lost.specs()) == [SILENT] * 24


def test_hosts_that_never_answered_do_not_outvote_those_that_do_however_many_teams_they_are(prober, hosts):
    """Strangers make teams, and monitors of addresses that nobody has, at no cost."""
    with many(30, first=20) as nobody:
        nobody.silence()
        strangers = [
            msgspec.structs.replace(spec, team_id=2 + number % 3, monitor_id=100 + number)
            for number, spec in enumerate(nobody.specs())
        ]
        mine = hosts.specs(*range(6), team=1)
        assert probe(prober, mine) == [UP] * 6
        assert probe(prober, strangers) == [SILENT] * 30
        hosts.silence(0)
        assert probe(prober, [*strangers, *mine]) == [SILENT] * 31 + [UP] * 5
        hosts.silence(*range(1, 6))  # and when these are gone, too, it is us
        assert probe(prober, [*strangers, *mine]) == [OURS] * 36


def test_many_teams_of_few_hosts_do_not_outvote_those_of_one(prober, hosts):
    """Teams are free. So who is asked is chosen by hosts, in proportion, and not a host of each team."""
    with many(27, first=20) as theirs:
        strangers = [
            msgspec.structs.replace(spec, team_id=2 + number % 9, monitor_id=100 + number)
            for number, spec in enumerate(theirs.specs())
        ]
        assert probe(prober, hosts.specs(team=1)) == [UP] * 12
        assert probe(prober, strangers) == [UP] * 27
        theirs.silence()
        hosts.silence(0)
        assert probe(prober, hosts.specs(0, team=1)) == [SILENT]


def test_the_outage_ends_although_few_are_watched(prober, monkeypatch):
    """Two answer in every round, and a third is down."""
    monkeypatch.setattr(own_network, "RECENT_S", 3.0)
    monkeypatch.setattr(own_network, "FRESH_S", 0.5)
    with many(12) as hosts:
        hosts.silence(*range(2, 12))
        assert probe(prober, hosts.specs()) == [UP] * 2 + [OURS] * 10
        began = monotonic()
        while probe(prober, hosts.specs(0, 1, 2)) != [UP, UP, SILENT]:
            assert monotonic() - began < 15
