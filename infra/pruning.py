"""Which of the installed files are not needed on Lambda. Everything else stays; a test loads what is left."""

import re

APPS = (
    "accounts",
    "actions",
    "alerts",
    "analytics",
    "core",
    "delivery",
    "incidents",
    "monitors",
    "outbox",
    "pipeline",
    "probes",
    "sentrypulse",
    "statuspages",
)

BOTO_SERVICES = ("cloudfront", "lambda", "s3", "ses", "sesv2", "sns", "sqs", "ssm", "sts")

_PACKAGES = (
    "amqp", "billiard", "celery", "click_didyoumean", "click_plugins", "click_repl", "kombu",
    "prompt_toolkit", "vine", "wcwidth",  # Celery, and what only it needs
    "waitress",  # the embedded web server
    "bin", "pip", "setuptools", "_distutils_hack",
)  # fmt: skip
_FOLDERS = (
    r"(^|/)__pycache__/",
    r"(^|/)tests?/(?=.*\.py$)(?<!^django/test/)",
    r"^django/contrib/(gis|flatpages|redirects)/",
    r"^django/(.+/)?locale/(?!(en|de|es|fr|zh_Hans)/)[^/]+/",
    r"^rest_framework/locale/(?!(en|de|es|fr|zh_Hans|zh_CN)/)[^/]+/",
    r"^babel/locale-data/(?!(root|en|de|es|fr|zh|zh_Hans)(_[A-Z]{2})?\.dat$)",
    r"^staticfiles/drf_spectacular_sidecar/drf_spectacular_sidecar/redoc/",
    r"^allauth/locale/(?!(en|de|es|fr|zh_Hans)/)[^/]+/",
    r"^allauth/idp/", r"^allauth/socialaccount/providers/(?!(base|oauth|oauth2|openid_connect)/)[^/]+/",
    r"^django_filters/locale/", r"^rest_framework_simplejwt/locale/", r"^apprise/locale/",
    r"^(django/contrib/admin|rest_framework|drf_spectacular_sidecar|django_filters)/static/",  # collected
    r"^sentrypulse/static/",
    r"^boto3/examples/", r"^zappa/(cli|core|letsencrypt)\.py$",
    r"^pipeline/celery/", r"^sentrypulse/(celery|healthcheck|pulse)\.py$",
    r"^simulation/", r"^sentrypulse/management/commands/simulate\.py$",
)  # fmt: skip
_ENDINGS = (
    r"\.(map|pyi|pyx|pxd|po|pot|c|h|cpp|md|rst)$|/(RECORD|INSTALLER|REQUESTED|direct_url\.json)$|/licenses?/"
)
_DROPPED = re.compile("|".join([*_FOLDERS, _ENDINGS]))
_DROPPED_PACKAGE = re.compile(rf"^({'|'.join(_PACKAGES)})(/|-[^/]*\.dist-info/|\.py$)")
_BOTO_DATA = re.compile(r"^botocore/data/([^/]+)/")
_KEPT = re.compile(r"^django/test/|^zappa/ext/|/py\.typed$")


_NOT_IN_CORE = re.compile(r"^pycurl(\.libs/|/|-|\.)")
"""The core probes nothing."""


def is_needed(path: str, *, package: str) -> bool:
    """Whether a file must go into the package. ``path`` is its path in the package."""
    if package == "core" and _NOT_IN_CORE.match(path):
        return False
    if _KEPT.search(path):
        return True
    service = _BOTO_DATA.match(path)
    if service and service[1] not in BOTO_SERVICES:
        return False
    return not (path == ".installed" or _DROPPED_PACKAGE.match(path) or _DROPPED.search(path))
