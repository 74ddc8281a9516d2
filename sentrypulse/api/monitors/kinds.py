"""``GET monitors/kinds``: the forms of monitors."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from monitors.forms import describe_kinds
from probes.forms import FieldType, Section
from probes.registry import KINDS
from sentrypulse.api.monitors.base import MonitorEndpoints


class ChoiceSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """``label`` is an attribute of every serializer, so it cannot be declared above."""
        return {**super().get_fields(), "label": serializers.CharField()}


class WhenSerializer(serializers.Serializer[Any]):
    """Another field of the kind that must have one of ``values``."""

    field = serializers.CharField()
    values = serializers.ListField(
        child=serializers.JSONField(), allow_null=True, help_text="Null: any, as long as it is filled in"
    )


class PlainFieldSerializer(serializers.Serializer[Any]):
    """A field of a form. Its errors come under its name; those of ``config`` under ``config.<name>``."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=list(FieldType))
    section = serializers.ChoiceField(
        choices=list(Section),
        help_text="What to watch, what counts as up, how it is asked, how often and from where",
    )
    must_be = serializers.CharField(help_text='The end of the sentence "Must be …"; may be empty')
    secret = serializers.BooleanField(help_text="Written, and never read back")
    advanced = serializers.BooleanField(help_text="Folded away at first")
    choices = ChoiceSerializer(many=True, allow_null=True)
    example = serializers.JSONField(allow_null=True)
    min = serializers.FloatField(allow_null=True)
    max = serializers.FloatField(allow_null=True)
    max_chars = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()
    items = serializers.ChoiceField(
        choices=["text", "number"], allow_null=True, help_text="What a list is of"
    )
    when = WhenSerializer(allow_null=True, help_text="Shown only then")

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Names that every serializer has as attributes cannot be declared above."""
        return {
            **super().get_fields(),
            "label": serializers.CharField(),
            "help": serializers.CharField(),
            "required": serializers.BooleanField(),
            "default": serializers.JSONField(allow_null=True),
        }


class VariantSerializer(serializers.Serializer[Any]):
    """One of several forms for a field: an object with ``type`` and these fields."""

    value = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            **super().get_fields(),
            "label": serializers.CharField(),
            "fields": PlainFieldSerializer(many=True),
        }


class MonitorFieldSerializer(PlainFieldSerializer):
    variants = VariantSerializer(many=True, allow_null=True)


class KindFormSerializer(serializers.Serializer[Any]):
    """A kind's form: ``settings`` are fields of the monitor itself, ``fields`` those of ``config``."""

    kind = serializers.ChoiceField(choices=list(KINDS))
    name_hint = serializers.CharField(
        help_text="A name for a new one: `{host}` and `{target}` are of its target, other words fields"
    )
    testable = serializers.BooleanField(help_text="Whether `monitors/test` takes it")
    settings = MonitorFieldSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            **super().get_fields(),
            "label": serializers.CharField(),
            "help": serializers.CharField(),
            "fields": MonitorFieldSerializer(many=True),
        }


class KindEndpoints(MonitorEndpoints):
    @extend_schema(responses=KindFormSerializer(many=True), parameters=[])
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def kinds(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The kinds there are, each with the fields of its form."""
        return Response([asdict(form) for form in describe_kinds()])
