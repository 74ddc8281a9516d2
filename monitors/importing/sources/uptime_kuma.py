"""Uptime Kuma: the backup of 1.x (Settings → Backup → Export), and ``monitorList`` as 2.x sends it.

The backup is ``{"version", "notificationList", "monitorList": [...]}`` (src/components/settings/Backup.vue
of 1.23). 2.x has no backup; its ``monitorList`` event is an object of monitors by id.
The fields are those of ``Monitor.toJSON`` (server/model/monitor.js of github.com/louislam/uptime-kuma, 2.5).
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from monitors.importing.document import Document
from monitors.importing.draft import Draft, join_port, spell_address
from monitors.importing.entries import Entry, Skipped, say_no_kind, spell_word
from monitors.importing.loose import read_flag, read_list, read_number, read_object, read_text, read_texts
from monitors.importing.source import Source

TOOL = "Uptime Kuma"
_EXPIRY_DAYS = [21, 14, 7]
"""Of its setting ``tlsExpiryNotifyDays``, unless somebody changed it; a backup does not have it."""
_BODY_TYPES = {
    "json": "application/json",
    "form": "application/x-www-form-urlencoded",
    "xml": "text/xml; charset=utf-8",
}
_DATABASES = {"mysql": 3306, "postgres": 5432, "sqlserver": 1433, "mongodb": 27017, "redis": 6379}
_NO_KIND = {
    "docker": "watches a container by Docker's socket",
    "gamedig": "asks game servers over UDP",
    "steam": "asks game servers over UDP",
    "radius": "asks a RADIUS server over UDP",
    "snmp": "asks over SNMP",
    "ntp": "asks a time server over UDP",
    "sip-options": "asks a SIP server",
    "kafka-producer": "writes to Kafka",
    "rabbitmq": "asks RabbitMQ's management API on several nodes",
    "system-service": "watches a service of its own machine",
    "pm2": "watches processes of its own machine",
    "globalping": "checks from Globalping's probes",
    "oracledb": "logs in to Oracle",
    "manual": "is set by hand",
}
_JSONATA_PATH = re.compile(r"\$?\.?[A-Za-z_]\w*(\.[A-Za-z_]\w*|\[\d+\])*|\$(\[\d+\]|\.[A-Za-z_]\w*)*")
_LEFT_OUT = {
    "description": "description is left out: SentryPulse has no such field.",
    "proxyId": "proxy is left out: SentryPulse has none.",
    "resendInterval": "repeated notification is left out: reminders are set in alert rules.",
    "cacheBust": "parameter against caches is left out: SentryPulse has none.",
    "retryOnlyOnStatusCodeFailure": "retry on statuses only is left out: every failure is confirmed here.",
    "expectedTlsAlert": "expected TLS alert is left out: SentryPulse has none.",
    "saveResponse": "saving of responses is left out: evidence is kept of failures.",
    "tlsCert": "client certificate is left out: SentryPulse sends none.",
    "tlsCa": "certificate authority is left out: the system's authorities are trusted.",
}


def _list_monitors(data: Any) -> list[Any] | None:
    if isinstance(data, dict):
        found = data.get("monitorList")
        return list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else None
    ours = isinstance(data, list) and data and all("maxretries" in read_object(each) for each in data[:20])
    return data if ours else None


def recognise(document: Document) -> bool:
    return document.looks_like_json and _list_monitors(document.json) is not None


def read(document: Document) -> Iterator[Entry | Skipped]:
    monitors = [read_object(each) for each in _list_monitors(document.json) or ()]
    by_id = {read_text(each.get("id")): each for each in monitors if read_text(each.get("id"))}
    for number, each in enumerate(monitors, start=1):
        name, kind = read_text(each.get("name")) or f"entry {number}", read_text(each.get("type"))
        if why := _find_obstacle(each, kind):
            yield Skipped(name, kind, why)
            continue
        draft = _READERS[kind](each, name)
        if draft is None:
            yield Skipped(name, kind, "Its address cannot be read.")
        else:
            _carry_common(draft, each, by_id)
            yield draft.finish()
    yield from _skip_the_rest(document.json)


def _find_obstacle(each: Mapping[str, Any], kind: str) -> str:
    if not each:
        return "It is no monitor."
    if kind == "group":
        return "A group checks nothing itself: its members have its name as a tag."
    if kind in _NO_KIND:
        return f"It {_NO_KIND[kind]}; SentryPulse has no such kind."
    if kind not in _READERS:
        return say_no_kind(kind)
    if read_flag(each.get("upsideDown")):
        return "It is upside down, that is, up while the target fails; SentryPulse has no such check."
    return ""


def _skip_the_rest(data: Any) -> Iterator[Skipped]:
    told = {
        "notificationList": ("notifications", "Make channels and alert rules: a file carries none."),
        "proxyList": ("proxies", "SentryPulse has no proxies for checks."),
        "maintenanceList": ("maintenance windows", "Make the windows anew: a file carries none."),
    }
    for name, (kind, reason) in told.items():
        found = read_object(data).get(name)
        count = len(found) if isinstance(found, (list, dict)) else 0
        if count:
            yield Skipped(f"{kind}: {count}", kind, reason)


# What all types share


def _carry_common(draft: Draft, each: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]) -> None:
    if draft.kind != "heartbeat":
        draft.set_interval(read_number(each.get("interval")))
        draft.set_timeout(read_number(each.get("timeout")))
        draft.set_recheck(read_number(each.get("retryInterval")) or None)
        retries = read_number(each.get("maxretries"))
        draft.set_fail_after(None if retries is None else retries + 1)
    family = {"ipv4": "4", "ipv6": "6"}.get(read_text(each.get("ipFamily")).lower())
    if family and draft.kind not in ("dns", "heartbeat"):
        draft.config["ip_family"] = family
    groups = _list_groups(each, by_id)
    draft.tags += [read_text(group.get("name")) for group in groups] + _list_tags(each)
    active = [read_flag(one.get("active")) for one in (each, *groups)]
    draft.fields["enabled"] = False not in active and not read_flag(each.get("forceInactive"))
    draft.leave_out_if(each, _LEFT_OUT)
    if any(read_object(each.get("notificationIDList")).values()) or read_list(each.get("notificationIDList")):
        draft.leave_out(f"{TOOL}'s notifications are left out: alert rules say who is told.")
    if read_flag(each.get("domainExpiryNotification")):
        draft.leave_out(
            f"{TOOL}'s warning before the domain ends is left out: make a monitor of kind domain for it."
        )


def _list_groups(each: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    groups: list[Mapping[str, Any]] = []
    parent = by_id.get(read_text(each.get("parent")))
    while parent is not None and parent not in groups and len(groups) < 10:
        groups.append(parent)
        parent = by_id.get(read_text(parent.get("parent")))
    return groups[::-1]


def _list_tags(each: Mapping[str, Any]) -> list[str]:
    tags = []
    for raw in read_list(each.get("tags")):
        tag = read_object(raw)
        name, value = read_text(tag.get("name")), read_text(tag.get("value"))
        tags.append(f"{name}: {value}" if name and value else name or value or read_text(raw))
    return tags


def _carry_request(draft: Draft, each: Mapping[str, Any]) -> None:
    """Login, headers and certificate."""
    method = read_text(each.get("authMethod")).lower()
    if method == "bearer":
        draft.set_bearer(read_text(each.get("bearer_token")))
    elif method in ("", "basic", "null"):
        draft.set_basic_auth(read_text(each.get("basic_auth_user")), read_text(each.get("basic_auth_pass")))
    else:
        draft.leave_out(
            f"{TOOL}'s login by {spell_word(method)} is left out: SentryPulse has basic and bearer."
        )
    draft.set_headers(_read_headers(draft, each.get("headers")))
    if read_flag(each.get("ignoreTls")):
        draft.config["verify_tls"] = False
    if draft.url.lower().startswith(("https:", "wss:")):
        draft.config["tls_expiry_days"] = _EXPIRY_DAYS if read_flag(each.get("expiryNotification")) else 0


def _read_headers(draft: Draft, headers: Any) -> list[tuple[str, Any]]:
    if isinstance(headers, str) and headers.strip():
        try:
            headers = json.loads(headers)
        except (ValueError, RecursionError):
            headers = None
        if not isinstance(headers, dict):
            draft.leave_out("The headers are left out: they are no JSON object.")
    return list(read_object(headers).items())


# Types


def _read_http(each: Mapping[str, Any], name: str) -> Draft | None:
    draft = Draft(TOOL, name, kind="http", url=read_text(each.get("url")))
    if not draft.url:
        return None
    _carry_request(draft, each)
    method = read_text(each.get("method")).upper()
    draft.set_config(method=method, expected_status=",".join(read_texts(each.get("accepted_statuscodes"))))
    if (body := each.get("body")) and isinstance(body, str) and method not in ("", "GET", "HEAD"):
        draft.config["body"] = body
        kind = _BODY_TYPES.get(read_text(each.get("httpBodyEncoding")) or "json")
        if kind and not draft.has_header("Content-Type"):
            draft.set_headers([("Content-Type", kind)])
    redirects = read_number(each.get("maxredirects"))
    if redirects is not None and redirects < 1:
        draft.config["follow_redirects"] = False
    elif redirects is not None:
        draft.config["max_redirects"] = min(int(redirects), 20)
    return draft


def _read_keyword(each: Mapping[str, Any], name: str) -> Draft | None:
    if draft := _read_http(each, name):
        draft.set_config(keyword=each.get("keyword") if isinstance(each.get("keyword"), str) else None)
        draft.set_config(keyword_absent=read_flag(each.get("invertKeyword")) or None)
    return draft


def _read_json_query(each: Mapping[str, Any], name: str) -> Draft | None:
    draft = _read_http(each, name)
    if draft is None:
        return None
    path, operator = read_text(each.get("jsonPath")) or "$", read_text(each.get("jsonPathOperator")) or "=="
    if not _JSONATA_PATH.fullmatch(path):
        draft.leave_out("The JSON query is left out: it is a JSONata expression that is more than a path.")
    elif operator != "==":
        draft.set_config(json_path=path)
        draft.leave_out("The comparison is left out: only equality is known here.")
    else:
        draft.set_config(json_path=path, json_equals=read_text(each.get("expectedValue")))
    return draft


def _read_browser(each: Mapping[str, Any], name: str) -> Draft | None:
    if draft := _read_http(each, name):
        draft.leave_out("The page is asked for as it is, not opened in a browser.")
    return draft


def _read_websocket(each: Mapping[str, Any], name: str) -> Draft | None:
    draft = Draft(TOOL, name, kind="websocket", url=read_text(each.get("url")))
    if not draft.url:
        return None
    _carry_request(draft, each)
    draft.set_config(subprotocol=read_text(each.get("wsSubprotocol")))
    if [code for code in read_texts(each.get("accepted_statuscodes")) if code not in ("1000", "200-299")]:
        draft.leave_out("The accepted close codes are left out: the closing handshake is not judged here.")
    if read_flag(each.get("wsIgnoreSecWebsocketAcceptHeader")):
        draft.leave_out("Sec-WebSocket-Accept is judged here, though the other tool was told to ignore it.")
    return draft


def _read_port(each: Mapping[str, Any], name: str) -> Draft | None:
    host = join_port(read_text(each.get("hostname")), each.get("port"))
    security = read_text(each.get("smtpSecurity"))
    draft = Draft(TOOL, name, kind="tls" if security == "secure" else "tcp", url=host)
    if draft.kind == "tls":
        draft.config["tls_expiry_days"] = _EXPIRY_DAYS if read_flag(each.get("expiryNotification")) else 0
        if read_flag(each.get("ignoreTls")):
            draft.config["verify_tls"] = False
    elif security == "starttls":
        draft.leave_out("STARTTLS is left out: only the connection is checked. See kind smtp.")
    return draft if host else None


def _read_ping(each: Mapping[str, Any], name: str) -> Draft | None:
    draft = Draft(TOOL, name, kind="ping", url=read_text(each.get("hostname")))
    if count := read_number(each.get("ping_count")):
        draft.config["count"] = min(max(int(count), 1), 20)
    if (size := read_number(each.get("packetSize"))) and size != 56:
        draft.leave_out(f"The packet size of {size:g} bytes is left out: SentryPulse has one of its own.")
    if read_text(each.get("type")) == "tailscale-ping":
        draft.leave_out("The host is pinged by ICMP, not by Tailscale: it must be reachable from here.")
    return draft if draft.url else None


def _read_dns(each: Mapping[str, Any], name: str) -> Draft | None:
    draft = Draft(TOOL, name, kind="dns", url=read_text(each.get("hostname")))
    servers = [one.strip() for one in read_text(each.get("dns_resolve_server")).split(",") if one.strip()]
    port = read_number(each.get("port"))
    if servers:
        draft.set_config(resolver=join_port(servers[0], int(port)) if port and port != 53 else servers[0])
    if len(servers) > 1:
        draft.leave_out("The name servers after the first are left out: one is asked here.")
    draft.set_config(record_type=read_text(each.get("dns_resolve_type")).upper())
    if conditions := read_list(each.get("conditions")):
        only = read_object(conditions[0])
        match = {"equals": "any", "contains": "contains"}.get(read_text(only.get("operator")))
        if len(conditions) == 1 and match and read_text(only.get("value")):
            draft.set_config(expected=[read_text(only.get("value"))], match=match)
        else:
            draft.leave_out("The conditions are left out: only one, of equals or contains, is carried.")
    return draft if draft.url else None


def _read_smtp(each: Mapping[str, Any], name: str) -> Draft | None:
    host = join_port(read_text(each.get("hostname")), read_number(each.get("port")) or 25)
    security = {"secure": "tls", "starttls": "starttls"}.get(read_text(each.get("smtpSecurity")), "none")
    draft = Draft(TOOL, name, kind="smtp", url=host.removesuffix(".0"))
    draft.config["security"] = security
    if security == "none" and read_text(each.get("smtpSecurity")) != "nostarttls":
        draft.leave_out("STARTTLS is not tried: here it is either asked for, or not.")
    return draft if read_text(each.get("hostname")) else None


def _read_push(each: Mapping[str, Any], name: str) -> Draft | None:
    draft = Draft(TOOL, name, kind="heartbeat")
    retries, pause_s = (read_number(each.get(field)) or 0 for field in ("maxretries", "retryInterval"))
    draft.set_schedule(read_number(each.get("interval")) or 60, retries * pause_s)
    draft.leave_out("Its ping address is a new one: let the job call it.")
    return draft


def _read_database(each: Mapping[str, Any], name: str) -> Draft | None:
    kind = read_text(each.get("type"))
    written = read_text(each.get("databaseConnectionString"))
    address = spell_address(written.split(",")[0], default_port=_DATABASES[kind])
    if not address and (
        found := re.search(r"(?:server|data source)\s*=\s*(?:tcp:)?([^;,\s]+)(?:,(\d+))?", written, re.I)
    ):
        address = join_port(found[1], found[2] or _DATABASES[kind])
    draft = Draft(TOOL, name, kind="tcp", url=address)
    draft.leave_out("Only the connection is checked: login and query are left out.")
    return draft if address else None


def _read_mqtt(each: Mapping[str, Any], name: str) -> Draft | None:
    host = read_text(each.get("hostname"))
    address = spell_address(host, default_port=1883) if "://" in host else ""
    draft = Draft(TOOL, name, kind="tcp", url=address or join_port(host, each.get("port") or 1883))
    draft.leave_out("Only the connection is checked: login, topic and message are left out.")
    return draft if host else None


def _read_grpc(each: Mapping[str, Any], name: str) -> Draft | None:
    address = read_text(each.get("grpcUrl"))
    secure = bool(read_flag(each.get("grpcEnableTls")))
    draft = Draft(TOOL, name, kind="tls" if secure else "tcp", url=spell_address(address) or address)
    draft.leave_out("Only the connection is checked: the call by gRPC and its keyword are left out.")
    return draft if address else None


_READERS: dict[str, Callable[[Mapping[str, Any], str], Draft | None]] = {
    "http": _read_http,
    "keyword": _read_keyword,
    "json-query": _read_json_query,
    "real-browser": _read_browser,
    "websocket-upgrade": _read_websocket,
    "port": _read_port,
    "ping": _read_ping,
    "tailscale-ping": _read_ping,
    "dns": _read_dns,
    "smtp": _read_smtp,
    "push": _read_push,
    "mqtt": _read_mqtt,
    "grpc-keyword": _read_grpc,
    **dict.fromkeys(_DATABASES, _read_database),
}

SOURCE = Source(
    label=TOOL,
    file="an Uptime Kuma backup",
    shape="monitorList",
    recognise=recognise,
    read=read,
)
