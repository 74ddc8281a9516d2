"""A message by WhatsApp (https://developers.facebook.com/docs/whatsapp/cloud-api), through Apprise."""

from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.forms import PHONES, Form, Recipients, ShortText, Token, field, secret_field
from delivery.message import DeliveryMessage
from delivery.registry import ChannelKind
from delivery.validation import check_phones, match


class WhatsAppForm(Form, frozen=True, kw_only=True):
    """A message through the WhatsApp Business Cloud API."""

    access_token: Annotated[
        Token,
        secret_field(
            "Access token",
            "letters and digits, such as EAAG…",
            "Meta for Developers: WhatsApp, API Setup; a permanent one of a system user.",
        ),
    ]
    phone_number_id: Annotated[
        Token,
        field("Phone number ID", "digits", "The ID beside the number, not the number."),
    ]
    to: Annotated[Recipients, PHONES]
    template: Annotated[
        ShortText,
        field(
            "Template",
            "empty, or the name of an approved template",
            "WhatsApp delivers free text only within 24 hours of a person's last message to you. "
            "The message becomes the template's first parameter, {{1}}.",
        ),
    ] = ""
    language: Annotated[ShortText, field("Template's language", "a code such as en_US")] = "en_US"


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(config, errors, "access_token", r"[A-Za-z0-9]{20,500}", "Must be letters and digits: EAAG….")
    match(config, errors, "phone_number_id", r"\d{5,25}", "Must be digits: the ID, not the number.")
    match(config, errors, "template", r"[a-z0-9_]{0,512}", "Must be small letters, digits and _, or empty.")
    match(config, errors, "language", r"[a-z]{2,3}(_[A-Z]{2})?", "Must be a code such as en_US.")
    check_phones(config, errors)


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Send through Apprise, which makes one request for each phone number."""
    from delivery.apprise_sending import Service, send_by_apprise  # Apprise takes a second to import

    config = delivery.config
    template = config["template"]
    plugin = {
        "schema": "whatsapp", "secure": True,
        "token": config["access_token"], "from_phone_id": config["phone_number_id"], "targets": config["to"],
        "template": template or None, "language": config["language"],
        "template_mapping": {"body": "1"} if template else None,
    }  # fmt: skip
    # https://developers.facebook.com/docs/whatsapp/ (a parameter: 1,024)
    service = Service(
        title_max=300,
        text_max=1_000,
        has_title=False,
        one_line=bool(template),
        one_request_a_recipient=True,
    )
    return send_by_apprise(delivery, plugin=plugin, service=service, attempt=attempt)


KIND = ChannelKind(
    label="WhatsApp", form=WhatsAppForm, check=check, send=send, imports=("delivery.apprise_sending",)
)
