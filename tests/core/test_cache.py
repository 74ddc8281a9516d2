"""The shared cache with a Redis that is away, that stands still, or that answers."""

import socket

import pytest

from accounts.throttles import count_attempt
from core.cache import SharedCache
from tests.e2e.harness import free_port


def make_cache(port):
    SharedCache._away_until = 0.0
    return SharedCache(
        f"redis://:s3cret@127.0.0.1:{port}/0",
        {"OPTIONS": {"SOCKET_TIMEOUT": 0.2, "SOCKET_CONNECT_TIMEOUT": 1}},
    )


@pytest.fixture
def redis():
    """A server that takes connections, counts them, and answers nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server
    SharedCache._away_until = 0.0


def count_connections(server):
    server.setblocking(False)
    count = 0
    while True:
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


@pytest.fixture(params=["away", "standing still"])
def cache(request, redis):
    made = make_cache(free_port() if request.param == "away" else redis.getsockname()[1])
    yield made
    made._memory.clear()


def test_while_redis_is_away_this_process_remembers(cache, caplog):
    assert cache.get("page") is None
    cache.set("page", "hello", timeout=60)
    assert cache.get("page") == "hello"
    assert cache.add("attempts", 0, timeout=60)
    assert not cache.add("attempts", 0, timeout=60)
    assert cache.incr("attempts") == 1
    cache.delete("attempts")
    with pytest.raises(ValueError, match="attempts"):
        cache.incr("attempts")
    (line,) = caplog.messages  # it was asked once, and then left alone
    assert line.startswith("redis does not answer error=")
    assert "s3cret" not in line


def test_every_thread_leaves_a_redis_alone_that_did_not_answer(redis):
    make_cache(port := redis.getsockname()[1]).get("page")
    away_until = SharedCache._away_until
    other = make_cache(port)
    SharedCache._away_until = away_until
    count_connections(redis)
    other.get("page")
    assert count_connections(redis) == 0


def test_it_is_asked_again_later(redis):
    cache = make_cache(redis.getsockname()[1])
    cache.get("page")
    count_connections(redis)
    SharedCache._away_until = 0.0
    cache.get("page")
    assert count_connections(redis) > 0


def test_attempts_are_still_limited(cache, monkeypatch):
    monkeypatch.setattr("accounts.throttles.cache", cache)
    answers = [count_attempt("login_account", "ada@example.com", now=1_000_000.0) for _ in range(21)]
    assert answers[:20] == [None] * 20
    assert answers[20] is not None
