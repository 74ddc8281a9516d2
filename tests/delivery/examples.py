"""A configuration of each kind of channel, and how the message of each is read that has a format of its own.

A new kind has a row in ``CONFIGS``, and one in ``NATIVE`` when it writes a format of its own. So it is in the
tests of all kinds: `test_kinds.py`, `test_markup.py`, `test_config.py` and `tests/alerts/test_messages.py`.

Secrets have ``s3cret`` in them, so that tests find them again.
"""

import json
import re
from typing import Any

from delivery.kinds import (
    discord,
    googlechat,
    matrix,
    mattermost,
    msteams,
    rocketchat,
    slack,
    telegram,
    zulip,
)
from delivery.message import Outcome
from tests.delivery import chat_readers as readers
from tests.delivery.receivers import make_delivery

CONFIGS: dict[str, dict[str, Any]] = {
    "slack": {"webhook_url": "https://hooks.slack.com/services/T00000001/B00000002/sLackS3cretT0ken"},
    "discord": {
        "webhook_url": "https://discord.com/api/webhooks/123456789/dIsc0rdS3cretT0ken", "thread_id": "42"
    },
    "telegram": {
        "bot_token": "123456789:AAEhBOweik6ad6PsVMRxjeQKXkq8rLrXyZ", "chat_id": "-1001234", "topic_id": "9"
    },
    "pagerduty": {"routing_key": "a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6", "region": "eu"},
    "opsgenie": {"api_key": "12345678-1234-1234-1234-123456789abc", "responders": ["ops"]},
    "msteams": {
        "webhook_url": "https://prod-01.westeurope.logic.azure.com:443/workflows/a1b2c3d4/triggers/manual/paths/"
        "invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=t3amsS3cretSignature"
    },
    "googlechat": {
        "webhook_url": "https://chat.googleapis.com/v1/spaces/AAAA1234567/messages?key=AIzaS3cretKey&token=ch4tS3cret"
    },
    "mattermost": {
        "webhook_url": "https://mattermost.chat.example/hooks/m4tt3rm0sts3cret", "channel": "town-square"
    },
    "rocketchat": {
        "webhook_url": "https://rocket.chat.example/hooks/5f1c0ffee0a1b2c3d4e5f601/r0ck3ts3cretToken",
        "channel": "#ops",
    },
    "zulip": {
        "server": "https://zulip.chat.example", "bot_email": "alerts-bot@zulip.chat.example",
        "api_key": "zul1pS3cretKey000000000000000000", "channel": "ops",
    },
    "matrix": {
        "server": "https://matrix.chat.example", "access_token": "syt_m4tr1xS3cret",
        "room_id": "!AbCdEf:chat.example",
    },
    "ntfy": {"server": "https://ntfy.example", "topic": "acme-8f3k", "token": "tk_s3cretTokenOfNtfy"},
    "twilio": {
        "account_sid": "AC" + "0a" * 16, "auth_token": "7w1l10s3cretT0ken0000000000000ab",
        "from_phone": "+15550001111", "to": ["+1 555 222 3333", "0049 151 23456789"],
    },
    "pushover": {"user_key": "u" * 29 + "1", "api_token": "a" * 29 + "2", "devices": ["phone"]},
    "whatsapp": {
        "access_token": "EAAG0123456789abcdefXYZ", "phone_number_id": "109876543210",
        "to": ["+4915123456789"], "template": "alert",
    },
    "gotify": {"server": "https://gotify.chat.example", "token": "A.g0t1fyS3cret"},
    "apprise": {"url": "gotifys://gotify.example/AbCdEfGhIjKlMnO"},
}  # fmt: skip

NATIVE: dict[str, Any] = {
    "slack": (slack.write_message, readers.read_slack, readers.links_of_slack),
    "discord": (discord.write_message, readers.read_discord, readers.links_of_discord),
    "telegram": (
        lambda content: telegram.write_message({"chat_id": "-1001", "topic_id": ""}, content),
        readers.read_telegram,
        readers.links_of_telegram,
    ),
    "googlechat": (googlechat.write_message, readers.read_googlechat, readers.links_of_googlechat),
    "mattermost": (mattermost.write_message, readers.read_mattermost, readers.links_of_mattermost),
    "rocketchat": (rocketchat.write_message, readers.read_rocketchat, readers.links_of_rocketchat),
    "zulip": (zulip.write_message, readers.read_zulip, readers.links_of_zulip),
    "matrix": (matrix.write_message, readers.read_matrix, readers.links_of_matrix),
    "msteams": (msteams.write_message, readers.read_msteams, readers.links_of_msteams),
}
"""How it writes a message, what a person sees of it, and the links in it."""


def send(courier, kind, **content):
    """The receipt, in which there is no secret."""
    receipt = courier.send_one(make_delivery(kind, CONFIGS[kind], **content))
    for secret in secrets_of(kind):
        assert secret not in repr(receipt)
    return receipt


def secrets_of(kind):
    return re.findall(r"[\w-]*(?:s3cret|S3cret)[\w-]*", json.dumps(CONFIGS[kind]))


def only(services, kind, courier, **content):
    """The one request that arrives when a message is sent and taken."""
    receipt = send(courier, kind, **content)
    assert receipt.outcome is Outcome.SENT, receipt
    (request,) = services.requests
    assert request.headers["idempotency-key"] == "alert-17-down-3"
    return request
