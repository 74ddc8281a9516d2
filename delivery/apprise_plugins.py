"""Apprise: how it is set up for us, and which of its addresses a user may enter.

Written for Apprise 2.3 (``core.library_checks``): replaces ``throttle`` of each plugin
(``apprise.plugins.base.NotifyBase``, which sleeps between two requests).

A plugin is made from a user's address, or from the arguments of its constructor; never from an address that
we put together, in which a value could become another option. Importing this imports Apprise, which takes
about a second.
"""

import logging
from typing import Any

from apprise import Apprise, AppriseAsset, NotifyType, PersistentStoreMode
from apprise.exception import AppriseException
from apprise.plugins import N_MGR, url_to_dict
from apprise.plugins.base import NotifyBase

from delivery.message import Tone

# Its log holds addresses with tokens, and at DEBUG whole messages.
logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)

# Apprise loads its 240 modules at first use; done here, this takes no time from a delivery's ten seconds.
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

Options = dict[str, Any]


def make_plugin(made_of: str | Options) -> NotifyBase | None:
    """A plugin made from an address, or from the arguments of its constructor; None when Apprise does not
    take them."""
    plugin: NotifyBase | None = Apprise.instantiate(made_of, asset=ASSET)
    if plugin is not None:
        plugin.request_rate_per_sec = 0
        plugin.retry = 0  # the outbox tries again, once for all kinds
        plugin.throttle = _do_not_sleep  # type: ignore[method-assign]  # the outbox keeps the pace
    return plugin


def _do_not_sleep(*args: object, **kwargs: object) -> None:
    pass


# ---- which addresses of Apprise's a user may enter ----

# Other protocols; this machine's desktop, log and hardware; and vapid, which keeps its keys in files.
_REFUSED = {
    "amqp", "amqps", "aprs", "blink1", "dbus", "deltachat", "deltachats", "gio", "glib", "gnome", "growl",
    "irc", "ircs", "kde", "macosx", "mqtt", "mqtts", "nostr", "qt", "rsyslog", "smpp", "smpps", "syslog",
    "vapid", "windows", "xmpp", "xmpps",
}  # fmt: skip
_OURS = {
    "mailto": "email", "mailtos": "email",
    "tgram": "telegram", "discord": "discord", "workflow": "msteams", "workflows": "msteams",
}  # fmt: skip
_OPTIONS = {
    "action", "actions", "alert", "api-version", "apikey", "app_id", "app_token", "badge", "batch",
    "bcc", "botname", "broadcast", "call", "category", "cc", "channel", "channels", "class", "click",
    "color", "company", "country", "critical", "cycles", "dedup", "delay", "device", "duration",
    "email", "emojis", "entity", "entity_id", "event", "expire", "flags", "flash", "footer", "from",
    "group", "icon", "icon_type", "id", "image", "interval", "key", "label", "labels", "lang",
    "language", "level", "method", "modal", "mode", "msgtype", "name", "oauth_id", "oauth_secret",
    "option", "overflow", "ping", "platform", "prefix", "priority", "profile", "project", "push_key",
    "recipients", "region", "repeat", "reply", "reply_to", "retry", "route", "routeid", "routing_key",
    "secret", "sender", "service", "severity", "sid", "sig", "silent", "sound", "source", "spoiler",
    "status", "subtitle", "tags", "team", "thread", "thread_name", "tid", "timeout", "to", "token",
    "topic", "ttl", "tts", "type", "tz", "unicode", "urgency", "urgent", "validity", "ver", "verify",
    "version", "visibility", "voice", "volume", "workspace",
}  # fmt: skip
"""Options that an address may have. Left out are those that name a file of the server (``template``,
``keyfile``, ``attach``), another address to call, or a place to store things (``cache``, ``e2ee``)."""


def check_service(url: str) -> str:
    """What is wrong with ``url`` as an address of Apprise's, in one sentence; empty if nothing is.

    Only services over HTTP are allowed, because only there we see the answer and can limit the time. Services
    that reach this machine itself (its desktop, its log, its files), or that would be less safe than our own
    kinds, are refused. The sentence never repeats the address, which may hold passwords.
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
    if refused := sorted(name for name in options - _OPTIONS if name[:1] not in {"+", "-", ":"}):
        return f"Leave out {refused[0][:40]}=: this option is not taken from an address."
    if schema == "fcm" and parsed.get("keyfile"):
        return "Leave out keyfile=: it names a file of the server."
    try:
        plugin = Apprise.instantiate(dict(parsed), asset=ASSET, suppress_exceptions=False)
    except (AppriseException, TypeError, ValueError):
        return f"Apprise does not take this {schema}:// address: a part is missing or misspelled."
    if plugin is None:
        return f"{schema}:// cannot be used on this server."
    if not plugin.verify_certificate:
        return "Leave out verify=no: certificates are always verified (SSL_CERT_FILE names your own CA)."
    return ""
