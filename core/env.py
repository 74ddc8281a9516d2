"""Reads the environment. A value that makes no sense stops the start with one sentence.

The edge's processes use this, too, so Django is not imported before a setting of Django's is asked for.
"""

import os
import re
import secrets
from collections.abc import Sequence
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

from core.databases import OURS_ALONE
from core.engine import Engine
from core.hosts import check_web_address, spell_host, split_host_port
from core.queue_addresses import QUEUES, Addresses, read_addresses


class SignUp(StrEnum):
    """Who may make an account."""

    OPEN = "open"
    INVITE = "invite"
    CLOSED = "closed"


BROKERS = ("redis://", "rediss://", "amqp://", "amqps://", "sqs://")

_POST = "pipeline.email_backends.MailServerBackend"
EMAIL_SCHEMES = {
    "smtp": _POST,
    "smtps": _POST,
    "smtp+tls": _POST,
    "smtp+ssl": _POST,
    "ses": _POST,
    "consolemail": "django.core.mail.backends.console.EmailBackend",
    "dummymail": "django.core.mail.backends.dummy.EmailBackend",
}
_EMAIL_SHAPE = (
    "must look like smtp://user:password@host:25 or ses://eu-central-1, or be empty for the console."
)


class SettingsError(Exception):
    """A setting that stops the start; its text is one sentence that names the variable and the fix."""


def _refuse(name: str, why: str) -> NoReturn:
    raise SettingsError(f"{name} {why}")


class Env:
    """Typed access to environment variables. For each that is wrong, ``SettingsError`` has one clear
    sentence.

    With ``SSM_PATH``, the parameters under it (``/sentrypulse/prod/SECRET_KEY``) count as variables, too; a
    variable in the environment goes before.
    """

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._values = dict(os.environ if environment is None else environment)
        if path := self.text("SSM_PATH"):
            self._values = _read_parameters(path) | self._values

    def text(self, name: str, default: str = "") -> str:
        return self._values.get(name, "").strip() or default

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name).lower()
        if value in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
            return value in {"1", "true", "yes", "on"} if value else default
        _refuse(name, f"must be true or false, not {value!r}.")

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        value = self.text(name, str(default))
        try:
            number = int(value)
        except ValueError:
            _refuse(name, f"must be a whole number, not {value!r}.")
        if not low <= number <= high:
            _refuse(name, f"must be between {low} and {high}, not {number}.")
        return number

    def items(self, name: str) -> list[str]:
        """Values separated by commas, without blanks."""
        return [item.strip() for item in self.text(name).split(",") if item.strip()]

    def choice(self, name: str, default: str, *, among: Sequence[str]) -> str:
        value = self.text(name, default)
        if value not in among:
            _refuse(name, f"must be one of {', '.join(among)}, not {value!r}.")
        return value

    def engine(self) -> Engine:
        return Engine(self.choice("ENGINE", Engine.EMBEDDED, among=list(Engine)))

    def broker_url(self) -> str:
        """Where the Celery engine's messages wait. It may hold a password, so no refusal quotes it."""
        url = self.text("CELERY_BROKER_URL")
        if not url.startswith(BROKERS):
            _refuse(
                "CELERY_BROKER_URL",
                "is required with ENGINE=celery: redis://host:6379/0, amqp://user:password@host:5672/vhost "
                "or sqs:// (also rediss://, amqps://).",
            )
        return url

    def waits(self, name: str, default: str) -> tuple[float, ...]:
        """Seconds separated by commas, such as ``1,5,15,60``."""
        try:
            found = tuple(float(item) for item in self.text(name, default).split(","))
        except ValueError:
            found = ()
        if not found or not all(0 < wait_s <= 3600 for wait_s in found):
            _refuse(name, f"must be seconds above 0 and up to 3600, separated by commas, such as {default}.")
        return found

    def queue_max_messages(self) -> int:
        return self.integer("QUEUE_MAX_MESSAGES", 1000, low=10, high=100_000)

    def probe_bounds(self) -> dict[str, Any]:
        """The arguments of ``probes.run.Prober``: how many checks at once, and whether private addresses may
        be checked."""
        embedded = self.engine() is Engine.EMBEDDED
        return {
            "allow_private": self.flag("PROBE_ALLOW_PRIVATE", default=embedded),
            "concurrency": self.integer("PROBE_CONCURRENCY", 100, low=1, high=500),
            "per_host": self.integer("PROBE_PER_HOST", 10, low=1, high=500),
            "own_network_targets": self.places("OWN_NETWORK_TARGETS"),
        }

    def places(self, name: str) -> list[str]:
        """``host:port`` values, separated by commas."""
        found = self.items(name)
        for each in found:
            try:
                split_host_port(each)
            except ValueError as mistake:
                _refuse(name, f"must look like 192.0.2.1:443,example.com:443, not {each!r}. {mistake}")
        return found

    def courier_bounds(self) -> dict[str, Any]:
        """The arguments of ``delivery.send.Courier`` where there is no Django."""
        public = urlsplit(spell_host(self.text("PUBLIC_URL"))).hostname or "localhost"
        return {
            "allow_private": self.probe_bounds()["allow_private"],
            "email_url": self.email_url(),
            "email_from": self.text("DEFAULT_FROM_EMAIL", f"SentryPulse <sentrypulse@{public}>"),
            "concurrency": self.integer("DELIVERY_CONCURRENCY", 20, low=1, high=200),
        }

    def http_url(self, name: str, default: str) -> str:
        """The address at which people reach us: scheme and host in small letters as browsers send them,
        without a path."""
        url = self.text(name, default).rstrip("/").lower()
        try:
            url = spell_host(url)
            parts = urlsplit(url)
            host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
            port = f":{parts.port}" if parts.port is not None else ""
            right = parts.scheme in {"http", "https"} and host and url == f"{parts.scheme}://{host}{port}"
        except ValueError:
            right = False
        if not right or " " in url:
            _refuse(name, f"must look like https://status.example.com (no path), not {url!r}.")
        return url

    def storage_url(self, name: str, default: str = "") -> str:
        """Where files are kept: file:///folder or s3://bucket/prefix?region=eu-central-1. May be empty when
        the default is."""
        url = self.text(name, default)
        parts = urlsplit(url)
        right = (
            parts.path.startswith("/") and not parts.netloc if parts.scheme == "file" else bool(parts.netloc)
        )
        if url and (parts.scheme not in {"file", "s3"} or not right):
            _refuse(name, "must look like file:///srv/folder or s3://bucket/prefix?region=eu-central-1 .")
        return url

    def web_address(self, name: str) -> str:
        """An address to call, or empty. It may hold a token, so no refusal quotes it."""
        url = self.text(name)
        if url and (problem := check_web_address(url)):
            _refuse(name, f"is no address that can be called. {problem}")
        return url

    def address(self, name: str) -> str:
        """``host:port`` of an IP address, or empty."""
        value = self.text(name)
        host, _, port = value.rpartition(":")
        try:
            right = not value or (ip_address(host.strip("[]")) and 0 < int(port) < 65_536)
        except ValueError:
            right = False
        if not right:
            _refuse(name, f"must look like 192.0.2.53:53 or [2001:db8::53]:53, not {value!r}.")
        return value

    def database(self, default: str) -> dict[str, Any]:
        """Django's setting for ``DATABASE_URL``: sqlite:///file or mysql://user:pw@host:3306/db.

        A refusal never quotes the URL, nor a parser's error that quotes it, because it holds a password.
        """
        import environ

        url = self.text("DATABASE_URL", default)
        scheme = url.partition("://")[0]
        if scheme not in {"sqlite", "mysql"}:
            _refuse("DATABASE_URL", "must start with sqlite:/// or mysql://user:password@host:3306/ .")
        try:
            setting: dict[str, Any] = dict(environ.Env.db_url_config(url))
        except ValueError:
            _refuse(
                "DATABASE_URL",
                "cannot be read: a port is a number, and / ? # in a password are %2F %3F %23 .",
            )
        if scheme == "sqlite" and self.engine() is not Engine.EMBEDDED:
            _refuse(
                "DATABASE_URL",
                f"must be mysql://user:password@host:3306/database with ENGINE={self.engine()}: its workers "
                "write at the same time, and SQLite has one writer.",
            )
        if setting.get("NAME", "") in {"", ":memory:"}:
            form = "sqlite:///file" if scheme == "sqlite" else "mysql://user:password@host:3306/database"
            _refuse("DATABASE_URL", f"names no database: write {form} .")
        for option in setting.get("OPTIONS", {}):
            if scheme == "mysql" and option in OURS_ALONE:
                _refuse("DATABASE_URL", f"sets {option}: leave it out, SentryPulse sets its own.")
        return setting

    def ca_file(self) -> str:
        """The file of ``DATABASE_CA_FILE``. Refused when it cannot be read."""
        path = self.text("DATABASE_CA_FILE")
        if path and not os.access(path, os.R_OK):
            _refuse("DATABASE_CA_FILE", f"names a file that cannot be read: {path}.")
        return path

    def queues(self, *, required: bool) -> Addresses:
        """The addresses of the queues. With ``required``, a missing one is refused by its name."""
        try:
            addresses = read_addresses(self._values)
        except ValueError as mistake:
            raise SettingsError(str(mistake)) from None
        for queue, variable in QUEUES.items():
            if required and queue not in addresses:
                form = "region=url,region=url" if queue == "checks" else "the URL that SQS gives it"
                _refuse(variable, f"is required with ENGINE=serverless: where the queue {queue} is ({form}).")
        return addresses

    def required_text(self, name: str, *, required: bool, why: str) -> str:
        """The text. With ``required``, an empty one is refused with the reason ``why``."""
        value = self.text(name)
        if required and not value:
            _refuse(name, f"is required with this engine: {why}.")
        return value

    def redis_url(self) -> str:
        url = self.text("REDIS_URL")
        if url and not url.startswith(("redis://", "rediss://", "unix://")):
            _refuse("REDIS_URL", "must start with redis://, rediss:// or unix:// .")
        return url

    def email(self) -> dict[str, Any]:
        """Django's e-mail settings for ``EMAIL_URL``, and the URL for deliveries, which have no Django."""
        import environ
        from django.core.exceptions import ImproperlyConfigured

        url = self.email_url()
        try:
            setting = dict(environ.Env.email_url_config(url, backend=EMAIL_SCHEMES.get(urlsplit(url).scheme)))
        except (ValueError, KeyError, ImproperlyConfigured):
            _refuse("EMAIL_URL", _EMAIL_SHAPE)
        return {**setting, "EMAIL_URL": url}

    def email_url(self) -> str:
        """The forms are in ``delivery.mailer``; empty means the console. A refusal never quotes it, because
        it holds a password."""
        url = self.text("EMAIL_URL", "consolemail://")
        try:
            parts = urlsplit(url)
            scheme, host, _ = parts.scheme, parts.hostname, parts.port
            if scheme == "ses":
                right = bool(re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", host or ""))
            else:
                right = scheme in EMAIL_SCHEMES and bool(host or not scheme.startswith("smtp"))
        except ValueError:
            right = False
        if not right:
            _refuse("EMAIL_URL", _EMAIL_SHAPE)
        return url


def _read_parameters(path: str) -> dict[str, str]:
    from core.ssm import ParametersAway, read_parameters  # boto3 takes a tenth of a second

    try:
        return read_parameters(path)
    except ParametersAway as error:
        _refuse("SSM_PATH", str(error))


def keep_secret(path: Path, make: str) -> str:
    """A secret that is made once and kept in a file that only its owner can read. So an embedded start needs
    no settings.

    ``make`` is ``"django"`` or ``"fernet"``. Two processes that start at once end with the same secret.
    """
    from cryptography.fernet import Fernet

    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        value = Fernet.generate_key().decode() if make == "fernet" else secrets.token_urlsafe(50)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(value)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was first; its secret counts
        finally:
            draft.unlink()
    return path.read_text().strip()


def require_secret(env: Env, name: str, *, kept_at: Path | None, make: str) -> str:
    """The secret from the environment, otherwise the one that is kept in the file ``kept_at``. Refused when
    it is in neither and ``kept_at`` is None."""
    value = env.text(name)
    if not value and kept_at is None:
        _refuse(name, "is required with this engine: set it to a long random secret.")
    value = value or keep_secret(kept_at, make)  # type: ignore[arg-type]  # None was refused above
    if make == "fernet":
        from cryptography.fernet import Fernet

        for key in value.split(","):
            try:
                Fernet(key.strip())
            except ValueError:
                _refuse(name, "must be one or more Fernet keys, separated by commas (newest first).")
    elif len(value) < 32:
        _refuse(name, "is too short to be secret: use at least 32 characters.")
    return value
