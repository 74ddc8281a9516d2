"""Filters of lists. A value that makes no sense is refused by the filter's name. If it were ignored, the list
would show rows that nobody asked for; beyond the bounds of a column the database would raise an error."""

import re
from datetime import UTC, datetime
from typing import Any

from django import forms
from django.db import models
from django.utils.dateparse import parse_datetime
from django_filters import rest_framework as filters
from django_filters.fields import IsoDateTimeField
from drf_spectacular.utils import extend_schema_field

from core.choices import list_choices
from core.timestamps import NO_OFFSET
from core.values import BIGGEST_ID


class _IdField(forms.Field):
    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        if not re.fullmatch("[0-9]{1,19}", str(value)) or int(value) > BIGGEST_ID:
            raise forms.ValidationError("Give an id, a whole number.")
        return int(value)


@extend_schema_field({"type": "integer", "minimum": 0, "maximum": BIGGEST_ID})
class IdFilter(filters.Filter):  # type: ignore[misc]  # it ships no types
    """An id. It need not exist: the answer must not tell a stranger whether it does."""

    field_class = _IdField


class InstantFormField(IsoDateTimeField):  # type: ignore[misc]  # it ships no types
    def to_python(self, value: Any) -> datetime | None:
        if value not in self.empty_values and _is_local(str(value)):
            raise forms.ValidationError(NO_OFFSET)
        instant: datetime | None = super().to_python(value)
        try:
            return instant and instant.astimezone(UTC)
        except OverflowError:
            raise forms.ValidationError("Give a time from year 1 to 9999, also in UTC.") from None


def _is_local(text: str) -> bool:
    try:
        at = parse_datetime(text)
    except ValueError:
        return False
    return at is not None and at.tzinfo is None


class InstantFilter(filters.IsoDateTimeFilter):  # type: ignore[misc]  # it ships no types
    field_class = InstantFormField


class _FlagWidget(forms.Select):
    """Hands the value on as it was sent. django-filter's own widget treats nonsense like an empty value."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs, (("", "---------"), ("true", "Yes"), ("false", "No")))


class _FlagField(forms.Field):
    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        try:
            return {"true": True, "1": True, "false": False, "0": False}[str(value).lower()]
        except KeyError:
            raise forms.ValidationError("Give true or false.") from None


@extend_schema_field({"type": "boolean"})
class FlagFilter(filters.BooleanFilter):  # type: ignore[misc]  # it ships no types
    """``true`` or ``false``."""

    field_class = _FlagField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, widget=_FlagWidget, **kwargs)


class FilterSet(filters.FilterSet):  # type: ignore[misc]  # it ships no types
    FILTER_DEFAULTS = {
        **filters.FilterSet.FILTER_DEFAULTS,
        models.BooleanField: {"filter_class": FlagFilter},
        models.ForeignKey: {"filter_class": IdFilter},
    }

    def get_form_class(self) -> type[forms.Form]:
        form: type[forms.Form] = super().get_form_class()
        for field in form.base_fields.values():
            if isinstance(field, forms.ChoiceField):
                choices: Any = field.choices
                known = list_choices(value for value, _ in choices)
                field.error_messages["invalid_choice"] = (
                    f'"%(value)s" is not a valid choice; choose one of {known}.'
                )
        return form


class FilterBackend(filters.DjangoFilterBackend):  # type: ignore[misc]  # it ships no types
    """The project's filter backend (in the settings). It makes filters from a view's ``filterset_fields``."""

    filterset_base = FilterSet
