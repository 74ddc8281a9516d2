"""The settings as a process has them that has just started, in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from core import descriptors

TOO_FEW = (
    "SentryPulse needs at least 64 file descriptors, and the system gives it 48: "
    "raise the limit (ulimit -n; systemd: LimitNOFILE)."
)
ROOT = Path(__file__).resolve().parents[2]


def manage(*arguments, **environment):
    """``manage.py`` in a process of its own that knows no other setting."""
    return run_python("manage.py", *arguments, **environment)


def run_python(*arguments, **environment):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning:sentrypulse", *arguments],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("query", "shown"), [("", "10"), ("?connect_timeout=3", "3")])
def test_a_database_that_is_gone_is_not_waited_for_longer_than_a_function_may_run(tmp_path, query, shown):
    # The settings alone: Django would want the driver, which make test installs none of.
    show = (
        "from sentrypulse.settings import DATABASES as d; print(d['default']['OPTIONS']['connect_timeout'])"
    )
    url = f"mysql://a:b@c/d{query}"
    ran = run_python("-c", show, DATA_DIR=str(tmp_path), DATABASE_URL=url)
    assert ran.stdout.strip() == shown, ran.stderr


@pytest.mark.parametrize(
    ("query", "shown"), [("", "None 10"), ("?connect_timeout=35&conn_max_age=0", "0 35")]
)
def test_connections_are_kept_unless_the_database_may_pause(tmp_path, query, shown):
    show = (
        "from sentrypulse.settings import DATABASES;"
        "one = DATABASES['default']; print(one['CONN_MAX_AGE'], one['OPTIONS']['connect_timeout'])"
    )
    ran = run_python("-c", show, DATA_DIR=str(tmp_path), DATABASE_URL=f"mysql://a:b@c/d{query}")
    assert ran.stdout.strip() == shown, ran.stderr


@pytest.mark.parametrize("command", ["check", "up"])
def test_a_command_says_one_sentence_and_shows_no_traceback(tmp_path, command):
    ran = manage(command, DATA_DIR=str(tmp_path), ENGINE="quantum")
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert ran.stderr == "ENGINE must be one of embedded, celery, serverless, not 'quantum'.\n"


def test_the_settings_of_production_pass_djangos_own_check_without_a_warning(tmp_path):
    ran = manage(
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        DATA_DIR=str(tmp_path),
        ENGINE="embedded",
        PUBLIC_URL="https://status.example.com",
        SECRET_KEY="a-long-secret-with-many-different-characters-0123456789-XYZ",
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (
        0,
        "System check identified no issues (0 silenced).\n",
        "",
    )


COOKIES = """
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY,
      s.SESSION_COOKIE_SAMESITE, s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH, s.CORS_ALLOW_CREDENTIALS,
      ",".join(s.CSRF_TRUSTED_ORIGINS), sep="|")
"""


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, "sessionid|csrftoken|False|True|Lax|None|/|False|http://127.0.0.1:8000"),
        (
            {"PUBLIC_URL": "https://api.example.com", "APP_URL": "https://app.example.com"},
            "__Host-sessionid|__Host-csrftoken|True|True|Lax|None|/|True|https://api.example.com,https://app.example.com",
        ),
        (
            {"DEBUG": "1"},
            "sessionid|csrftoken|False|True|Lax|None|/|True|http://127.0.0.1:8000,http://localhost:3000",
        ),
    ],
)
def test_cookies_are_bound_to_our_host_where_browsers_can_do_that(tmp_path, environment, shown):
    ran = manage("shell", "--no-imports", "-c", COOKIES, DATA_DIR=str(tmp_path), **environment)
    assert ran.stderr == ""
    assert ran.stdout.strip() == shown


SHOW = """
import gc
from django.conf import settings as s
print(s.PUBLIC_URL, ",".join(s.ALLOWED_HOSTS), s.SESSION_COOKIE_SECURE, s.SECURE_HSTS_SECONDS > 0,
      s.DATABASES["default"]["OPTIONS"].get("timeout"), gc.isenabled(), sep="|")
"""


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({"HOST": "::1", "PORT": "8001"}, "http://[::1]:8001|127.0.0.1,[::1],localhost|False|False|20|True"),
        (
            {"PUBLIC_URL": "https://[2001:db8::1]", "DATABASE_URL": "sqlite:///{folder}/x.sqlite3?timeout=5"},
            "https://[2001:db8::1]|127.0.0.1,[2001:db8::1],[::1],localhost|True|True|5|True",
        ),
    ],
)
def test_what_follows_from_the_environment_fits_together(tmp_path, environment, shown):
    here = {name: value.format(folder=tmp_path) for name, value in environment.items()}
    ran = manage("shell", "--no-imports", "-c", SHOW, DATA_DIR=str(tmp_path), **here)
    assert ran.stderr == ""
    assert ran.stdout.strip() == shown


@pytest.mark.parametrize("command", [("changepassword", "ann@example.com"), ("forget_secrets",)])
def test_a_command_for_a_database_without_tables_says_what_to_give_it(tmp_path, command):
    ran = manage(*command, DATA_DIR=str(tmp_path))
    assert ran.returncode == 1
    assert ran.stderr.startswith("The database has no such tables (no such table: ")
    assert "Give this command the DATA_DIR or DATABASE_URL of the product that runs" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_start_with_too_few_descriptors_to_do_anything_ends_with_a_sentence(tmp_path):
    """Such a one ran, answered nobody, health among it, and said only what it postponed."""
    run = (
        "import resource, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (48, 48));"
        "runpy.run_path('manage.py', run_name='__main__')"
    )
    ran = run_python("-c", run, "up", DATA_DIR=str(tmp_path))
    assert (ran.returncode, ran.stderr) == (1, f"CommandError: {TOO_FEW}\n")


def test_neither_does_the_web_server_start_alone(settings, monkeypatch):
    settings.EMBEDDED = False
    monkeypatch.setattr(descriptors, "raise_limit", lambda: 48)
    with pytest.raises(CommandError) as told:
        call_command("serve")
    assert str(told.value) == TOO_FEW
