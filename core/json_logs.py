"""Log lines as JSON, with their figures as fields and the request that they belong to. Both planes use it, so
it imports no Django."""

import logging
import re
from contextvars import ContextVar
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from core.log_pace import LogPace

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The request, or the function's invocation, that is being served."""

_FIELD = re.compile(r"\b([a-z_]+)=(\S+)")
FIELDS = ["asctime", "levelname", "name", "message"]
NAMES = {"asctime": "at", "levelname": "level", "name": "logger"}


class FieldsFormatter(JsonFormatter):
    """One JSON object a line; the figures of ``record results=50 took_ms=38`` are fields of their own."""

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        if request := request_id.get():
            log_data.setdefault("request_id", request)
        for name, value in _FIELD.findall(str(log_data.get("message", ""))):
            log_data.setdefault(name, int(value) if value.isdecimal() else value)
        return log_data


def log_json_lines(*, level: str) -> None:
    """Let the whole process log in this way, on standard error."""
    handler = logging.StreamHandler()
    handler.addFilter(LogPace())
    handler.setFormatter(FieldsFormatter(FIELDS, rename_fields=NAMES))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("botocore").setLevel(logging.WARNING)
