"""The services that Apprise speaks to for us: from a kind's form to Apprise's plugin, in one table.

Apprise 2.3. A plugin is made from what its constructor takes, never from text put together, so that no value
can become another option. Importing this imports Apprise, which takes about a second.
"""

import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from apprise import Apprise, AppriseAsset, NotifyType, PersistentStoreMode
from apprise.exception import AppriseException
from apprise.plugins import N_MGR, url_to_dict
from apprise.plugins.base import NotifyBase
from apprise.plugins.workflows import NotifyWorkflows

from delivery.message import Content, Tone

# Its log holds addresses with tokens in them, and at DEBUG whole messages.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)

# Apprise reads its 240 modules at the first use of any; here, that is no part of a delivery's ten seconds.
N_MGR.load_modules()  # type: ignore[no-untyped-call]  # Apprise

ASSET = AppriseAsset(
    app_id="SentryPulse",
    app_desc="SentryPulse",
    app_url="",
    http_redirects=False,
    interpret_emojis=False,
    pgp_autogen=False,
    pem_autogen=False,
    allow_templates=False,
    storage_mode=PersistentStoreMode.MEMORY,  # "auto" would keep files of receivers' answers
)

NOTIFY_TYPES = {
    Tone.BAD: NotifyType.FAILURE,
    Tone.WARNING: NotifyType.WARNING,
    Tone.GOOD: NotifyType.SUCCESS,
    Tone.INFO: NotifyType.INFO,
}
_NTFY_PRIORITIES = {Tone.BAD: "high", Tone.WARNING: "default", Tone.GOOD: "default", Tone.INFO: "low"}
_PUSHOVER_PRIORITIES = {Tone.BAD: 1, Tone.WARNING: 0, Tone.GOOD: 0, Tone.INFO: -1}

# ---- a form's values into those of a plugin's constructor ----

Fields = dict[str, Any]


def _slack(config: Fields, content: Content) -> Fields:
    token_a, token_b, token_c = urlsplit(config["webhook_url"]).path.strip("/").split("/")[-3:]
    return {
        "token_a": token_a, "token_b": token_b, "token_c": token_c,
        "include_image": False, "include_footer": False,
    }  # fmt: skip


def _discord(config: Fields, content: Content) -> Fields:
    webhook_id, webhook_token = urlsplit(config["webhook_url"]).path.strip("/").split("/")[-2:]
    return {
        "webhook_id": webhook_id, "webhook_token": webhook_token,
        "thread": config["thread_id"] or None, "avatar": False,
        "href": content.link or None, "format": "markdown", "fields": False,  # an embed, in the tone's colour
    }  # fmt: skip


def _telegram(config: Fields, content: Content) -> Fields:
    topic = f":{config['topic_id']}" if config["topic_id"] else ""
    return {
        "bot_token": config["bot_token"],
        "targets": [f"{config['chat_id']}{topic}"],
        "detect_owner": False,
        "preview": False,
    }


def _msteams(config: Fields, content: Content) -> Fields:
    parsed = NotifyWorkflows.parse_native_url(config["webhook_url"])  # type: ignore[no-untyped-call]  # Apprise
    return {**(parsed or {}), "include_image": False}


def _ntfy(config: Fields, content: Content) -> Fields:
    server = urlsplit(config["server"])
    return {
        "schema": "ntfys" if server.scheme == "https" else "ntfy",
        "secure": server.scheme == "https",
        "host": server.hostname, "port": server.port, "mode": "private", "targets": [config["topic"]],
        "token": config["token"] or None, "auth": "token" if config["token"] else None,
        "click": content.link or None, "priority": _NTFY_PRIORITIES[content.tone], "include_image": False,
    }  # fmt: skip


def _twilio(config: Fields, content: Content) -> Fields:
    return {
        "account_sid": config["account_sid"], "auth_token": config["auth_token"],
        "source": config["from_phone"], "targets": config["to"],
    }  # fmt: skip


def _pushover(config: Fields, content: Content) -> Fields:
    return {
        "user_key": config["user_key"], "token": config["api_token"], "targets": config["devices"],
        "priority": _PUSHOVER_PRIORITIES[content.tone],
        "supplemental_url": content.link or None, "supplemental_url_title": "Open" if content.link else None,
    }  # fmt: skip


def _whatsapp(config: Fields, content: Content) -> Fields:
    return {
        "token": config["access_token"], "from_phone_id": config["phone_number_id"], "targets": config["to"],
        "template": config["template"] or None, "language": config["language"],
        "template_mapping": {"body": "1"} if config["template"] else None,
    }  # fmt: skip


SERVICES: dict[str, tuple[str, Callable[[Fields, Content], Fields]]] = {
    "slack": ("slack", _slack),
    "discord": ("discord", _discord),
    "telegram": ("tgram", _telegram),
    "msteams": ("workflow", _msteams),
    "ntfy": ("ntfys", _ntfy),
    "twilio": ("twilio", _twilio),
    "pushover": ("pover", _pushover),
    "whatsapp": ("whatsapp", _whatsapp),
}


def build_plugin(kind: str, config: Fields, content: Content) -> NotifyBase | None:
    """Apprise's plugin for a complete configuration; None where Apprise does not take it."""
    if kind == "apprise":
        plugin = None if check_service(config["url"]) else _instantiate(config["url"])
    else:
        schema, read_form = SERVICES[kind]
        plugin = _instantiate({"schema": schema, "secure": True, **read_form(config, content)})
    if plugin is not None:
        plugin.request_rate_per_sec = 0
        plugin.retry = 0  # the outbox tries again, once for all kinds
    return plugin


def _instantiate(url: str | Fields) -> NotifyBase | None:
    plugin: NotifyBase | None = Apprise.instantiate(url, asset=ASSET)
    return plugin


# ---- which addresses of Apprise's are taken ----

# Other protocols, the machine's own desktop, log and hardware, and vapid, which keeps its keys in files.
_REFUSED = {
    "amqp", "amqps", "aprs", "blink1", "dbus", "deltachat", "deltachats", "gio", "glib", "gnome", "growl",
    "irc", "ircs", "kde", "macosx", "mqtt", "mqtts", "nostr", "qt", "rsyslog", "smpp", "smpps", "syslog",
    "vapid", "windows", "xmpp", "xmpps",
}  # fmt: skip
_TEMPLATE_IS_A_FILE = {"discord", "guilded", "slack", "tgram", "workflow", "workflows"}
_READS_FILES = {"fcm": "keyfile", "ntfy": "attach", "ntfys": "attach"}
_OURS = {"mailto": "email", "mailtos": "email"}


def check_service(url: str) -> str:
    """What is wrong with ``url`` as an address of Apprise's, in one sentence; empty if nothing is.

    Taken are services that are spoken to over HTTP, since only there do we see the answer and bound the
    time. Refused is whatever reaches this machine itself (its desktop, its log, its files) or would be less
    safe than we are. The sentence never repeats the address, which may hold passwords.
    """
    if "://" not in url:
        return "Must look like gotify://host/token; see appriseit.com/services."
    parsed = url_to_dict(url)  # type: ignore[no-untyped-call]  # Apprise
    schema = str((parsed or {}).get("schema", url.partition("://")[0])).lower()[:30]
    if schema in _OURS:
        return f"Make a channel of the kind {_OURS[schema]} instead."
    if schema in _REFUSED:
        return f"{schema}:// is not spoken over HTTP; only services that are can be reached from here."
    if schema not in N_MGR or not parsed:
        return f"Apprise knows no {schema}:// address of this form; see appriseit.com/services."
    options = {str(name).lower() for name in parsed.get("qsd", {})}
    if "template" in options and schema in _TEMPLATE_IS_A_FILE:
        return "Leave out template=: it names a file of the server."
    if schema in _READS_FILES and _READS_FILES[schema] in options | set(parsed):
        return f"Leave out {_READS_FILES[schema]}=: it names a file of the server."
    try:
        plugin = Apprise.instantiate(dict(parsed), asset=ASSET, suppress_exceptions=False)
    except (AppriseException, TypeError, ValueError):
        return f"Apprise does not take this {schema}:// address: a part is missing or misspelled."
    if plugin is None:
        return f"{schema}:// cannot be used on this server."
    if not plugin.verify_certificate:
        return "Leave out verify=no: certificates are always verified (SSL_CERT_FILE names your own CA)."
    return ""
