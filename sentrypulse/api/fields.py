"""Fields that several resources share."""

import re
from typing import Any

from rest_framework import serializers

from core.time_zones import find_zone
from core.values import BIGGEST_ID, CONTROL_CHARACTERS

_CONTROL = re.compile(CONTROL_CHARACTERS)


class LineField(serializers.CharField):
    """Text of one line: names end in subjects of e-mails and in logs."""

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


class IdField(serializers.IntegerField):
    """An id that a column can hold; whether there is such a row is asked elsewhere."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=BIGGEST_ID, **kwargs)


class IdsField(serializers.ListField):
    """Rows by id, both ways."""

    child = IdField()

    def to_representation(self, data: Any) -> list[int]:
        return sorted(row.pk for row in data.all())


class TagNamesField(serializers.ListField):
    """Tags by name, both ways."""

    child = serializers.CharField(max_length=50)

    def to_representation(self, data: Any) -> list[str]:
        return sorted(tag.name for tag in data.all())


def check_timezone(name: str) -> str:
    """For ``validate_timezone``: the name as it came, or ``ValidationError``."""
    try:
        return find_zone(name).key
    except ValueError as fault:
        raise serializers.ValidationError(str(fault)) from None
