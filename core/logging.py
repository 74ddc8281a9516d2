"""How log lines look: text for a person at a terminal, JSON for a log store."""

from typing import Any

from core.env import SettingsError
from core.json_logs import FIELDS, NAMES

STYLES = ("text", "json")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


def logging_setting(*, level: str, style: str) -> dict[str, Any]:
    """Django's ``LOGGING``: everything on standard error, one line an event, figures as fields.

    Raises ``SettingsError`` with one sentence for a level or style that does not exist.
    """
    if style not in STYLES:
        raise SettingsError(f"LOG_FORMAT must be text or json, not {style!r}.")
    if level.upper() not in LEVELS:
        raise SettingsError(f"LOG_LEVEL must be one of {', '.join(LEVELS)}, not {level!r}.")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"format": "{asctime} {levelname:<7} {name} {message}", "style": "{"},
            "json": {
                "()": "core.json_logs.FieldsFormatter",
                "fmt": FIELDS,
                "rename_fields": NAMES,
            },
        },
        "filters": {"pace": {"()": "core.log_pace.LogPace"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": style, "filters": ["pace"]}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.request": {"level": "ERROR"},  # a 4xx is the client's affair; the request log has it
            "waitress": {"level": "WARNING"},
            "waitress.queue": {"level": "ERROR"},  # else a line for each request that waits
            "botocore": {"level": "WARNING"},
        },
    }
