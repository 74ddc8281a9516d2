"""What a user fills in for each kind of channel: one form a kind; each field has its label and help.

The description of a field is the end of the sentence "… must be <description>.". ``extra`` says how a form
shows it (``input``), whether it is ``secret`` (then it is written and never read back) and more.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

MAX_RECIPIENTS = 20


class HeaderValue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A header's value; ``secret`` ones are never shown again."""

    value: str
    secret: bool = True

    def __repr__(self) -> str:
        return "HeaderValue(…)"


class Form(Struct, frozen=True, kw_only=True):
    """A form; its docstring's first line is the help of the whole. Values stay out of ``repr``."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"


def _field(title: str, description: str, help_text: str = "", **extra: Any) -> Meta:
    return Meta(title=title, description=description, extra={"help": help_text, **extra})


Line = Annotated[str, Meta(max_length=500)]
Token = Annotated[str, Meta(min_length=1, max_length=500)]
Url = Annotated[str, Meta(min_length=1, max_length=2_048)]
Lines = Annotated[list[Line], Meta(min_length=1, max_length=MAX_RECIPIENTS)]


class EmailForm(Form, frozen=True, kw_only=True):
    """A letter to one or more addresses."""

    to: Annotated[
        Lines,
        _field(
            "Addresses",
            f"a list of 1 to {MAX_RECIPIENTS} e-mail addresses",
            "Everybody here gets the same letter.",
            input="emails",
            example=["you@example.com"],
        ),
    ]


class WebhookForm(Form, frozen=True, kw_only=True):
    """A JSON document to an address of yours."""

    url: Annotated[
        Url,
        _field(
            "Address",
            "an address such as https://example.com/hooks/alerts",
            "Put tokens into headers: an address is shown to everybody in the team.",
            input="url",
            example="https://example.com/hooks/alerts",
        ),
    ]
    method: Annotated[Literal["POST", "PUT"], _field("Method", '"POST" or "PUT"')] = "POST"
    headers: Annotated[
        dict[str, str | HeaderValue],
        _field(
            "Headers",
            'an object of name and value, where a value is text or {"value": "…", "secret": true}',
            "Sent to this address only, never to one it redirects to.",
            input="headers",
        ),
    ] = {}
    secret: Annotated[
        Line,
        _field(
            "Signing secret",
            'empty, "whsec_" and base64 of 24 to 64 bytes, or a text of 16 to 200 characters',
            "With it, every message is signed (Standard Webhooks), so that you can tell it is ours.",
            input="password",
            secret=True,
        ),
    ] = ""


class SlackForm(Form, frozen=True, kw_only=True):
    """A message to the channel of an incoming webhook."""

    webhook_url: Annotated[
        Url,
        _field(
            "Incoming webhook",
            "an address such as https://hooks.slack.com/services/T000/B000/XXXX",
            "Slack: Apps, Incoming Webhooks, Add to Slack.",
            input="password",
            secret=True,
        ),
    ]


class DiscordForm(Form, frozen=True, kw_only=True):
    """A message to the channel of a webhook."""

    webhook_url: Annotated[
        Url,
        _field(
            "Webhook",
            "an address such as https://discord.com/api/webhooks/000/XXXX",
            "Discord: the channel's settings, Integrations, Webhooks.",
            input="password",
            secret=True,
        ),
    ]
    thread_id: Annotated[
        Line, _field("Thread", "empty, or the thread's number", "Empty: the channel itself.")
    ] = ""


class TelegramForm(Form, frozen=True, kw_only=True):
    """A message from your bot to a person, group or channel."""

    bot_token: Annotated[
        Token,
        _field(
            "Bot token",
            "a token such as 123456789:AAE…",
            "@BotFather gives it to you.",
            input="password",
            secret=True,
        ),
    ]
    chat_id: Annotated[
        Token,
        _field(
            "Chat",
            "a number such as -1001234567890, or a name such as @mychannel",
            "Write to the bot first; @userinfobot tells the number of a chat.",
            example="-1001234567890",
        ),
    ]
    topic_id: Annotated[Line, _field("Topic", "empty, or the topic's number", "Of a group with topics.")] = ""


class PagerDutyForm(Form, frozen=True, kw_only=True):
    """An alert of a service, resolved when the incident is."""

    routing_key: Annotated[
        Token,
        _field(
            "Integration key",
            "the 32 letters and digits of an Events API v2 integration",
            "PagerDuty: the service, Integrations, Events API v2.",
            input="password",
            secret=True,
        ),
    ]
    region: Annotated[Literal["us", "eu"], _field("Region", '"us" or "eu"')] = "us"


class OpsgenieForm(Form, frozen=True, kw_only=True):
    """An alert, acknowledged and closed as the incident is."""

    api_key: Annotated[
        Token,
        _field(
            "API key",
            "the key of an API integration, such as 12345678-1234-1234-1234-123456789abc",
            "Opsgenie: the team, Integrations, API.",
            input="password",
            secret=True,
        ),
    ]
    region: Annotated[Literal["us", "eu"], _field("Region", '"us" or "eu"')] = "us"
    responders: Annotated[
        list[Line],
        _field(
            "Teams",
            f"a list of at most {MAX_RECIPIENTS} names of teams",
            "Empty: whoever the integration is assigned to.",
            input="texts",
        ),
    ] = []


class MSTeamsForm(Form, frozen=True, kw_only=True):
    """A card to a channel or chat, through a workflow."""

    webhook_url: Annotated[
        Url,
        _field(
            "Workflow address",
            "the address that the workflow shows, such as "
            "https://….logic.azure.com/workflows/…/triggers/manual/paths/invoke?…&sig=…",
            'Teams: Workflows, "Post to a channel when a webhook request is received".',
            input="password",
            secret=True,
        ),
    ]


class NtfyForm(Form, frozen=True, kw_only=True):
    """A push message to those who subscribed to a topic."""

    topic: Annotated[
        Token,
        _field(
            "Topic",
            "1 to 64 letters, digits, _ and -",
            "On ntfy.sh, who knows the topic reads it: choose one that cannot be guessed.",
            example="acme-alerts-8f3k",
        ),
    ]
    server: Annotated[
        Url, _field("Server", "an address such as https://ntfy.sh", "Yours, or ntfy.sh.", input="url")
    ] = "https://ntfy.sh"
    token: Annotated[
        Line,
        _field(
            "Access token",
            "empty, or a token such as tk_…",
            "For a topic that is protected.",
            input="password",
            secret=True,
        ),
    ] = ""


class TwilioForm(Form, frozen=True, kw_only=True):
    """A text message (SMS) through your Twilio account."""

    account_sid: Annotated[Token, _field("Account SID", "AC and 32 hexadecimal digits")]
    auth_token: Annotated[Token, _field("Auth token", "32 letters and digits", input="password", secret=True)]
    from_phone: Annotated[
        Token,
        _field("From", "a phone number such as +15551234567", "A number of your account.", input="phone"),
    ]
    to: Annotated[
        Lines,
        _field(
            "To",
            f"a list of 1 to {MAX_RECIPIENTS} phone numbers such as +15551234567",
            input="phones",
            example=["+15551234567"],
        ),
    ]


class PushoverForm(Form, frozen=True, kw_only=True):
    """A push message to your devices; what is bad comes with high priority."""

    user_key: Annotated[
        Token,
        _field(
            "User or group key",
            "30 letters and digits",
            "On pushover.net, when you are logged in.",
            input="password",
            secret=True,
        ),
    ]
    api_token: Annotated[
        Token,
        _field(
            "Application token",
            "30 letters and digits",
            "pushover.net: Create an Application.",
            input="password",
            secret=True,
        ),
    ]
    devices: Annotated[
        list[Line],
        _field(
            "Devices",
            f"a list of at most {MAX_RECIPIENTS} names of devices",
            "Empty: all of them.",
            input="texts",
        ),
    ] = []


class WhatsAppForm(Form, frozen=True, kw_only=True):
    """A message through the WhatsApp Business Cloud API."""

    access_token: Annotated[
        Token,
        _field(
            "Access token",
            "letters and digits, such as EAAG…",
            "Meta for Developers: WhatsApp, API Setup; a permanent one of a system user.",
            input="password",
            secret=True,
        ),
    ]
    phone_number_id: Annotated[
        Token,
        _field("Phone number ID", "digits", "The ID beside the number, not the number."),
    ]
    to: Annotated[
        Lines,
        _field(
            "To",
            f"a list of 1 to {MAX_RECIPIENTS} phone numbers such as +15551234567",
            input="phones",
            example=["+15551234567"],
        ),
    ]
    template: Annotated[
        Line,
        _field(
            "Template",
            "empty, or the name of an approved template",
            "WhatsApp delivers free text only within 24 hours of a person's last message to you. "
            "The message becomes the template's first parameter, {{1}}.",
        ),
    ] = ""
    language: Annotated[Line, _field("Template's language", "a code such as en_US")] = "en_US"


class AppriseForm(Form, frozen=True, kw_only=True):
    """Any of the services that Apprise knows (appriseit.com/services)."""

    url: Annotated[
        Url,
        _field(
            "Apprise address",
            "an address such as gotify://host/token",
            "It may hold passwords, so it is never shown again.",
            input="password",
            secret=True,
        ),
    ]


FORMS: dict[str, tuple[str, type[Form]]] = {
    "email": ("E-mail", EmailForm),
    "webhook": ("Webhook", WebhookForm),
    "slack": ("Slack", SlackForm),
    "discord": ("Discord", DiscordForm),
    "telegram": ("Telegram", TelegramForm),
    "pagerduty": ("PagerDuty", PagerDutyForm),
    "opsgenie": ("Opsgenie", OpsgenieForm),
    "msteams": ("Microsoft Teams", MSTeamsForm),
    "ntfy": ("ntfy", NtfyForm),
    "twilio": ("SMS (Twilio)", TwilioForm),
    "pushover": ("Pushover", PushoverForm),
    "whatsapp": ("WhatsApp", WhatsAppForm),
    "apprise": ("Any other service (Apprise)", AppriseForm),
}
