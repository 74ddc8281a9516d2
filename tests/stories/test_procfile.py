"""The commands of Procfile and compose.yaml, as a host runs them."""

import os
import re
import shlex
import signal
import sys
from pathlib import Path

import httpx
import pytest
import yaml

from tests.e2e.harness import ROOT, free_port
from tests.e2e.test_new_user import sign_up
from tests.stories.engines import core_environment

SECRETS = {"SECRET_KEY", "FIELD_ENCRYPTION_KEY", "DATABASE_PASSWORD"}


def read_procfile():
    lines = (ROOT / "Procfile").read_text().splitlines()
    return {name: shlex.split(command) for name, _, command in (line.partition(": ") for line in lines)}


def as_here(command):
    """The command in this environment, in which ``celery`` and ``python`` may not be in the path."""
    own = Path(sys.executable).parent
    return [str(own / command[0]), *command[1:]]


@pytest.mark.parametrize("engine", ["redis"], indirect=True)
def test_the_procfiles_processes_together_watch_a_site(engine, target, tmp_path):
    commands, port = read_procfile(), free_port()
    core = (
        engine.environment
        | core_environment(engine.database)
        | {"PORT": str(port), "DATA_DIR": str(tmp_path)}
    )
    core |= {"PUBLIC_URL": f"http://127.0.0.1:{port}"}
    edge = dict(engine.environment)

    def spawn(name, environment):
        pulse = {"PULSE_FILE": str(tmp_path / f"{name}.pulse")}
        return engine.spawn(name, as_here(commands[name]), environment | pulse, python=False)

    assert spawn("release", core).wait(60) == 0
    assert "Prepared." in engine.output("release")
    assert len(re.findall(r"password  \S+", engine.output("release"))) == 1
    engine.running.pop("release")
    for name in ("web", "core"):
        spawn(name, core)
    for name in ("edge", "beat"):
        spawn(name, edge)
    engine.wait_until(lambda: "Serving" in engine.output("web"))

    def is_well():
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/health", timeout=10).status_code == 200

    engine.wait_until(is_well)
    for name, what, environment in (
        ("core", "worker", core),
        ("edge", "worker", edge),
        ("beat", "beat", edge),
        ("web", "web", core),
    ):
        asked = environment | {"PULSE_FILE": str(tmp_path / f"{name}.pulse")}
        looked = engine.spawn("pulse", ["-m", "sentrypulse.healthcheck", what], asked)
        assert looked.wait(60) == 0, engine.output("pulse")
        engine.running.pop("pulse")

    class Site:
        url = f"http://127.0.0.1:{port}"

    with sign_up(Site) as api:
        asked = {"name": "Shop", "kind": "http", "url": target.url, "interval_s": 86_400}
        monitor = api.post("monitors/", json=asked).json()

        def is_up():  # by the check that a new monitor gets besides its slots: the web server has sent it
            return api.get(f"monitors/{monitor['id']}/").json()["status"] == "up"

        engine.wait_until(is_up)
        assert api.post(f"monitors/{monitor['id']}/check").json()["status"] == "up"
        report = api.get("health").json()
    assert (report["engine"], report["broker"], report["dead_letters"]) == ("celery", {"ok": True}, 0)
    assert set(report["queues"]) == {"core", "edge", "dead"}
    assert httpx.get(f"http://127.0.0.1:{port}/static/admin/css/base.css").status_code == 200
    stopped = {name: engine.running.pop(name) for name in ("web", "core", "edge", "beat")}
    for process in stopped.values():
        os.killpg(process.pid, signal.SIGTERM)  # to all of its processes, as systemd and honcho do
    assert {name: process.wait(25) for name, process in stopped.items()} == dict.fromkeys(stopped, 0)


def read_compose():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_compose_runs_the_procfiles_commands():
    services, commands = read_compose(), read_procfile()
    names = {"web": "web", "core": "worker-core", "edge": "worker-edge", "beat": "beat"}
    assert {name: services[service]["command"] for name, service in names.items()} == {
        name: commands[name] for name in names
    }
    assert services["prepare"]["command"] == [*commands["release"], "--no-static"]


def test_composes_edge_and_clock_have_neither_the_secrets_nor_a_way_to_the_database():
    services = read_compose()
    for name in ("worker-edge", "beat"):
        assert "env_file" not in services[name]
        assert not {"DATABASE_URL", *SECRETS} & set(services[name]["environment"])
        assert not set(services[name]["networks"]) & set(services["mariadb"]["networks"])
    assert services["worker-edge"]["deploy"]["replicas"] == 2


def test_composes_processes_are_not_the_first_of_their_containers():
    """The first one is deaf to SIGTERM until it has a handler for it, seconds after its start."""
    ours = {
        name: service
        for name, service in read_compose().items()
        if service["image"].startswith("sentrypulse")
    }
    assert len(ours) == 5
    assert all(service["init"] is True for service in ours.values())


def test_compose_and_its_example_hold_no_secret():
    example = dict(
        line.split("=", 1)
        for line in (ROOT / ".env.example").read_text().splitlines()
        if "=" in line and line[0] != "#"
    )
    assert {example[name] for name in SECRETS} == {""}
    text = (ROOT / "compose.yaml").read_text()
    assert re.findall(r"(?i)password\w*: +(?!\$\{|\"yes\")\S+", text) == []
