"""Gatus: its configuration in YAML, with ``endpoints``, or ``services`` as before 4.0.

https://github.com/TwiN/gatus#endpoints, #conditions and #client-configuration say what it holds. Anchors and
merge keys are followed. A value such as ``${TOKEN}`` comes from Gatus' environment and cannot be known here.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from monitors.importing.document import Document
from monitors.importing.draft import Draft, join_port, spell_address, spell_host, split_url
from monitors.importing.entries import Entry, Skipped, spell_word
from monitors.importing.loose import (
    read_flag,
    read_list,
    read_number,
    read_object,
    read_seconds,
    read_text,
    read_texts,
)
from monitors.importing.source import Source
from monitors.importing.sources.gatus_conditions import carry_conditions

TOOL = "Gatus"
_VARIABLE = re.compile(r"(?<!\$)\$(\{[^}]+\}|[A-Za-z_]\w*)")
_KINDS = {
    "http": "http",
    "https": "http",
    "tcp": "tcp",
    "icmp": "ping",
    "tls": "tls",
    "starttls": "smtp",
    "ws": "websocket",
    "wss": "websocket",
    "ssh": "tcp",
    "grpc": "tcp",
    "grpcs": "tls",
}
_PORTS = {"ssh": 22, "tls": 443, "starttls": 587, "grpcs": 443}
_CLIENT = {
    "oauth2": "login by OAuth2 is left out: SentryPulse has basic and bearer.",
    "identity-aware-proxy": "login by Identity-Aware Proxy is left out: SentryPulse has basic and bearer.",
    "proxy-url": "proxy is left out: SentryPulse has none.",
    "dns-resolver": "name server for the client is left out: the system's is asked.",
    "tunnel": "tunnel is left out: the target must be reachable from here.",
    "tls": "client certificate is left out: SentryPulse sends none.",
}
_LEFT_OUT = {
    "alerts": "alerts are left out: alert rules say who is told.",
    "maintenance-windows": "maintenance windows are left out: make them anew.",
    "extra-labels": "labels of metrics are left out: SentryPulse has none.",
}
_SECTIONS = {
    "alerting": "Make channels and alert rules: a file carries none.",
    "maintenance": "Make the maintenance windows anew: a file carries none.",
    "remote": "Endpoints of other instances are not in this file.",
    "tunneling": "SentryPulse has no tunnels: targets must be reachable from here.",
}


def recognise(document: Document) -> bool:
    data = document.json if document.looks_like_json else _load(document)
    return any(isinstance(read_object(data).get(name), list) for name in _LISTS)


_LISTS = ("endpoints", "services", "external-endpoints", "suites")


def _load(document: Document) -> Any:
    """The YAML, unless a line shows at once that it is none of Gatus'."""
    if not re.search(
        r"^\s*[\"']?(endpoints|services|external-endpoints|suites)[\"']?\s*:", document.text, re.M
    ):
        return None
    return document.yaml


def read(document: Document) -> Iterator[Entry | Skipped]:
    data = read_object(document.json if document.looks_like_json else document.yaml)
    for name in ("endpoints", "services"):
        for number, raw in enumerate(read_list(data.get(name)), start=1):
            endpoint = read_object(raw)
            yield _read_endpoint(endpoint, read_text(endpoint.get("name")) or f"entry {number}")
    for number, raw in enumerate(read_list(data.get("external-endpoints")), start=1):
        endpoint = read_object(raw)
        yield _read_external(endpoint, read_text(endpoint.get("name")) or f"entry {number}")
    for number, raw in enumerate(read_list(data.get("suites")), start=1):
        suite = read_text(read_object(raw).get("name")) or f"entry {number}"
        yield Skipped(suite, "suite", "A suite hands values from call to call; SentryPulse has no such kind.")
    for name, reason in _SECTIONS.items():
        if data.get(name):
            yield Skipped(name, name, reason)


def _read_endpoint(endpoint: Mapping[str, Any], name: str) -> Entry | Skipped:
    url = read_text(endpoint.get("url"))
    if not url:
        return Skipped(name, "endpoint", "It has no address.")
    if _VARIABLE.search(url):
        return Skipped(name, "endpoint", "Its address has an environment variable; write its value there.")
    url = url.replace("$$", "$")
    parts = split_url(url)
    scheme = "dns" if "dns" in endpoint else parts.scheme.lower() if parts else ""
    if scheme not in ("dns", *_KINDS):
        return Skipped(name, scheme or "endpoint", "SentryPulse has no kind for such an address.")
    draft = _read_dns(endpoint, name, url) if scheme == "dns" else _draft(endpoint, name, url, scheme)
    if not draft.url:
        return Skipped(name, scheme, "Its address cannot be read.")
    draft.set_interval(_read_duration(draft, endpoint, "interval", 60))
    client = read_object(endpoint.get("client"))
    draft.set_timeout(_read_duration(draft, client, "timeout", None))
    _carry_client(draft, client)
    carry_conditions(draft, read_texts(endpoint.get("conditions")))
    _carry_common(draft, endpoint)
    return draft.finish()


def _read_duration(draft: Draft, given: Mapping[str, Any], name: str, default: float | None) -> float | None:
    if not read_text(given.get(name)):
        return default
    seconds = read_seconds(given.get(name))
    if seconds is None:
        draft.leave_out(f"The {name} is left out: it is no duration such as 30s.")
        return default
    return seconds


def _draft(endpoint: Mapping[str, Any], name: str, url: str, scheme: str) -> Draft:
    kind = _KINDS[scheme]
    if kind in ("http", "websocket"):
        target = url
    elif kind == "ping":
        target = spell_host(url)
    else:
        target = spell_address(url, default_port=_PORTS.get(scheme))
    draft = Draft(TOOL, name, kind=kind, url=target)
    if kind in ("http", "websocket"):
        draft.set_headers(_list_headers(draft, endpoint))
    raw = endpoint.get("body")
    body = raw if isinstance(raw, str) else ""
    if body and _VARIABLE.search(body):
        draft.leave_out("The body is left out: it has an environment variable.")
        body = ""
    if kind == "http":
        _carry_http(draft, endpoint, body.replace("$$", "$"))
    elif kind in ("tcp", "websocket") and scheme in ("tcp", "ws", "wss"):
        draft.set_config(send=body.replace("$$", "$"))
    if scheme == "starttls":
        draft.config["security"] = "starttls"
    elif scheme == "ssh":
        draft.config["expect"] = "SSH-"
        draft.leave_out("Only the server's greeting is checked: login and command over SSH are left out.")
    elif scheme in ("grpc", "grpcs"):
        draft.leave_out("Only the connection is checked: the health call by gRPC is left out.")
    return draft


def _list_headers(draft: Draft, endpoint: Mapping[str, Any]) -> list[tuple[str, str]]:
    headers = []
    for name, raw in read_object(endpoint.get("headers")).items():
        value = read_text(raw)
        if _VARIABLE.search(value):
            draft.leave_out(
                f"The header {spell_word(read_text(name))} is left out: it has an environment variable."
            )
        else:
            headers.append((read_text(name), value.replace("$$", "$")))
    return headers


def _carry_http(draft: Draft, endpoint: Mapping[str, Any], body: str) -> None:
    draft.set_config(method=read_text(endpoint.get("method")).upper())
    if read_flag(endpoint.get("graphql")):
        body = json.dumps({"query": body})
        if not draft.has_header("Content-Type"):
            draft.set_headers([("Content-Type", "application/json")])
    if body:
        draft.config["body"] = body
    if re.search(r"\[(ENDPOINT_\w+|LOCAL_ADDRESS|RANDOM_STRING_\d+)\]", body):
        draft.leave_out("Placeholders in the body are sent as they are written.")


def _read_dns(endpoint: Mapping[str, Any], name: str, url: str) -> Draft:
    dns = read_object(endpoint.get("dns"))
    draft = Draft(TOOL, name, kind="dns", url=read_text(dns.get("query-name")).removesuffix("."))
    parts = split_url(url if "://" in url else f"dns://{url}")
    try:
        port = parts.port if parts else None
    except ValueError:
        port = None
    host = spell_host(url if "://" in url else f"dns://{url}") if parts else url
    draft.set_config(resolver=join_port(host, port) if port and port != 53 else host)
    draft.set_config(record_type=read_text(dns.get("query-type")).upper())
    return draft


def _carry_client(draft: Draft, client: Mapping[str, Any]) -> None:
    insecure, stays = (read_flag(client.get(name)) for name in ("insecure", "ignore-redirect"))
    if insecure and draft.kind in ("http", "tls", "websocket", "smtp"):
        draft.config["verify_tls"] = False
    if stays and draft.kind == "http":
        draft.config["follow_redirects"] = False
    family = {"ip4": "4", "ip6": "6"}.get(read_text(client.get("network")))
    if family and draft.kind == "ping":
        draft.config["ip_family"] = family
    draft.leave_out_if(client, _CLIENT)


def _carry_common(draft: Draft, endpoint: Mapping[str, Any]) -> None:
    if group := read_text(endpoint.get("group")):
        draft.tags.append(group)
    draft.fields["enabled"] = read_flag(endpoint.get("enabled")) is not False
    draft.leave_out_if(endpoint, _LEFT_OUT)
    alerts = [read_object(alert) for alert in read_list(endpoint.get("alerts"))]
    on = [alert for alert in alerts if read_flag(alert.get("enabled")) is not False]
    if on and draft.kind != "heartbeat":  # its defaults: github.com/TwiN/gatus#alerting
        draft.set_fail_after(min(read_number(alert.get("failure-threshold")) or 3 for alert in on))
        draft.set_recover_after(min(read_number(alert.get("success-threshold")) or 2 for alert in on))


def _read_external(endpoint: Mapping[str, Any], name: str) -> Entry | Skipped:
    period_s = read_seconds(read_object(endpoint.get("heartbeat")).get("interval"))
    if not period_s:
        return Skipped(
            name, "external endpoint", "It expects no regular message; a heartbeat here needs a period."
        )
    draft = Draft(TOOL, name, kind="heartbeat")
    draft.set_schedule(math.ceil(period_s), 0)
    draft.leave_out("Its ping address is a new one: let the job call it.")
    _carry_common(draft, endpoint)
    return draft.finish()


SOURCE = Source(
    label=TOOL,
    file="a configuration of Gatus",
    shape='"endpoints"',
    recognise=recognise,
    read=read,
)
