"""The real process while one account and a stranger try to hold its web server."""

import socket
import threading
import time

import httpx

from tests.e2e.harness import NO_TLS, wait_for

TIMEOUT_S = 6


def sign_in(sentrypulse):
    answer = httpx.post(
        f"{sentrypulse.url}/api/v1/auth/token",
        json={"email": "admin@sentrypulse.local", "password": sentrypulse.password()},
        verify=NO_TLS,
        timeout=10,
    )
    answer.raise_for_status()
    return answer.json()["access"]


def test_callers_who_wait_and_connections_that_idle_hold_nobody_else(sentrypulse):
    sentrypulse.start()
    token = {"Authorization": f"Bearer {sign_in(sentrypulse)}"}
    client = httpx.Client(base_url=f"{sentrypulse.url}/api/v1/", verify=NO_TLS, headers=token, timeout=60)
    beat = client.post("monitors/", json={"name": "Backup", "kind": "heartbeat", "interval_s": 60}).json()
    mute = socket.create_server(("127.0.0.1", 0), backlog=64)
    draft = {"name": "x", "kind": "http", "url": f"http://127.0.0.1:{mute.getsockname()[1]}/"}
    draft |= {"interval_s": 60, "timeout_s": TIMEOUT_S}
    statuses = []

    def test_monitor():
        statuses.append(client.post("monitors/test", json=draft).status_code)

    callers = [threading.Thread(target=test_monitor) for _ in range(12)]
    for caller in callers:
        caller.start()
    wait_for(lambda: statuses.count(429) == 9)  # three wait for the mute target
    idle = [socket.create_connection(("127.0.0.1", sentrypulse.port), timeout=10) for _ in range(600)]
    began = time.monotonic()
    assert httpx.get(f"{sentrypulse.url}/api/v1/health", verify=NO_TLS, timeout=5).status_code == 200
    assert httpx.get(beat["ping_url"], verify=NO_TLS, timeout=5).text == "OK"
    sign_in(sentrypulse)
    assert time.monotonic() - began < TIMEOUT_S
    for caller in callers:
        caller.join(60)
    assert sorted(statuses) == [200] * 3 + [429] * 9
    for connection in (*idle, mute, client):
        connection.close()
