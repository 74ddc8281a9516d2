"""Kinds with secrets of their own, from the form to the file of an export."""

import pytest

from monitors.changed_config import read_secrets
from monitors.models import Monitor
from monitors.secrets import join

URL = "/api/v1/monitors/"
WITH_SECRETS = [
    # kind, target, where else, configuration, what of it is secret; the secret is "t0p-s3cret"
    (
        "websocket",
        "wss://live.example.com/feed",
        "wss://evil.example/feed",
        {"auth": {"type": "bearer", "token": "t0p-s3cret"}},
        "auth.token",
    ),
    (
        "smtp",
        "mail.example.com:587",
        "mail.evil.example:587",
        {"auth": {"type": "basic", "username": "ada", "password": "t0p-s3cret"}},
        "auth.password",
    ),
]


@pytest.mark.parametrize(("kind", "url", "elsewhere", "config", "secret"), WITH_SECRETS)
def test_a_kind_with_secrets_is_made_changed_exported_and_imported(
    api, team, kind, url, elsewhere, config, secret
):
    made = api.post(URL, {"name": "Live", "kind": kind, "url": url, "config": config})
    assert made.status_code == 201, made.content
    where = f"{URL}{made.json()['id']}/"
    shown = made.json()["config"]

    changed = api.patch(where, {"config": {**shown, "degraded_ms": 500}})
    assert (changed.status_code, changed.json()["config"]) == (200, {**shown, "degraded_ms": 500})
    monitor = Monitor.objects.get()
    assert join(monitor.config, read_secrets(monitor))["auth"] == config["auth"]
    moved = api.patch(where, {"url": elsewhere})
    assert (moved.status_code, [*moved.json()]) == (400, [f"config.{secret}"])

    exported = api.get(f"{URL}export/")
    row = exported.json()["monitors"][0]
    assert row["secrets_left_out"] == [secret]
    for answer in (made, changed, moved, exported):
        assert b"t0p-s3cret" not in answer.content
    assert api.delete(where).status_code == 204
    row["config"]["auth"] = config["auth"]
    imported = api.post(f"{URL}import/", {**exported.json(), "team": team.pk, "monitors": [row]})
    assert imported.status_code in (200, 201), imported.content
    assert Monitor.objects.get().kind == kind
