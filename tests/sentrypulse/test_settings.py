"""A setting that makes no sense stops the start with one sentence; those that do suit production."""

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from core.env import Env, SettingsError, require_secret
from core.logging import logging_setting

ROOT = Path(__file__).resolve().parents[2]
URL_SHAPE = "must look like https://status.example.com (no path), not"


def refusal(read, **environment):
    with pytest.raises(SettingsError) as refused:
        read(Env(environment))
    return str(refused.value)


def test_an_engine_that_is_not_there_is_refused():
    sentence = "ENGINE must be one of embedded, celery, serverless, not 'quantum'."
    assert refusal(Env.engine, ENGINE="quantum") == sentence


_QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/sentrypulse-prod"
_QUEUES = {
    "CHECKS_QUEUE_URL": f"eu-west-1={_QUEUE}-checks",
    "RESULTS_QUEUE_URL": f"{_QUEUE}-results",
    "DELIVERIES_QUEUE_URL": f"{_QUEUE}-deliveries",
    "RECEIPTS_QUEUE_URL": f"{_QUEUE}-receipts",
}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        (
            {"CHECKS_QUEUE_URL": ""},
            "CHECKS_QUEUE_URL is required with ENGINE=serverless: where the queue checks is "
            "(region=url,region=url).",
        ),
        (
            {"RECEIPTS_QUEUE_URL": ""},
            "RECEIPTS_QUEUE_URL is required with ENGINE=serverless: where the queue receipts is "
            "(the URL that SQS gives it).",
        ),
        (
            {"CHECKS_QUEUE_URL": f"{_QUEUE}-checks"},
            "CHECKS_QUEUE_URL must look like eu-west-1=https://…,us-east-1=https://…, not "
            f"'{_QUEUE}-checks'.",
        ),
        (
            {"CHECKS_QUEUE_URL": f"eu-west-1={_QUEUE}-checks,eu-west-1={_QUEUE}-checks"},
            "CHECKS_QUEUE_URL names the region eu-west-1 twice.",
        ),
        (
            {"RESULTS_QUEUE_URL": "sentrypulse-prod-results"},
            "RESULTS_QUEUE_URL must be a queue's URL, as SQS gives it, not 'sentrypulse-prod-results'.",
        ),
    ],
)
def test_queues_that_are_missing_or_misspelt_are_refused(changed, sentence):
    assert refusal(lambda env: env.queues(required=True), **(_QUEUES | changed)) == sentence


def test_the_regions_are_those_that_checks_are_sent_to():
    two = f"eu-west-1={_QUEUE}-checks, us-east-1={_QUEUE.replace('eu-west-1', 'us-east-1')}-checks"
    found = Env(_QUEUES | {"CHECKS_QUEUE_URL": two}).queues(required=True)
    assert list(found["checks"]) == ["eu-west-1", "us-east-1"]
    assert found["results"] == {"": f"{_QUEUE}-results"}


def test_the_serverless_engine_refuses_sqlite_and_asks_for_its_edge():
    assert "with ENGINE=serverless" in refusal(lambda env: env.database("sqlite:///x"), ENGINE="serverless")
    why = "the name of the edge's Lambda function"
    assert refusal(lambda env: env.required_text("EDGE_FUNCTION", required=True, why=why)) == (
        f"EDGE_FUNCTION is required with this engine: {why}."
    )


def test_a_certificate_file_that_cannot_be_read_stops_the_start(tmp_path):
    missing = tmp_path / "rds.pem"
    assert refusal(Env.ca_file, DATABASE_CA_FILE=str(missing)) == (
        f"DATABASE_CA_FILE names a file that cannot be read: {missing}."
    )
    missing.write_text("-")
    assert Env({"DATABASE_CA_FILE": str(missing)}).ca_file() == str(missing)


_NO_BROKER = (
    "CELERY_BROKER_URL is required with ENGINE=celery: redis://host:6379/0, "
    "amqp://user:password@host:5672/vhost or sqs:// (also rediss://, amqps://)."
)
_NO_SUCH_DATABASE = "DATABASE_URL must start with sqlite:/// or mysql://user:password@host:3306/ ."
_UNREADABLE = "DATABASE_URL cannot be read: a port is a number, and / ? # in a password are %2F %3F %23 ."


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "postgres://u:pw@h/db",
            _NO_SUCH_DATABASE,
        ),
        ("nonsense", _NO_SUCH_DATABASE),
        (
            "mysql://u:pw@h:3306",
            "DATABASE_URL names no database: write mysql://user:password@host:3306/database .",
        ),
        ("sqlite:///", "DATABASE_URL names no database: write sqlite:///file ."),
        ("sqlite://", "DATABASE_URL names no database: write sqlite:///file ."),
        ("mysql://u:pw@h:port/db", _UNREADABLE),
        ("mysql://user:s3cret/word@h/db", _UNREADABLE),
        ("mysql://user:s3cret?word@h/db", _UNREADABLE),
        (
            "mysql://user:s3cret@h/db?init_command=SET+x=1",
            "DATABASE_URL sets init_command: leave it out, SentryPulse sets its own.",
        ),
        (
            "mysql://user:s3cret@h/db?sql_mode=ANSI",
            "DATABASE_URL sets sql_mode: leave it out, SentryPulse sets its own.",
        ),
    ],
)
def test_a_database_that_cannot_be_meant_is_refused_and_its_password_not_repeated(url, sentence):
    told = refusal(lambda env: env.database("sqlite:///x"), DATABASE_URL=url)
    assert told == sentence
    assert "s3cret" not in told


def test_a_database_is_read_with_its_password_and_options():
    found = Env({"DATABASE_URL": "mysql://ada:p%2Fw%23@db:3307/pulse?ssl_mode=REQUIRED"}).database("")
    assert found["ENGINE"] == "django.db.backends.mysql"
    assert [found[k] for k in ("USER", "PASSWORD", "HOST", "PORT", "NAME")] == [
        "ada",
        "p/w#",
        "db",
        3307,
        "pulse",
    ]
    assert found["OPTIONS"] == {"ssl_mode": "REQUIRED"}
    assert Env({}).database("sqlite:////data/pulse.sqlite3")["NAME"] == "/data/pulse.sqlite3"


@pytest.mark.parametrize(
    "url",
    [
        "status.example.com",
        "ftp://status.example.com",
        "https://status.example.com/path",
        "https://status.example.com?q=1",
        "https://status.example.com#top",
        "https://ada:pw@status.example.com",
        "https://status.example.com:99999",
        "https://status example.com",
        "https://[::1",
        "http://::1:8000",
    ],
)
def test_a_public_url_with_more_than_scheme_and_host_is_refused(url):
    told = refusal(lambda env: env.http_url("PUBLIC_URL", ""), PUBLIC_URL=url)
    assert told == f"PUBLIC_URL {URL_SHAPE} {url!r}."


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://status.example.com/", "https://status.example.com"),
        ("HTTPS://Status.Example.com", "https://status.example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://[::1]", "http://[::1]"),
        ("https://straße.de", "https://xn--strae-oqa.de"),
    ],
)
def test_a_public_url_is_kept_as_browsers_spell_it(url, kept):
    assert Env({"PUBLIC_URL": url}).http_url("PUBLIC_URL", "") == kept


@pytest.mark.parametrize(
    ("read", "environment", "sentence"),
    [
        (
            lambda env: env.integer("PORT", 8000, low=1, high=65535),
            {"PORT": "70000"},
            "PORT must be between 1 and 65535, not 70000.",
        ),
        (
            lambda env: env.integer("PROBE_CONCURRENCY", 100, low=1, high=500),
            {"PROBE_CONCURRENCY": "many"},
            "PROBE_CONCURRENCY must be a whole number, not 'many'.",
        ),
        *(
            (
                Env.probe_bounds,
                {"OWN_NETWORK_TARGETS": text},
                f"OWN_NETWORK_TARGETS must look like 192.0.2.1:443,example.com:443, not {wrong!r}. {why}",
            )
            for text, wrong, why in (
                ("example.com", "example.com", "Add the port, such as example.com:443."),
                (
                    "192.0.2.1:443, 192.0.2.2:0",
                    "192.0.2.2:0",
                    "The port must be a number from 1 to 65535, got '0'.",
                ),
            )
        ),
        (
            lambda env: env.flag("DEBUG", default=False),
            {"DEBUG": "maybe"},
            "DEBUG must be true or false, not 'maybe'.",
        ),
        (
            Env.redis_url,
            {"REDIS_URL": "127.0.0.1:6379"},
            "REDIS_URL must start with redis://, rediss:// or unix:// .",
        ),
        *(
            (
                Env.email,
                {"EMAIL_URL": url},
                "EMAIL_URL must look like smtp://user:password@host:25 or ses://eu-central-1, "
                "or be empty for the console.",
            )
            for url in (
                "mail.example.com",
                "pigeon://loft",
                "smtp://u:s3cret@h:port",
                "smtp://",
                "ses://",
                "ses://moon",
            )
        ),
        *(
            (
                lambda env: env.storage_url("ARCHIVE_URL"),
                {"ARCHIVE_URL": url},
                "ARCHIVE_URL must look like file:///srv/folder or s3://bucket/prefix?region=eu-central-1 .",
            )
            for url in (
                "archive",
                "/srv/archive",
                "file://srv/archive",
                "s3:///results",
                "ftp://host/archive",
            )
        ),
        (
            lambda env: logging_setting(level="INFO", style=env.text("LOG_FORMAT")),
            {"LOG_FORMAT": "xml"},
            "LOG_FORMAT must be text or json, not 'xml'.",
        ),
        (
            lambda env: logging_setting(level=env.text("LOG_LEVEL"), style="text"),
            {"LOG_LEVEL": "loud"},
            "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, not 'loud'.",
        ),
        *(
            (Env.broker_url, {"CELERY_BROKER_URL": url}, _NO_BROKER)
            for url in ("", "127.0.0.1:6379", "kafka://u:s3cret@h")
        ),
        (
            lambda env: env.database("sqlite:///x"),
            {"ENGINE": "celery"},
            "DATABASE_URL must be mysql://user:password@host:3306/database with ENGINE=celery: "
            "its workers write at the same time, and SQLite has one writer.",
        ),
        *(
            (
                lambda env: env.waits("CELERY_RETRY_AFTER_S", "1,5"),
                {"CELERY_RETRY_AFTER_S": text},
                "CELERY_RETRY_AFTER_S must be seconds above 0 and up to 3600, separated by commas, "
                "such as 1,5.",
            )
            for text in ("soon", "0", "1,,5", "3601", "nan")
        ),
        (
            lambda env: require_secret(env, "SECRET_KEY", kept_at=None, make="django"),
            {"SECRET_KEY": "s3cret"},
            "SECRET_KEY is too short to be secret: use at least 32 characters.",
        ),
        (
            lambda env: require_secret(env, "SECRET_KEY", kept_at=None, make="django"),
            {},
            "SECRET_KEY is required with this engine: set it to a long random secret.",
        ),
        *(
            (
                lambda env: require_secret(env, "FIELD_ENCRYPTION_KEY", kept_at=None, make="fernet"),
                {"FIELD_ENCRYPTION_KEY": key},
                "FIELD_ENCRYPTION_KEY must be one or more Fernet keys, separated by commas (newest first).",
            )
            for key in ("s3cret", "schlüssel", f"{Fernet.generate_key().decode()},s3cret")
        ),
    ],
)
def test_a_wrong_value_is_refused_with_one_sentence_that_holds_no_secret(read, environment, sentence):
    told = refusal(read, **environment)
    assert told == sentence
    assert "s3cret" not in told


@pytest.mark.parametrize(
    ("text", "value"),
    [("1", True), ("Yes", True), (" on ", True), ("0", False), ("False", False), ("", True)],
)
def test_a_flag_is_read_as_people_write_it(text, value):
    assert Env({"DEBUG": text}).flag("DEBUG", default=True) is value


def test_a_list_is_read_without_its_blanks():
    assert Env({"ALLOWED_HOSTS": " a.example ,, b.example,"}).items("ALLOWED_HOSTS") == [
        "a.example",
        "b.example",
    ]


@pytest.mark.parametrize(("name", "make"), [("SECRET_KEY", "django"), ("FIELD_ENCRYPTION_KEY", "fernet")])
def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path, name, make):
    path = tmp_path / "var" / name.lower()
    made = require_secret(Env({}), name, kept_at=path, make=make)
    assert len(made) >= 44
    assert path.stat().st_mode & 0o777 == 0o600
    assert require_secret(Env({}), name, kept_at=path, make=make) == made
    assert [p.name for p in path.parent.iterdir()] == [name.lower()]
    given = Fernet.generate_key().decode()
    assert require_secret(Env({name: given}), name, kept_at=path, make=make) == given


_READS = re.compile(
    r"""env\.(?:text|flag|integer|items|waits|http_url)\(\s*"(\w+)"|require_secret\(\s*env,\s*"(\w+)\""""
)
_READS_IN_ENV = re.compile(r"""self\.(?:text|flag|integer|choice|_values\.get)\("(\w+)\"""")


def find_variables():
    readers = [ROOT / "sentrypulse" / name for name in ("settings.py", "healthcheck.py")]
    readers += [ROOT / "pipeline" / name for name in ("celery/options.py", "celery/worker.py")]
    found = [names for path in readers for names in _READS.findall(path.read_text())]
    own = _READS_IN_ENV.findall((ROOT / "core" / "env.py").read_text())
    return {name for names in found for name in names if name} | set(own)


def test_every_variable_is_documented():
    names = find_variables()
    assert {"ENGINE", "DATABASE_URL", "SECRET_KEY", "PORT", "LOG_FORMAT", "EMAIL_URL"} <= names
    assert {"CELERY_BROKER_URL", "CELERY_RETRY_AFTER_S", "PROBE_PER_HOST", "PULSE_FILE"} <= names
    written = (ROOT / "docs" / "configuration.md").read_text()
    documented = set(re.findall(r"`([A-Z][A-Z0-9_]+)`", written))
    assert sorted(names - documented) == []
