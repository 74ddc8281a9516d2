"""A wrong FIELD_ENCRYPTION_KEY, as real processes meet it: they end at once with the sentence."""

import pytest
from cryptography.fernet import Fernet

from tests.e2e.harness import free_port
from tests.factories import make_monitor
from tests.stories.engines import core_environment, database_url

SENTENCE = "FIELD_ENCRYPTION_KEY does not open 1 of the 1 stored secrets"
WORKER = ["-m", "celery", "-A", "sentrypulse", "worker", "-Q", "core", "-n", "wrong-key@test", "-c", "1"]


@pytest.mark.parametrize(
    ("engine", "command"),
    [
        ("embedded", ["manage.py", "up"]),
        ("redis", ["manage.py", "serve"]),
        ("redis", WORKER),
        ("redis", ["manage.py", "prepare", "--no-static"]),
    ],
    indirect=["engine"],
)
def test_a_start_with_a_wrong_key_ends_with_the_sentence(engine, command):
    make_monitor(config={"auth": {"type": "bearer", "token": "hush"}})
    own = {"DATA_DIR": str(engine.folder), "PORT": str(free_port())}
    wrong = core_environment(database_url()) | {"FIELD_ENCRYPTION_KEY": Fernet.generate_key().decode()}
    process = engine.spawn("wrong", command, getattr(engine, "environment", {}) | wrong | own)
    del engine.running["wrong"]
    assert process.wait(60) != 0
    assert SENTENCE in engine.output("wrong")
    assert "Traceback" not in engine.output("wrong")
