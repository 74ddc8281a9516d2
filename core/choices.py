"""A choice that does not exist is refused with a list of those that do."""

from collections.abc import Iterable
from typing import Any, NoReturn

from rest_framework.fields import ChoiceField, Field


def list_choices(choices: Iterable[Any]) -> str:
    return ", ".join(str(choice) for choice in choices if choice not in ("", None))


def teach_choice_fields() -> None:
    """Give DRF's own ``ChoiceField`` our error message, because DRF makes fields of that class for many
    serializers."""
    messages: dict[str, Any] = {"invalid_choice": '"{input}" is not a valid choice; choose one of {choices}.'}
    ChoiceField.default_error_messages = messages
    ChoiceField.fail = _fail  # type: ignore[method-assign, assignment]  # see above


def _fail(self: ChoiceField, key: str, **kwargs: Any) -> NoReturn:
    Field.fail(self, key, choices=list_choices(self.choices), **kwargs)
