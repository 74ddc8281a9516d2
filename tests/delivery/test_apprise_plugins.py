"""Which of Apprise's addresses are taken."""

import inspect
import pkgutil
import re
from importlib import import_module

import apprise.plugins
import pytest

from delivery.apprise_plugins import _REFUSED, check_service
from delivery.config import check_config


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("syslog://", "is not spoken over HTTP"),
        ("dbus://", "is not spoken over HTTP"),
        ("windows://", "is not spoken over HTTP"),
        ("macosx://", "is not spoken over HTTP"),
        ("rsyslog://127.0.0.1", "is not spoken over HTTP"),
        ("xmpp://user:secret@example.com", "is not spoken over HTTP"),
        ("mailto://user:secret@example.com", "kind email"),
        ("file:///etc/passwd", "knows no file://"),
        ("include://x", "knows no include://"),
        ("gotify://", "of this form"),
        ("nonsense", "Must look like"),
        ("slack://T1/B1/C1/?template=/etc/passwd", "Leave out template="),
        ("tgram://123456789:AAEhBOweik6ad6PsVMRxjeQKXkq8rLrXyZ/1", "kind telegram"),
        ("https://discord.com/api/webhooks/123456789/dIsc0rdS3cretT0ken", "kind discord"),
        ("slack://T1/B1/C1/?Template=/etc/passwd", "Leave out template="),
        ("gotify://host/token?store=/tmp", "Leave out store="),
        ("matrixs://user:pw@matrix.example/#room?e2ee=yes", "Leave out e2ee="),
        ("synology://host/token?file_url=file:///etc/passwd", "Leave out file_url="),
        ("fcm://project@secretkey/device?keyfile=/etc/passwd", "Leave out keyfile="),
        ("ntfy://topic?attach=/etc/passwd", "Leave out attach="),
        ("jsons://user:secret@example.com/?verify=no", "verify=no"),
    ],
)
def test_an_address_that_reaches_this_machine_or_weakens_us_is_refused(url, sentence):
    problem = check_service(url)
    assert sentence in problem
    assert "secret" not in problem


@pytest.mark.parametrize(
    "url",
    [
        "gotify://host/token",
        "json://user:pw@host/path?+X-Key=1",
        "matrixs://user:pw@matrix.example/#room",
        "ntfys://host/topic?priority=high",
    ],
)
def test_an_address_of_a_service_over_http_is_taken(url):
    assert check_config("apprise", {"url": url}) == {"url": url}


def test_every_plugin_that_is_not_refused_speaks_http_alone_and_in_our_thread():
    """An upgrade of Apprise may bring services that open sockets, files or threads of their own."""
    suspicious = re.compile(
        r"^\s*(?:import|from) (?:socket|smtplib|subprocess|ctypes|asyncio|concurrent"
        r"|multiprocessing|paho|slixmpp|websocket|urllib\.request|http\.client|httpx|aiohttp|telnetlib|ftplib)\b"
        r"|Thread\(|Executor\(|start_new_thread",
        re.MULTILINE,
    )
    found = set()
    for schema in apprise.plugins.N_MGR.schemas():
        if schema in _REFUSED or schema.startswith("mailto"):
            continue
        for module in modules_of(apprise.plugins.N_MGR[schema]):
            if suspicious.search(inspect.getsource(module)):
                found.add(schema)
    assert found == set()


def modules_of(plugin):
    """The module of the class; where that is a package, all of its modules."""
    name = plugin.__module__.rpartition(".base")[0] or plugin.__module__
    module = import_module(name)
    return [module] + [
        import_module(f"{name}.{each.name}") for each in pkgutil.iter_modules(getattr(module, "__path__", []))
    ]
