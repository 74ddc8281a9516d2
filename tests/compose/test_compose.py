"""``cp .env.example .env``, ``docker compose up``: what comes of it."""

import json
import re

import httpx

from tests.compose.installation import PROCESSES
from tests.e2e.harness import wait_for
from tests.e2e.test_new_user import sign_up

SERVER = """
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def do_POST(self):
        self.send_response(204)
        self.end_headers()
        print(self.headers["Idempotency-Key"])
    def log_message(self, *args):
        pass
ThreadingHTTPServer(("", 8080), Handler).serve_forever()
"""
WHO = """
import json, os
from pathlib import Path
def writable(folder):
    try:
        (Path(folder) / "probe").touch()
        (Path(folder) / "probe").unlink()
    except OSError:
        return False
    return True
lines = Path("/proc/self/status").read_text().splitlines()
status = dict(line.split(":\\t", 1) for line in lines if ":\\t" in line)
folders = ["/app", "/data", "/data/published", "/tmp", "/venv"]
print(json.dumps({
    "user": [os.getuid(), os.getgid()],
    "capabilities": int(status["CapEff"], 16) | int(status["CapBnd"], 16),
    "no_new_privileges": status["NoNewPrivs"],
    "writable": [folder for folder in folders if writable(folder)],
    "environment": dict(os.environ),
}))
"""
SLOW_SERVER = SERVER.replace(
    "self.send_response(200)", "__import__('time').sleep(3); self.send_response(200)"
)
CONNECT = """
import socket, sys
try:
    socket.create_connection(({host!r}, 3306), 3)
except OSError:
    print("away")
else:
    print("there")
"""


def test_a_target_is_watched_through_an_outage(installation):
    target = installation.run_beside("target", SERVER)
    receiver = installation.run_beside("receiver", SERVER)

    def told():
        return installation.docker("logs", receiver).split()

    with sign_up(installation) as api:

        def make(path, **fields):
            made = api.post(path, json=fields)
            assert made.status_code == 201, made.text
            return made.json()["id"]

        shop = make(
            "monitors/",
            name="Shop",
            kind="http",
            url="http://target:8080/",
            interval_s=10,
            recheck_s=1,
            timeout_s=5,
        )
        ping = make("monitors/", name="Ping", kind="ping", url="receiver", interval_s=10, timeout_s=5)
        hook = make("channels/", name="Hook", kind="webhook", config={"url": "http://receiver:8080/"})
        make("alert-rules/", name="All", monitors=[shop], steps=[{"channels": [hook]}])
        make("status-pages/", slug="acme", title="Acme", components=[{"name": "Website", "monitors": [shop]}])

        def status(monitor):
            return api.get(f"monitors/{monitor}/").json()["status"]

        def incidents():
            return api.get("incidents/", params={"monitor": shop}).json()["results"]

        wait_for(lambda: status(shop) == "up" and status(ping) == "up")
        assert incidents() == []

        installation.docker("kill", target)
        wait_for(lambda: status(shop) == "down")
        (incident,) = wait_for(incidents)
        assert incident["resolved_at"] is None
        wait_for(lambda: len(told()) == 1)

        installation.docker("start", target)
        wait_for(lambda: status(shop) == "up")
        assert incidents()[0]["resolved_at"] is not None
        wait_for(lambda: len(told()) == 2)
        assert [key.split(":")[1] for key in told()] == ["down", "recovered"]
        assert status(ping) == "up"

        # Pages are shown with their pictures and forms, and their copies are in the volume.
        with httpx.Client(base_url=installation.url, timeout=20) as browser:
            page = browser.get("/status/acme/")
            assert page.status_code == 200
            assert "Website" in page.text
            admin = browser.get("/admin/login/").text
            sheets = re.findall(r'href="(/static/[^"]+\.css)"', admin)
            assert sheets
            assert {browser.get(sheet).status_code for sheet in sheets} == {200}
        copy = installation.compose("exec", "-T", "web", "cat", "/data/published/acme/index.html")
        assert "Website" in copy


def test_no_process_ends_because_the_broker_does(installation):
    """Not even those that are in the middle of something: of 20 checks that take 3 s, some always are."""
    installation.run_beside("slow", SLOW_SERVER)
    account = {"email": "eve@example.com", "password": "correct horse battery"}
    with httpx.Client(base_url=f"{installation.url}/api/v1/", timeout=20) as api:
        token = api.post("auth/register", json=account).json()["access"]
        api.headers["Authorization"] = f"Bearer {token}"
        for number in range(20):
            asked = {"name": f"Slow {number}", "kind": "http", "url": f"http://slow:8080/{number}"}
            made = api.post("monitors/", json=asked | {"interval_s": 10, "timeout_s": 8})
            assert made.status_code == 201, made.text

        def newest():
            return api.get("monitors/").json()["results"][0]["last_result"]

        wait_for(newest)
        installation.compose("stop", "redis")
        page = httpx.get(f"{installation.url}/status/acme/", timeout=20)
        assert page.status_code in {200, 404}  # there is none where this test runs alone
        reports = [api.get("health").json() for _ in range(12)]
        assert {report["broker"]["ok"] for report in reports} == {False}
        assert {report["database"]["ok"] for report in reports} == {True}
        installation.compose("start", "redis")
        wait_for(installation.is_well, within_s=90, every_s=2)
    rows = [row for service in PROCESSES for row in installation.containers(service)[service]]
    assert [row["Name"] for row in rows if row["RestartCount"]] == []


def test_processes_have_no_rights(installation):
    for service in PROCESSES:
        who = json.loads(installation.python(service, WHO))
        assert who["user"] == [10001, 10001], service
        assert who["capabilities"] == 0, service
        assert who["no_new_privileges"] == "1", service
        volume = ["/data/published"] if service in {"web", "worker-core"} else []
        assert who["writable"] == [*volume, "/tmp"], service


def test_the_edge_and_the_clock_know_no_secret_and_reach_no_database(installation):
    (mariadb,) = installation.containers("mariadb")["mariadb"]
    (network,) = mariadb["NetworkSettings"]["Networks"].values()
    connect = CONNECT.format(host=network["IPAddress"])
    for service in ("worker-edge", "beat"):
        environment = json.loads(installation.python(service, WHO))["environment"]
        assert not {"DATABASE_URL", "REDIS_URL", *installation.secrets} & set(environment)
        assert not [
            value for value in environment.values() if any(s in value for s in installation.secrets.values())
        ]
        assert installation.python(service, connect).strip() == "away"
    assert installation.python("web", connect).strip() == "there"


def test_settings_of_the_edge_come_from_the_environment_file(installation):
    environment = json.loads(installation.python("worker-edge", WHO))["environment"]
    assert environment["PROBE_ALLOW_PRIVATE"] == "true"
    assert "PROBE_CONCURRENCY" not in environment  # not in .env: the default holds


def test_the_image_holds_the_product_and_no_more(installation):
    seen = installation.docker(
        *("run", "--rm", installation.image, "find", "/app", "/data", "-not", "-path", "/data/static/*")
    )
    names = {
        path.removeprefix("/app/").partition("/")[0] for path in seen.split() if path.startswith("/app/")
    }
    roots = {path.parent.name for path in installation.folder.glob("*/__init__.py")}
    assert names - {"__pycache__", "manage.py", "requirements.txt", "requirements-mysql.txt"} == roots - {
        "infra",
        "tests",
        "benchmarks",
    }
    assert [
        path for path in seen.split() if re.search(r"/\.(env|git)|\.(sqlite3|sql|pem)$|secret_key", path)
    ] == []
    history = installation.docker("history", "--no-trunc", installation.image)
    history += installation.docker("inspect", installation.image)
    assert "DATA_DIR=/data" in history
    assert [name for name, value in installation.secrets.items() if value in history] == []
    assert "FIELD_ENCRYPTION_KEY=gAAA" not in history


def test_what_was_stored_outlives_the_containers_and_nothing_is_killed(installation):
    def find_passwords():
        return re.findall(r"password  (\S+)", installation.compose("logs", "prepare"))

    (password,) = find_passwords()
    account = {"email": "admin@example.com", "password": password}
    with httpx.Client(base_url=f"{installation.url}/api/v1/", timeout=20) as api:
        api.headers["Authorization"] = f"Bearer {api.post('auth/token', json=account).json()['access']}"
        page = {"slug": "kept", "title": "Kept", "components": []}
        assert api.post("status-pages/", json=page).status_code == 201

    installation.compose("stop")
    ends = {
        (service, row["State"]["ExitCode"])
        for service, rows in installation.containers(*PROCESSES).items()
        for row in rows
    }
    assert ends == {(service, 0) for service in PROCESSES}
    installation.compose("down")
    assert installation.containers() == {}
    installation.compose("up", "-d")
    wait_for(installation.is_well, within_s=180, every_s=2)
    assert find_passwords() == []  # there is an administrator
    assert httpx.get(f"{installation.url}/status/kept/").status_code == 200
    assert "kept" in installation.compose("exec", "-T", "web", "ls", "/data/published").split()
