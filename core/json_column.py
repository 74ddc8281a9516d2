"""A JSON column whose unreadable values do not keep the other rows of a query from being read."""

import json
from typing import Any

from django.db import models
from django.db.models.fields.json import KeyTransform


class Unreadable(dict[str, Any]):
    """The value of a column whose JSON cannot be read: an empty dict, which is also false."""


class JsonColumn(models.JSONField):
    """Django's JSONField raises for numbers of thousands of digits and for deep nesting, while a whole query
    is read; and returns text for what is no JSON. This field returns ``Unreadable`` in all these cases. For
    migrations it is Django's field."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None or (isinstance(expression, KeyTransform) and not isinstance(value, str)):
            return value
        if value == "[]":  # a monitor's regions, nearly always; read twice for each check
            return []
        try:
            return json.loads(value, cls=self.decoder)
        except (ValueError, RecursionError):
            return Unreadable()

    def deconstruct(self) -> Any:
        name, _, args, kwargs = super().deconstruct()
        return name, "django.db.models.JSONField", args, kwargs
