"""Fields that several kinds have: their types, and how a person is told which values they take."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from probes.expiry import MOST

# The description is the end of the sentence "… must be <description>."
DegradedMs = Annotated[
    Annotated[int, Meta(ge=1, le=600_000)] | None,
    Meta(description="a whole number of milliseconds from 1 to 600000, or null for no limit"),
]
Family = Annotated[Literal["any", "4", "6"], Meta(description='"any", "4" or "6"')]
ExpiryDays = Annotated[
    Annotated[int, Meta(ge=0, le=365)]
    | Annotated[list[Annotated[int, Meta(ge=1, le=365)]], Meta(min_length=1, max_length=MOST)],
    Meta(
        description="a whole number of days from 0 (no warning) to 365, or a list of at most "
        f"{MOST} such as [30, 14, 7, 1]"
    ),
]
Flag = Annotated[bool, Meta(description="true or false")]
ShortText = Annotated[str, Meta(max_length=1_000, description="text of at most 1000 characters")]
HostName = Annotated[str, Meta(max_length=253, description="a host name, or empty")]


class SecretValue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A header's value. A ``secret`` one is never shown again."""

    value: str
    secret: bool = True

    def __repr__(self) -> str:
        return "SecretValue(…)" if self.secret else f"SecretValue({self.value!r}, secret=False)"


class BasicAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="basic"):
    """User name and password, sent to the target's own origin only."""

    username: Annotated[str, Meta(max_length=255)]
    password: Annotated[str, Meta(max_length=1_024)]

    def __repr__(self) -> str:
        return "BasicAuth(…)"


class BearerAuth(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="bearer"
):
    """A token, sent to the target's own origin only."""

    token: Annotated[str, Meta(min_length=1, max_length=8_192)]

    def __repr__(self) -> str:
        return "BearerAuth(…)"
