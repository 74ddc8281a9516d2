"""Instants in what people send. A time without an offset is refused, because nobody knows which instant it
means."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

NO_OFFSET = "Give the time's offset from UTC, such as 2026-12-06T02:00:00Z or 2026-12-06T02:00:00+01:00."


class TimestampField(serializers.DateTimeField):
    """An instant, written with its offset. A time without an offset is refused."""

    default_error_messages = {"no_offset": NO_OFFSET}

    def enforce_timezone(self, value: datetime) -> datetime:
        if value.tzinfo is None:
            self.fail("no_offset")
        return super().enforce_timezone(value)


class LocalTimestampField(serializers.DateTimeField):
    """An instant, or a time without an offset, which stays naive. The serializer knows the zone that it is
    in."""

    def enforce_timezone(self, value: datetime) -> Any:
        return value if value.tzinfo is None else super().enforce_timezone(value)
