"""Fields of incidents that other resources have, too."""

from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import ResolvedComponent
from rest_framework import serializers

from accounts.models import User
from incidents.models import IncidentStatus


class StatusField(serializers.ChoiceField):
    """An incident's status. The schema names it once: other objects have one too."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=IncidentStatus.choices, **kwargs)


class StatusFieldSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # it registers itself
    target_class = StatusField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> Any:
        component = ResolvedComponent(  # type: ignore[no-untyped-call]  # theirs
            name="IncidentStatus",
            type=ResolvedComponent.SCHEMA,
            object="IncidentStatus",
            schema={"type": "string", "enum": IncidentStatus.values},
        )
        auto_schema.registry.register_on_missing(component)
        return component.ref


class AuthorSerializer(serializers.ModelSerializer[User]):
    class Meta:
        model = User
        fields = ["id", "name", "email"]
        read_only_fields = fields
