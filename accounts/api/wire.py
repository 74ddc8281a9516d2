"""Fields and serializers that several views share."""

import re
import zoneinfo
from typing import Any

from rest_framework import serializers

from accounts.models import Team

_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")


class LineField(serializers.CharField):
    """Text of one line: names end in subjects of letters and in logs."""

    default_error_messages = {"control": "Write this on one line, without control characters."}

    def to_internal_value(self, data: Any) -> str:
        text = str(super().to_internal_value(data))
        if _CONTROL.search(text):
            self.fail("control")
        return text


class PasswordField(serializers.CharField):
    """As typed, spaces included; bounded, because hashing is slow on purpose."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            write_only=True,
            trim_whitespace=False,
            max_length=256,
            style={"input_type": "password"},
            **kwargs,
        )


class TeamSerializer(serializers.ModelSerializer[Team]):
    name = LineField(max_length=100)
    role = serializers.CharField(source="my_role", read_only=True, help_text="Your own in this team.")
    personal = serializers.SerializerMethodField()

    class Meta:
        model = Team
        fields = ["id", "name", "timezone", "personal", "role", "created_at"]
        read_only_fields = ["created_at"]

    def get_personal(self, team: Team) -> bool:
        return team.personal_of_id is not None

    def validate_timezone(self, name: str) -> str:
        try:
            return zoneinfo.ZoneInfo(name).key
        except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError):
            raise serializers.ValidationError(
                f"There is no time zone {name!r}; use an IANA name such as Europe/Berlin."
            ) from None
