"""What the serializers of requests share."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.fields import empty

from core.showing import Showable


class KnownFieldsOnly(Showable, serializers.Serializer[Any]):
    """Refuses a body with fields that there are not: a misspelt one would otherwise be ignored in silence."""

    ignored: frozenset[str] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields and name not in self.ignored]
            if unknown:
                raise serializers.ValidationError(
                    {name: [f"There is no field {name!r}."] for name in unknown}
                )
        return super().to_internal_value(data)


class SentWhole(KnownFieldsOnly):
    """A part of a body that is always sent whole. DRF would excuse what is missing in it, and leave its
    defaults out, where the body that holds it is a PATCH."""

    def run_validation(self, data: Any = empty) -> Any:
        if self.parent is None or data is empty or data is None:
            return super().run_validation(data)
        alone = type(self)(data=data, context=self.context)
        alone.is_valid(raise_exception=True)
        return alone.validated_data
