"""`scripts/dev.sh` starts the server and the app's development server so that one can sign in."""

import os
import shutil
import subprocess

import pytest

from tests.e2e.harness import ROOT

STUBS = {
    "frontend/build.sh": "",
    "scripts/node-bin.sh": "echo /usr/bin",
    "frontend/node_modules/.bin/next": 'echo "next $NEXT_PUBLIC_API_URL $*" >>../said',
    ".venv/bin/watchfiles": 'echo "server $APP_URL $PORT" >>said; until grep next said; do sleep 0.1; done',
}


@pytest.mark.parametrize(
    ("ports", "server", "app"),
    [
        ({"PORT": "8000"}, "server http://localhost:3000 8000", "next http://localhost:8000 dev"),
        (
            {"PORT": "8241", "APP_PORT": "3241"},
            "server http://localhost:3241 8241",
            "next http://localhost:8241 dev",
        ),
    ],
)
def test_the_server_trusts_the_pages_of_the_apps_server_on_any_port(tmp_path, ports, server, app):
    for name, script in STUBS.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    shutil.copy(ROOT / "scripts/dev.sh", tmp_path / "scripts/dev.sh")
    env = {"PATH": os.environ["PATH"], **ports}
    subprocess.run(["sh", tmp_path / "scripts/dev.sh"], env=env, check=False, timeout=30)
    said = (tmp_path / "said").read_text().splitlines()
    assert server in said
    port = ports.get("APP_PORT", "3000")
    assert f"{app} --hostname localhost --port {port}" in said
