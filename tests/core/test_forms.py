from typing import Annotated

from msgspec import Meta, Struct

from core.forms import read_fields


class Pizza(Struct):
    size_cm: Annotated[int, Meta(ge=20, le=50, description="a whole number from 20 to 50")]
    note: Annotated[Annotated[str, Meta(max_length=9)], Meta(description="at most 9 characters")] = ""


def test_what_can_be_read_is_returned_and_each_mistake_is_a_sentence():
    errors = {}
    given = {"size_cm": 60, "note": " thin ", "sise_cm": 30, "topping": "ham"}
    read = read_fields(
        Pizza, given, errors, clean=lambda value: value.strip() if value == " thin " else value
    )
    assert read == {"note": "thin"}
    assert errors == {
        "size_cm": "Must be a whole number from 20 to 50.",
        "sise_cm": "There is no field 'sise_cm'. Did you mean size_cm?",
        "topping": "There is no field 'topping'. Known: size_cm, note.",
    }
