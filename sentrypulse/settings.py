"""The settings, but for those of the API that no operator sets (``api_settings.py``). This module reads the
environment; every default suits one person on one machine.

`docs/configuration.md` lists the variables; a test fails when one is missing there.
"""

import re
from pathlib import Path
from typing import Any

import django_stubs_ext

from core.databases import mysql_options
from core.engine import Engine
from core.env import Env, SettingsError, SignUp, require_secret
from core.logging import logging_setting
from sentrypulse import data_folder
from sentrypulse.api_settings import REST_FRAMEWORK as REST_FRAMEWORK
from sentrypulse.api_settings import SIMPLE_JWT as SIMPLE_JWT
from sentrypulse.api_settings import SPECTACULAR_SETTINGS as SPECTACULAR_SETTINGS

django_stubs_ext.monkeypatch()  # `admin.ModelAdmin[Monitor]` is a class at run time too

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.text("DATA_DIR", str(BASE_DIR / "var")))

ENGINE = env.engine()
EMBEDDED = ENGINE is Engine.EMBEDDED
SERVERLESS = ENGINE is Engine.SERVERLESS
DEBUG = env.flag("DEBUG", default=False)

# Where we listen, and where people reach us

HOST = env.text("HOST", "127.0.0.1")
PORT = env.integer("PORT", 8000, low=1, high=65535)
_reached_at = "127.0.0.1" if HOST in {"0.0.0.0", "::"} else f"[{HOST}]" if ":" in HOST else HOST  # noqa: S104  # compared, not bound
PUBLIC_URL = env.http_url("PUBLIC_URL", f"http://{_reached_at}:{PORT}")
_public_host = re.sub(r":\d+$", "", PUBLIC_URL.split("://")[1])  # an IPv6 address keeps its brackets
ALLOWED_HOSTS = env.items("ALLOWED_HOSTS") or sorted({_public_host, "127.0.0.1", "localhost", "[::1]"})
APP_URL = env.http_url("APP_URL", PUBLIC_URL)
_dev_server = ["http://localhost:3000"] if DEBUG else []  # of `next dev`
APP_ORIGINS = [url for url in (APP_URL, *_dev_server) if url != PUBLIC_URL]
"""Where the app is opened, if not at PUBLIC_URL. Pages there may use the session cookie; others may not."""
CORS_ALLOWED_ORIGINS = [*env.items("CORS_ALLOWED_ORIGINS"), *APP_ORIGINS]
CORS_ALLOW_CREDENTIALS = bool(APP_ORIGINS)  # to them alone: sentrypulse.middleware.AppCorsMiddleware
CORS_URLS_REGEX = r"^/(api|_allauth)/"
CORS_ALLOW_HEADERS = [
    "accept", "authorization", "content-type", "if-match", "if-none-match", "x-api-key", "x-csrftoken",
    "x-email-verification-key", "x-password-reset-key",
]  # fmt: skip
CORS_EXPOSE_HEADERS = ["etag", "x-request-id", "retry-after"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL, *APP_ORIGINS]
TRUSTED_PROXIES = env.integer("TRUSTED_PROXIES", 0, low=0, high=10)
ORIGIN_SECRETS = env.items("ORIGIN_SECRET")
USE_X_FORWARDED_HOST = bool(ORIGIN_SECRETS)  # who knows the secret is the proxy, and says its own name
if SERVERLESS:
    FORCE_SCRIPT_NAME = ""  # API Gateway's stage stands before our paths, and in none that people see

if EMBEDDED:
    data_folder.close_folder(DATA_DIR)
    data_folder.close_files([DATA_DIR / "secret_key", DATA_DIR / "field_encryption_key"])

# Secrets: made once and kept under var/ when embedded, required elsewhere

SECRET_KEY = require_secret(
    env, "SECRET_KEY", kept_at=DATA_DIR / "secret_key" if EMBEDDED else None, make="django"
)
FIELD_ENCRYPTION_KEY = require_secret(
    env,
    "FIELD_ENCRYPTION_KEY",
    kept_at=DATA_DIR / "field_encryption_key" if EMBEDDED else None,
    make="fernet",
)

# The web server that comes with us

WEB_THREADS = env.integer("WEB_THREADS", 24, low=2, high=500)
WEB_CONNECTIONS = env.integer("WEB_CONNECTIONS", 500, low=10, high=10_000)
OUTSIDE_CALLS = env.integer("OUTSIDE_CALLS", 100 if SERVERLESS else WEB_THREADS // 2, low=1, high=10_000)
OUTSIDE_CALLS_A_USER = env.integer("OUTSIDE_CALLS_A_USER", 3, low=1, high=1_000)
if not SERVERLESS and OUTSIDE_CALLS >= WEB_THREADS:
    raise SettingsError(f"OUTSIDE_CALLS must be below WEB_THREADS ({WEB_THREADS}): others need threads, too.")

# Stores

DATABASES: dict[str, dict[str, Any]] = {
    "default": env.database(f"sqlite:///{DATA_DIR / 'sentrypulse.sqlite3'}")
}
DATABASE_CA_FILE = env.ca_file()
_given = DATABASES["default"].get("OPTIONS", {})  # of DATABASE_URL, such as ?ssl_mode=REQUIRED
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    _database = Path(DATABASES["default"]["NAME"])
    data_folder.close_database(_database, make=EMBEDDED and _database.parent == DATA_DIR)
    DATABASES["default"]["OPTIONS"] = {
        # A write lock is taken at BEGIN, so two writers wait for each other instead of failing half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-16000;",
        **_given,
    }
else:
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 10,  # else as long as TCP tries a host that is gone: two minutes
        **_given,
        **mysql_options(),
    }
    DATABASES["default"]["TEST"] = {"CHARSET": "utf8mb4"}
    if DATABASE_CA_FILE:
        DATABASES["default"]["OPTIONS"]["ssl"] = {"ca": DATABASE_CA_FILE}
    # Kept open, unless DATABASE_URL says conn_max_age=0: Aurora pauses only when nobody is connected.
    DATABASES["default"].setdefault("CONN_MAX_AGE", None)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

REDIS_URL = env.redis_url()
CACHES: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "core.cache.SharedCache",
            "LOCATION": REDIS_URL,
            "KEY_PREFIX": "sentrypulse",
            # Without limits a Redis that stands still would keep every thread of the web server for good.
            "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 5, "SOCKET_TIMEOUT": 5},
        }
        if REDIS_URL
        else {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 2_000},  # Django's 300 are the figures of one team of 10,000 monitors
        }
    )
}
# Counted attempts have one of their own: what strangers make us keep elsewhere must not push them out.
CACHES["attempts"] = (
    {**CACHES["default"], "KEY_PREFIX": "sentrypulse:attempts"}
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "attempts",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
)
# And what each poll of the overview saw: large, and new every ten seconds.
CACHES["overview"] = (
    {**CACHES["default"], "KEY_PREFIX": "sentrypulse:overview"}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "overview"}
)

# The pipeline

_bounds = env.probe_bounds()
PROBE_ALLOW_PRIVATE: bool = _bounds["allow_private"]
PROBE_CONCURRENCY: int = _bounds["concurrency"]
PROBE_PER_HOST: int = _bounds["per_host"]
OWN_NETWORK_TARGETS: list[str] = _bounds["own_network_targets"]
DELIVERY_CONCURRENCY: int = env.courier_bounds()["concurrency"]
_on_their_way = {Engine.EMBEDDED: DELIVERY_CONCURRENCY * 5 // 2, Engine.CELERY: 200, Engine.SERVERLESS: 500}
DELIVERIES_A_TEAM = env.integer("DELIVERIES_A_TEAM", max(1, _on_their_way[ENGINE]), low=1, high=100_000)
MIN_INTERVAL_S = env.integer("MIN_INTERVAL_S", 10, low=1, high=3600)
QUEUE_MAX_MESSAGES = env.queue_max_messages()
QUOTAS = {  # of a team, 0: none; see accounts/quotas.py
    "monitors": env.integer("QUOTA_MONITORS", 10_000, low=0, high=10_000_000),
    "checks_a_minute": env.integer("QUOTA_CHECKS_A_MINUTE", 60_000, low=0, high=100_000_000),
    "channels": env.integer("QUOTA_CHANNELS", 500, low=0, high=1_000_000),
    "status_pages": env.integer("QUOTA_STATUS_PAGES", 200, low=0, high=1_000_000),
    "maintenance_windows": env.integer("QUOTA_MAINTENANCE_WINDOWS", 200, low=0, high=10_000),
    "rules": env.integer("QUOTA_RULES", 500, low=0, high=100_000),
    "slos": env.integer("QUOTA_SLOS", 500, low=0, high=100_000),
    "tags": env.integer("QUOTA_TAGS", 2_000, low=0, high=100_000),
}
TEAMS_A_USER = env.integer("TEAMS_A_USER", 20, low=1, high=100_000)
PING_BODY_MAX_BYTES = env.integer("PING_BODY_MAX_BYTES", 10_000, low=0, high=100_000)
RAW_RETENTION_DAYS = env.integer("RAW_RETENTION_DAYS", 30, low=8, high=3660)
HOUR_RETENTION_DAYS = env.integer("HOUR_RETENTION_DAYS", 396, low=92, high=36_600)
DAY_RETENTION_DAYS = env.integer("DAY_RETENTION_DAYS", 0, low=0, high=36_600)  # 0: for ever
ARCHIVE_URL = env.storage_url("ARCHIVE_URL")  # empty: raw results go for good
LEDGER_RETENTION_DAYS = env.integer("LEDGER_RETENTION_DAYS", 400, low=30, high=36_600)
QUEUE_ADDRESSES = env.queues(required=SERVERLESS)
REGIONS = list(QUEUE_ADDRESSES.get("checks", ())) if SERVERLESS else ["local"]
EDGE_FUNCTION = env.required_text(
    "EDGE_FUNCTION", required=SERVERLESS, why="the name of the edge's Lambda function"
)
WATCHDOG_URL = env.web_address("WATCHDOG_URL")
METRICS_TOKEN = env.text("METRICS_TOKEN")
ADMIN_EMAIL = env.text("ADMIN_EMAIL", "admin@sentrypulse.local")

# Status pages

PUBLISH_URL = env.storage_url("PUBLISH_URL", f"file://{DATA_DIR / 'published'}")
AWS_ENDPOINT_URL = env.text("AWS_ENDPOINT_URL")
DNS_SERVER = env.address("DNS_SERVER")

# Django

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth.account",
    "allauth.headless",
    "allauth.usersessions",
    "rest_framework",
    "rest_framework_simplejwt.token_blacklist",
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "accounts",
    "monitors",
    "incidents",
    "outbox",
    "alerts",
    "analytics",
    "statuspages",
    "pipeline",
    "sentrypulse",
]
MIDDLEWARE = [
    "sentrypulse.request_guard.ReadableMiddleware",
    "statuspages.middleware.CustomDomainMiddleware",
    "sentrypulse.middleware.AppCorsMiddleware",
    "sentrypulse.request_guard.OriginMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "sentrypulse.app_files.AppFilesMiddleware",
    "sentrypulse.middleware.CompressApiMiddleware",
    "sentrypulse.middleware.RequestLogMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",  # below compression, which pads at random
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "sentrypulse.sign_in_gate.SignInGate",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "sentrypulse.urls"
WSGI_APPLICATION = "sentrypulse.wsgi.application"
ASGI_APPLICATION = "sentrypulse.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "sentrypulse" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-us"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"
# On Lambda they are in the package, collected when it was built.
STATIC_ROOT = Path(
    env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles" if SERVERLESS else DATA_DIR / "static"))
)
WHITENOISE_USE_FINDERS = EMBEDDED  # one machine needs no collectstatic
if EMBEDDED:
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_AUTOREFRESH = DEBUG  # a new build is seen without a restart
# The app is found at start, where it was built; on Lambda CloudFront serves it from its bucket.
APP_DIR = Path(env.text("APP_DIR", str(BASE_DIR / "frontend" / "out")))
WHITENOISE_ROOT = APP_DIR if (APP_DIR / "index.html").is_file() else None
WHITENOISE_INDEX_FILE = True
WHITENOISE_ALLOW_ALL_ORIGINS = False
APPEND_SLASH = False  # the API answers both spellings itself
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
LOGGING = logging_setting(level=env.text("LOG_LEVEL", "INFO"), style=env.text("LOG_FORMAT", "text"))

# Accounts

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
AUTH_PASSWORD_VALIDATORS[1]["OPTIONS"] = {"min_length": 10}  # type: ignore[assignment]  # one entry has options
LOGIN_URL = "/admin/login/"
PASSWORD_RESET_TIMEOUT = 3600
SIGNUP = env.choice("SIGNUP", SignUp.OPEN, among=list(SignUp))
RECIPIENTS_A_DAY = env.integer("RECIPIENTS_A_DAY", 20, low=1, high=10_000)

# Signing in by the app: django-allauth's headless API (decision 29, docs/operating.md)

HEADLESS_ONLY = True
HEADLESS_CLIENTS = ("browser",)
HEADLESS_ADAPTER = "accounts.account_adapter.HeadlessAdapter"
ACCOUNT_ADAPTER = "accounts.account_adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.signup_form.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = "optional"  # who is new works at once, and is asked to verify
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False  # no e-mails to strangers
ACCOUNT_MAX_EMAIL_ADDRESSES = 1  # the user's own, which is unique; see SILENCED_SYSTEM_CHECKS
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_RATE_LIMITS = False  # ours count: sentrypulse/sign_in_gate.py
USERSESSIONS_TRACK_ACTIVITY = False  # it would write a row with each request
SILENCED_SYSTEM_CHECKS = [
    # MySQL and MariaDB cannot make allauth's conditional unique constraints: one verified row an address, one
    # primary row a user. accounts/email_addresses.py holds both. Our models have no such: a test looks.
    "models.W036",
]

_email = env.email()
EMAIL_URL: str = _email["EMAIL_URL"]
vars().update(_email)
if SERVERLESS:  # its core reaches no mail server
    EMAIL_BACKEND = "pipeline.email_backends.EdgeBackend"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"SentryPulse <sentrypulse@{_public_host}>")

# Behind HTTPS, cookies and browsers are told so; plain http://127.0.0.1 stays usable

_https = PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _https
_cookie_prefix = "__Host-" if _https else ""  # bound to this host, to https and to all paths
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_cookie_prefix}sessionid", f"{_cookie_prefix}csrftoken"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "core.errors.answer_csrf_failure"
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=_https)
SECURE_REDIRECT_EXEMPT = [r"^api/v1/health$", r"^metrics$", r"^ping/"]
SECURE_HSTS_SECONDS = 31_536_000 if _https else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _https
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
