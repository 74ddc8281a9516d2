"""How log lines look: text for a person at a terminal, JSON for a log store."""

import re
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from sentrypulse.env import SettingsError

STYLES = ("text", "json")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


_FIELD = re.compile(r"\b([a-z_]+)=(\S+)")


class FieldsFormatter(JsonFormatter):
    """One JSON object a line; the figures of ``record results=50 took_ms=38`` are fields of their own."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        for name, value in _FIELD.findall(str(log_data.get("message", ""))):
            log_data.setdefault(name, int(value) if value.isdecimal() else value)
        return log_data


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
                "()": "sentrypulse.logs.FieldsFormatter",
                "fmt": ["asctime", "levelname", "name", "message"],
                "rename_fields": {"asctime": "at", "levelname": "level", "name": "logger"},
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": style}},
        "root": {"handlers": ["stderr"], "level": level.upper()},
        "loggers": {
            "django": {"handlers": [], "propagate": True},
            "django.request": {"level": "ERROR"},  # a 4xx is the client's affair; the request log has it
            "waitress": {"level": "WARNING"},
        },
    }
