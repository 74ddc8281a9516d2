"""Which messages a worker runs, and which it holds back."""

import pytest

from pipeline.celery.shares import Shares


class Worker:
    def __init__(self, processes=6):
        self.running, self.fetched = [], 0
        self.shares = Shares(self.running.append, processes=processes, fetch_more=self.fetch_more)

    def fetch_more(self, count):
        self.fetched += count

    def admit(self, *names):
        made = []
        for name in names:
            share = name[:1] if name[:1].isdigit() else None
            made.append(SimpleRequest(name, {"share": share} if share else {}))
            self.shares.admit(made[-1])
        return made

    def names(self):
        return [request.id for request in self.running]


class SimpleRequest:
    def __init__(self, name, headers):
        self.id, self.request_dict, self.on_end = name, headers, None

    def end(self):
        if self.on_end:
            self.on_end(self)


@pytest.fixture
def worker():
    return Worker()


def test_a_share_keeps_a_third_of_the_processes_busy_and_the_rest_is_held(worker):
    worker.admit("7a", "7b", "7c", "7d", "8a", "quick")
    assert worker.names() == ["7a", "7b", "8a", "quick"]
    assert worker.fetched == 2  # the worker takes two others for those it holds


def test_each_that_ends_lets_the_next_of_its_share_run(worker):
    first, second, *_ = worker.admit("7a", "7b", "7c", "7d")
    first.end()
    first.end()  # acknowledged and rejected: once is enough
    assert (worker.names(), worker.fetched) == (["7a", "7b", "7c"], 1)
    second.end()
    assert (worker.names(), worker.fetched) == (["7a", "7b", "7c", "7d"], 0)


def test_a_worker_of_one_process_runs_one(worker):
    alone = Worker(processes=1)
    alone.admit("7a", "7b", "quick")
    assert alone.names() == ["7a", "quick"]


def test_after_a_lost_connection_what_was_held_is_forgotten_and_what_still_ends_frees_nothing(worker):
    old, *_ = worker.admit("7a", "7b", "7c")
    worker.shares.forget()
    worker.admit("7c", "7d")
    assert worker.names() == ["7a", "7b", "7c", "7d"]
    (third,) = worker.admit("7e")
    old.end()
    assert third not in worker.running
    worker.running[2].end()
    assert worker.names()[-1] == "7e"


def test_all_shares_together_leave_a_third_of_the_processes(worker):
    first, *_ = worker.admit("1a", "1b", "2a", "2b", "3a", "4a", "3b", "quick")
    assert worker.names() == ["1a", "1b", "2a", "2b", "quick"]
    first.end()
    assert worker.names()[-1] == "3a"  # whose turn it is: the fourth of six, as before
    assert len(worker.names()) == 6
