"""The parts that the forms of channels are made of. The form of a kind stands in
`delivery/kinds/<kind>.py`."""

from typing import Annotated, Any

from msgspec import Meta, Struct

MAX_RECIPIENTS = 20


class Form(Struct, frozen=True, kw_only=True):
    """A form. The first line of its docstring is shown as its help. No value appears in ``repr``."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def field(title: str, description: str, help_text: str = "", **extra: Any) -> Meta:
    """A field's label, the end of the sentence "Must be <description>.", and its help.

    ``input`` says how an app shows the field; ``example`` is a value that it could hold.
    """
    return Meta(title=title, description=description, extra={"help": help_text, **extra})


def secret_field(title: str, description: str, help_text: str = "") -> Meta:
    """A field that people write and nobody reads back."""
    return field(title, description, help_text, input="password", secret=True)


ShortText = Annotated[str, Meta(max_length=500)]
Token = Annotated[str, Meta(min_length=1, max_length=500)]
Url = Annotated[str, Meta(min_length=1, max_length=2_048)]
Recipients = Annotated[list[ShortText], Meta(min_length=1, max_length=MAX_RECIPIENTS)]
PHONES = field(
    "To",
    f"a list of 1 to {MAX_RECIPIENTS} phone numbers such as +15551234567",
    input="phones",
    example=["+15551234567"],
)
