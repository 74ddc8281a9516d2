"""A text message through Twilio (https://www.twilio.com/docs/messaging/api/message-resource), by Apprise."""

from typing import Annotated, Any

from delivery.attempt import Attempt, Verdict
from delivery.forms import PHONES, Form, Recipients, Token, field, secret_field
from delivery.message import DeliveryMessage
from delivery.registry import ChannelKind
from delivery.validation import check_phones, match, tidy_phone


class TwilioForm(Form, frozen=True, kw_only=True):
    """A text message (SMS) through your Twilio account."""

    account_sid: Annotated[Token, field("Account SID", "AC and 32 hexadecimal digits")]
    auth_token: Annotated[Token, secret_field("Auth token", "32 letters and digits")]
    from_phone: Annotated[
        Token,
        field("From", "a phone number such as +15551234567", "A number of your account.", input="phone"),
    ]
    to: Annotated[Recipients, PHONES]


def check(config: dict[str, Any], errors: dict[str, str]) -> None:
    match(config, errors, "account_sid", r"AC[0-9a-fA-F]{32}", "Must be AC and 32 hexadecimal digits.")
    match(config, errors, "auth_token", r"[0-9A-Za-z]{32}", "Must be 32 letters and digits.")
    check_phones(config, errors)
    try:
        config["from_phone"] = tidy_phone(config.get("from_phone", "+10000000"))
    except ValueError:
        errors["from_phone"] = "Must be a phone number such as +15551234567."


def send(delivery: DeliveryMessage, *, attempt: Attempt) -> Verdict:
    """Send through Apprise, which makes one request for each phone number."""
    from delivery.apprise_sending import Service, send_by_apprise  # Apprise takes a second to import

    config = delivery.config
    plugin = {
        "schema": "twilio", "secure": True,
        "account_sid": config["account_sid"], "auth_token": config["auth_token"],
        "source": config["from_phone"], "targets": config["to"],
    }  # fmt: skip
    # https://www.twilio.com/docs/glossary/what-sms-character-limit
    service = Service(title_max=300, text_max=1_600, has_title=False, one_request_a_recipient=True)
    return send_by_apprise(delivery, plugin=plugin, service=service, attempt=attempt)


KIND = ChannelKind(
    label="SMS (Twilio)", form=TwilioForm, check=check, send=send, imports=("delivery.apprise_sending",)
)
