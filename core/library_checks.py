"""We replace private parts of some libraries. In the next version of a library, these may be different."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from django.core import checks

OVERRIDES = {
    "django-allauth": ("65.22", "accounts/library_forms.py"),
    "celery": ("5.7", "pipeline/celery/overrides.py"),
    "billiard": ("4.3", "pipeline/celery/overrides.py"),
    "kombu": ("5.7", "pipeline/celery/redis_transport.py"),
    "requests": ("2.34", "delivery/requests_patch.py"),
    "apprise": ("2.3", "delivery/apprise_plugins.py"),
    "zappa": ("0.63", "infra/zappa_overrides.py"),
}
"""By library: the minor version that our overrides were written for, and the one file where they are."""


def check_libraries(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    """Warn when another minor version is installed. A library that is not installed is not used here."""
    found: list[checks.CheckMessage] = []
    for library, (written_for, file) in OVERRIDES.items():
        try:
            installed = version(library)
        except PackageNotFoundError:
            continue
        if installed.split(".")[:2] != written_for.split("."):
            found.append(
                checks.Warning(
                    f"{library} {installed} is installed; {file} was written for {written_for}.",
                    hint="Read its docstring, compare with the new source, run the tests that it names, and"
                    " then write the new version into core/library_checks.py.",
                    id="sentrypulse.W001",
                )
            )
    return found
