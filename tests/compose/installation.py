"""An installation by ``docker compose up``, as newcomers make it, with a folder, name and port of its own."""

import base64
import json
import os
import secrets
import shutil
import subprocess

import httpx

from tests.e2e.harness import ROOT, free_port

PROCESSES = ("web", "worker-core", "worker-edge", "beat")
# What lies about in a folder that is worked in, and must not get into the image.
LITTER = (
    ".git/config",
    "var/secret_key",
    "accounts/.env",
    "accounts/copy.sqlite3",
    "sentrypulse.sqlite3",
    "backup.sql",
    "notes/key.pem",
)
_ABROAD = shutil.ignore_patterns(
    ".git", ".venv*", ".*_cache", ".hypothesis", "__pycache__", "var", "build", ".env"
)


class Installation:
    def __init__(self, folder):
        self.folder, self.port = folder / "sentrypulse", free_port()
        self.project = f"sentrypulse-test-{secrets.token_hex(4)}"
        self.secrets = {
            "SECRET_KEY": secrets.token_urlsafe(50),
            "FIELD_ENCRYPTION_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "DATABASE_PASSWORD": secrets.token_hex(20),
        }
        self._others = []
        shutil.copytree(ROOT, self.folder, ignore=_ABROAD)
        for name in LITTER:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / name).write_text("private")
        self._fill_in(self.secrets)
        # Targets and receivers of the tests have private addresses.
        self._fill_in({"PUBLIC_URL": self.url, "PORT": self.port, "PROBE_ALLOW_PRIVATE": "true"})
        self._fill_in({"TAG": self.project})

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def image(self):
        return f"sentrypulse:{self.project}"

    def _fill_in(self, values):
        """``cp .env.example .env``, and what stands there after the sign of equality."""
        path = self.folder / ".env"
        lines = (path if path.exists() else self.folder / ".env.example").read_text().splitlines()
        kept = [line for line in lines if line.partition("=")[0] not in values]
        path.write_text("\n".join(kept + [f"{name}={value}" for name, value in values.items()]) + "\n")

    def docker(self, *arguments, ok=True):
        """What the command prints."""
        # Whoever runs the tests may have set variables that would go before those of .env.
        environment = {name: os.environ[name] for name in os.environ if name not in self._settings()}
        done = subprocess.run(
            ["docker", *arguments],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=1200,
        )
        assert done.returncode == 0 or not ok, f"docker {' '.join(arguments)}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def _settings(self):
        lines = (self.folder / "compose.yaml").read_text().replace("${", "\n").splitlines()
        names = {line.strip().partition(":")[0] for line in lines}
        return {name for name in names if name.isupper()}

    def compose(self, *arguments, ok=True):
        return self.docker("compose", "-p", self.project, *arguments, ok=ok)

    def containers(self, *services):
        """By service, what ``docker inspect`` says of each container of the project."""
        found = self.compose("ps", "-aq", *services).split()
        rows = json.loads(self.docker("inspect", *found)) if found else []
        by_service = {}
        for row in rows:
            by_service.setdefault(row["Config"]["Labels"]["com.docker.compose.service"], []).append(row)
        return by_service

    def is_well(self):
        """Are all services healthy, and is what must end over?"""
        containers = self.containers()
        states = {
            service: {row["State"].get("Health", {}).get("Status", row["State"]["Status"]) for row in rows}
            for service, rows in containers.items()
        }
        wanted = {name: {"healthy"} for name in (*PROCESSES, "mariadb", "redis")} | {"prepare": {"exited"}}
        return states == wanted and httpx.get(f"{self.url}/api/v1/health", timeout=10).status_code == 200

    def run_beside(self, name, script):
        """A Python script as a container where the edge reaches it, as http://name:8080/."""
        container = f"{self.project}-{name}"
        self.docker(
            *("run", "-d", "--name", container, "--network-alias", name),
            *("--network", f"{self.project}_internet", self.image, "python", "-u", "-c", script),
        )
        self._others.append(container)
        return container

    def python(self, service, script):
        return self.compose("exec", "-T", service, "python", "-c", script)

    def remove(self):
        if self._others:
            self.docker("rm", "-f", *self._others, ok=False)
        self.compose("down", "-v", "--timeout", "30", ok=False)
        self.docker("image", "rm", "-f", self.image, ok=False)
