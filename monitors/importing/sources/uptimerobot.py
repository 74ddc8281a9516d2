"""UptimeRobot: answers of `POST /v2/getMonitors` and `GET /v3/monitors` (JSON), and the CSV of its dashboard.

v2: https://uptimerobot.com/api/legacy/. Numbers stand for types, and ``interval`` is in seconds. v3:
https://uptimerobot.com/api/v3/; its fields are also those of github.com/uptimerobot/
terraform-provider-uptimerobot (internal/client/monitor.go). The CSV has the columns ID, Type, Status,
Friendly Name, URL/IP, Keyword Type, Keyword Value and Port (github.com/louislam/uptime-kuma/issues/1190).
Several pages of an API in one list are read, too.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from core.csv import read_cell
from monitors.importing.document import Document
from monitors.importing.draft import Draft, join_port, spell_host
from monitors.importing.entries import Entry, Skipped, say_no_kind
from monitors.importing.loose import (
    list_pages,
    read_flag,
    read_list,
    read_number,
    read_object,
    read_text,
    read_texts,
)
from monitors.importing.source import Source

TOOL = "UptimeRobot"
_TYPES = {"1": "HTTP", "2": "KEYWORD", "3": "PING", "4": "PORT", "5": "HEARTBEAT", "6": "DNS"}
_METHODS = {"1": "HEAD", "2": "GET", "3": "POST", "4": "PUT", "5": "PATCH", "6": "DELETE", "7": "OPTIONS"}
_PORTS = {"1": 80, "2": 443, "3": 21, "4": 25, "5": 110, "6": 143}
_EXPIRY_DAYS = [30, 14, 7, 1]
_SNAKE = {
    "friendlyName": "friendly_name",
    "keywordType": "keyword_type",
    "keywordValue": "keyword_value",
    "keywordCaseType": "keyword_case_type",
    "httpUsername": "http_username",
    "httpPassword": "http_password",
    "authType": "http_auth_type",
    "httpMethodType": "http_method",
    "customHttpHeaders": "custom_http_headers",
    "postValueData": "post_value",
    "postValueType": "post_type",
}
_CELLS = {
    "friendly name": "friendly_name",
    "url/ip": "url",
    "type": "type",
    "status": "status",
    "keyword type": "keyword_type",
    "keyword value": "keyword_value",
    "port": "port",
    "interval": "interval",
}
_LEFT_OUT = {
    "alert_contacts": "alert contacts are left out: alert rules say who is told.",
    "assignedAlertContacts": "alert contacts are left out: alert rules say who is told.",
    "mwindows": "maintenance windows are left out: make them anew.",
    "maintenanceWindows": "maintenance windows are left out: make them anew.",
    "regionalData": "regions are left out: checks come from SentryPulse's own.",
    "domainExpirationReminder": (
        "warning before the domain ends is left out: make a monitor of kind domain for it."
    ),
    "groupId": "group is left out: the file has only its number.",
}


def _list_monitors(document: Document) -> list[Any] | None:
    """Of either API, or of the table; None for another document."""
    if not document.looks_like_json:
        table = document.table
        if not table or not {"friendly name", "url/ip"} <= table[0].keys():
            return None
        return [
            {_CELLS[name]: read_cell(cell) for name, cell in row.items() if name in _CELLS} for row in table
        ]
    data = document.json
    found = [*list_pages(data, "monitors"), *list_pages(data, "data")]
    if not found and read_object(data).get("stat") == "ok":
        return []
    named = [read_object(each).keys() & {"friendly_name", "friendlyName"} for each in found[:20]]
    return found if named and all(named) else None


def recognise(document: Document) -> bool:
    return _list_monitors(document) is not None


def read(document: Document) -> Iterator[Entry | Skipped]:
    for number, raw in enumerate(_list_monitors(document) or (), start=1):
        monitor = {_SNAKE.get(name, name): value for name, value in read_object(raw).items()}
        name = read_text(monitor.get("friendly_name")) or f"entry {number}"
        yield from _read_monitor(monitor, name)


def _read_type(monitor: Mapping[str, Any]) -> str:
    kind = read_text(monitor.get("type")).upper().removesuffix("(S)")
    return _TYPES.get(kind, kind)


def _read_monitor(monitor: Mapping[str, Any], name: str) -> Iterator[Entry | Skipped]:
    kind = _read_type(monitor)
    if kind in ("HTTP", "HTTPS", "KEYWORD", "API"):
        drafts = [_read_http(monitor, name, kind)]
    elif kind == "PING":
        drafts = [Draft(TOOL, name, kind="ping", url=spell_host(read_text(monitor.get("url"))))]
    elif kind == "PORT":
        drafts = [_read_port(monitor, name)]
    elif kind == "HEARTBEAT":
        drafts = [_read_heartbeat(monitor, name)]
    elif kind == "DNS":
        drafts = _read_dns(monitor, name)
    else:
        why = "It sends over UDP; SentryPulse has no such kind." if kind == "UDP" else ""
        yield Skipped(name, kind, why or say_no_kind(kind))
        return
    for draft in drafts:
        if not draft.url and draft.kind != "heartbeat":
            yield Skipped(name, kind, "It has no address.")
            continue
        _carry_common(draft, monitor)
        yield draft.finish()


def _carry_common(draft: Draft, monitor: Mapping[str, Any]) -> None:
    if draft.kind != "heartbeat":
        draft.set_interval(read_number(monitor.get("interval")) or None)
        draft.set_timeout(read_number(monitor.get("timeout")))
        draft.set_degraded(read_number(monitor.get("responseTimeThreshold")))
    draft.fields["enabled"] = read_text(monitor.get("status")).lower() not in ("0", "paused")
    for tag in read_list(monitor.get("tags")):
        draft.tags.append(read_text(read_object(tag).get("name")) or read_text(tag))
    version = {"ipv4": "4", "ipv6": "6"}
    family = version.get(
        read_text(read_object(monitor.get("config")).get("ipVersion")).lower().replace("only", "")
    )
    if family and draft.kind in ("http", "tcp", "ping"):
        draft.config["ip_family"] = family
    draft.leave_out_if(monitor, _LEFT_OUT)


def _read_http(monitor: Mapping[str, Any], name: str, kind: str) -> Draft:
    draft = Draft(TOOL, name, kind="http", url=read_text(monitor.get("url")))
    _carry_login(draft, monitor)
    draft.set_headers(read_object(monitor.get("custom_http_headers")).items())
    method = read_text(monitor.get("http_method")).upper()
    draft.set_config(method=_METHODS.get(method, method))
    _carry_body(draft, monitor)
    if codes := read_texts(monitor.get("successHttpResponseCodes")):
        draft.set_config(expected_status=",".join(codes))
    elif statuses := read_text(monitor.get("custom_http_statuses")):
        _carry_statuses(draft, statuses)
    if read_flag(monitor.get("followRedirections")) is False:
        draft.config["follow_redirects"] = False
    if kind == "KEYWORD":
        _carry_keyword(draft, monitor)
    if kind == "API":
        draft.leave_out("The assertions on the answer are left out: set a JSON path.")
    _carry_certificate(draft, monitor)
    return draft


def _carry_login(draft: Draft, monitor: Mapping[str, Any]) -> None:
    kind = read_text(monitor.get("http_auth_type")).upper()
    user, password = (read_text(monitor.get(f"http_{what}")) for what in ("username", "password"))
    if kind in ("2", "DIGEST"):
        draft.leave_out(f"{TOOL}'s digest login is left out: SentryPulse has basic and bearer.")
    elif kind == "BEARER":
        draft.set_bearer(password)
    elif kind != "NONE":
        draft.set_basic_auth(user, password)


def _carry_body(draft: Draft, monitor: Mapping[str, Any]) -> None:
    value, method = monitor.get("post_value"), draft.config.get("method")
    if isinstance(value, (dict, list)):
        value = json.dumps(value)
    if not isinstance(value, str) or not value or method not in ("POST", "PUT", "PATCH", "DELETE"):
        return
    if method == "DELETE" or read_text(monitor.get("post_type")).upper() not in ("1", "KEY_VALUE"):
        draft.config["body"] = value
        if value.lstrip()[:1] in ("{", "[") and not draft.has_header("Content-Type"):
            draft.set_headers([("Content-Type", "application/json")])
    else:
        draft.leave_out("The body is left out: it is a list of form fields. Write it as it is sent.")


def _carry_statuses(draft: Draft, written: str) -> None:
    """``404:0_200:1``: 404 is down, 200 is up; all else as always."""
    pairs = [part.partition(":") for part in written.split("_")]
    up = [code for code, _, value in pairs if value == "1"]
    if up:
        draft.set_config(expected_status=",".join(dict.fromkeys(["200-299", *up])))
    if any(value == "0" and code.startswith("2") for code, _, value in pairs):
        draft.leave_out("Statuses of 2xx that count as down are left out: set the expected status.")


def _carry_keyword(draft: Draft, monitor: Mapping[str, Any]) -> None:
    """Its type says when to alert: 1 and ALERT_EXISTS when the keyword is there."""
    value = monitor.get("keyword_value")
    draft.set_config(keyword=value if isinstance(value, str) else read_text(value))
    kind = read_text(monitor.get("keyword_type")).upper().replace(" ", "_")
    draft.set_config(keyword_absent=kind in ("1", "EXISTS", "ALERT_EXISTS") or None)
    if read_text(monitor.get("keyword_case_type")) in ("1", "CaseInsensitive"):
        draft.leave_out("The keyword is searched with its case: upper and lower case differ here.")


def _carry_certificate(draft: Draft, monitor: Mapping[str, Any]) -> None:
    ssl = read_object(monitor.get("ssl"))
    if read_flag(ssl.get("ignore_errors")) or read_flag(monitor.get("checkSSLErrors")) is False:
        draft.config["verify_tls"] = False
    reminds = read_flag(monitor.get("sslExpirationReminder"))
    if reminds is not None and draft.url.lower().startswith("https:"):
        days = read_list(read_object(monitor.get("config")).get("sslExpirationPeriodDays"))
        numbers = {int(number) for each in days if (number := read_number(each)) and 1 <= number <= 365}
        draft.config["tls_expiry_days"] = (
            (sorted(numbers, reverse=True)[:10] or _EXPIRY_DAYS) if reminds else 0
        )


def _read_port(monitor: Mapping[str, Any], name: str) -> Draft:
    port = read_text(monitor.get("port")) or _PORTS.get(read_text(monitor.get("sub_type")), "")
    return Draft(TOOL, name, kind="tcp", url=join_port(spell_host(read_text(monitor.get("url"))), port))


def _read_heartbeat(monitor: Mapping[str, Any], name: str) -> Draft:
    draft = Draft(TOOL, name, kind="heartbeat")
    if not read_number(monitor.get("interval")):
        draft.leave_out("The file has no period for it; five minutes were taken.")
    draft.set_schedule(
        read_number(monitor.get("interval")) or 300, read_number(monitor.get("gracePeriod")) or 0
    )
    draft.leave_out("Its ping address is a new one: let the job call it.")
    return draft


def _read_dns(monitor: Mapping[str, Any], name: str) -> list[Draft]:
    """A monitor of ours asks for one type of record, so an entry may become several."""
    host = spell_host(read_text(monitor.get("url")))
    records = read_object(read_object(monitor.get("config")).get("dnsRecords"))
    wanted = {kind: read_texts(values) for kind, values in records.items() if read_texts(values)}
    drafts = []
    for kind, values in (wanted or {"A": []}).items():
        draft = Draft(TOOL, f"{name} ({kind})" if len(wanted) > 1 else name, kind="dns", url=host)
        draft.set_config(record_type=kind, expected=values[:50] or None, match="all" if values else None)
        drafts.append(draft)
    return drafts


SOURCE = Source(
    label=TOOL,
    file="an export of UptimeRobot",
    shape="monitors with a friendly name",
    recognise=recognise,
    read=read,
)
