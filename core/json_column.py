"""JSON as it is stored, read so that no row keeps the others of its query from being read."""

import json
from typing import Any

from django.db import models
from django.db.models.fields.json import KeyTransform


class Unreadable(dict[str, Any]):
    """What stands in a column whose JSON cannot be read: nothing. To lists, too, it is an empty one."""


class JsonColumn(models.JSONField):
    """Django's raises for numbers of thousands of digits and for what is nested deep, while a whole query is
    read, and gives text where something is no JSON at all. Its own in the eyes of migrations."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None or (isinstance(expression, KeyTransform) and not isinstance(value, str)):
            return value
        try:
            return json.loads(value, cls=self.decoder)
        except (ValueError, RecursionError):
            return Unreadable()

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs
