"""Fields that several kinds have: their types, and how a person is told which values they take."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from probes.expiry import MOST


def field(title: str, description: str, help_text: str = "", *, limits: Any = None, **extra: Any) -> Meta:
    """A field's label, the end of the sentence "Must be <description>.", and its help.

    ``limits`` are msgspec's constraints. ``extra`` is what a form shows besides: see ``probes/forms.py``.
    """
    return Meta(title=title, description=description, extra={"help": help_text, **extra}, **(limits or {}))


DegradedMs = Annotated[
    Annotated[int, Meta(ge=1, le=600_000)] | None,
    field(
        "Slow above",
        "a whole number of milliseconds from 1 to 600000, or null for no limit",
        "A check that takes longer makes the monitor degraded; it stays up.",
        unit="ms",
        example=800,
    ),
]
Family = Annotated[
    Literal["any", "4", "6"],
    field(
        "IP version",
        '"any", "4" or "6"',
        section="request",
        advanced=True,
        labels={"any": "IPv4 or IPv6", "4": "IPv4 only", "6": "IPv6 only"},
    ),
]
EXPIRY_DAYS_MUST_BE = (
    f"a whole number of days from 0 (no warning) to 365, or a list of at most {MOST} such as [30, 14, 7, 1]"
)
ExpiryDays = Annotated[
    Annotated[int, Meta(ge=0, le=365)]
    | Annotated[list[Annotated[int, Meta(ge=1, le=365)]], Meta(min_length=1, max_length=MOST)],
    field(
        "Warn of expiry",
        EXPIRY_DAYS_MUST_BE,
        "So many days before the certificate ends, the monitor is degraded.",
        unit="days",
        example=[30, 14, 7, 1],
    ),
]
Flag = Annotated[bool, Meta(description="true or false")]
VerifyTls = Annotated[
    bool,
    field(
        "Verify the certificate",
        "true or false",
        "Off: any certificate will do, also one that ended or is for another name.",
        advanced=True,
    ),
]
ShortText = Annotated[str, Meta(max_length=1_000, description="text of at most 1000 characters")]
HostName = Annotated[
    str,
    field(
        "Name in the certificate",
        "a host name, or empty",
        "Whom the certificate must be for; empty: the host.",
        limits={"max_length": 253},
        advanced=True,
    ),
]


class SecretValue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A header's value. A ``secret`` one is never shown again."""

    value: str
    secret: bool = True

    def __repr__(self) -> str:
        return "SecretValue(…)" if self.secret else f"SecretValue({self.value!r}, secret=False)"


class BasicAuth(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="basic"):
    """User name and password, sent to the target's own origin only."""

    username: Annotated[str, field("User name", "text of at most 255 characters", limits={"max_length": 255})]
    password: Annotated[
        str,
        field("Password", "text of at most 1024 characters", limits={"max_length": 1_024}, secret=True),
    ]

    def __repr__(self) -> str:
        return "BasicAuth(…)"


class BearerAuth(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="bearer"
):
    """A token, sent to the target's own origin only."""

    token: Annotated[
        str,
        field(
            "Token",
            "text of 1 to 8192 characters",
            limits={"min_length": 1, "max_length": 8_192},
            secret=True,
        ),
    ]

    def __repr__(self) -> str:
        return "BearerAuth(…)"


Headers = Annotated[
    dict[str, str | SecretValue],
    field(
        "Headers",
        'an object of name and value, where a value is text or {"value": "…", "secret": true}',
        "A value that is marked as secret is stored encrypted and never shown again.",
        section="request",
        advanced=True,
        example={"Accept": "application/json"},
    ),
]
Auth = Annotated[
    BasicAuth | BearerAuth | None,
    field(
        "Log in with",
        'null, {"type": "basic", "username": "…", "password": "…"} or {"type": "bearer", "token": "…"}',
        "Sent to the target's own origin only, and never shown again.",
        section="request",
        advanced=True,
    ),
]
