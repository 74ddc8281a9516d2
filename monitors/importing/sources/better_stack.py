"""Better Stack: answers of its Uptime API to `GET /api/v2/monitors` and `GET /api/v2/heartbeats`.

JSON:API: ``{"data": [{"id", "type", "attributes": {...}}]}``. The attributes are described at
https://betterstack.com/docs/uptime/api/monitors/ and …/heartbeats/, their units also in its Terraform
provider (github.com/BetterStackHQ/terraform-provider-better-uptime). Several pages in one list are read, too;
groups among them (`monitor-groups`, `heartbeat-groups`) name their members' tags.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from monitors.importing.document import Document
from monitors.importing.draft import Draft, join_port, spell_host
from monitors.importing.entries import Entry, Skipped, say_no_kind, spell_word
from monitors.importing.loose import list_pages, read_flag, read_list, read_number, read_object, read_text
from monitors.importing.source import Source

TOOL = "Better Stack"
_HTTP = ("status", "expected_status_code", "keyword", "keyword_absence")
_GROUPS = ("monitor_group", "heartbeat_group")
_NO_KIND = {
    "udp": "It sends over UDP; SentryPulse has no such kind.",
    "playwright": "It runs a scenario in a browser; SentryPulse has no such kind.",
}
_MAIL_PORTS = {"pop": ("+OK", "995"), "imap": ("* OK", "993")}
_RULES = "ways of telling people are left out: alert rules say who is told."
_LEFT_OUT = {
    "proxy_host": "proxy is left out: SentryPulse has none.",
    "regions": "regions are left out: checks come from SentryPulse's own.",
    "maintenance_from": "daily maintenance is left out: make a maintenance window.",
    "domain_expiration": "warning before the domain ends is left out: make a monitor of kind domain for it.",
    "policy_id": _RULES,
    "call": _RULES,
    "sms": _RULES,
    "email": _RULES,
    "push": _RULES,
    "critical_alert": _RULES,
    "server_timezone": "time zone of the period is left out: a period is in seconds here; or set cron.",
}


def recognise(document: Document) -> bool:
    if not document.looks_like_json:
        return False
    items = list(list_pages(document.json, "data"))
    return bool(items) and all("attributes" in read_object(item) for item in items[:20])


def read(document: Document) -> Iterator[Entry | Skipped]:
    items = [read_object(item) for item in list_pages(document.json, "data")]
    groups = {
        (read_text(item.get("type")), read_text(item.get("id"))): _name(item)
        for item in items
        if item.get("type") in _GROUPS
    }
    for number, item in enumerate(items, start=1):
        kind = read_text(item.get("type")) or "monitor"
        name, attributes = _name(item) or f"entry {number}", read_object(item.get("attributes"))
        if kind in _GROUPS:
            yield Skipped(name, kind, "A group checks nothing itself: its members have its name as a tag.")
        elif kind == "heartbeat":
            yield _read_heartbeat(attributes, name, groups).finish()
        elif kind == "monitor":
            yield _read_monitor(attributes, name, groups)
        else:
            yield Skipped(name, kind, "It is neither a monitor nor a heartbeat.")


def _name(item: Mapping[str, Any]) -> str:
    attributes = read_object(item.get("attributes"))
    return read_text(attributes.get("pronounceable_name")) or read_text(attributes.get("name"))


def _carry_common(draft: Draft, given: Mapping[str, Any], groups: Mapping[tuple[str, str], str]) -> None:
    paused = read_flag(given.get("paused")) or bool(given.get("paused_at")) or given.get("status") == "paused"
    draft.fields["enabled"] = not paused
    for kind in _GROUPS:
        if group := read_text(given.get(f"{kind}_id")):
            if name := groups.get((kind, group)):
                draft.tags.append(name)
            else:
                draft.leave_out("Its group is left out: the file has only its number.")
    draft.leave_out_if(given, _LEFT_OUT)


def _read_heartbeat(given: Mapping[str, Any], name: str, groups: Mapping[tuple[str, str], str]) -> Draft:
    draft = Draft(TOOL, name, kind="heartbeat")
    draft.set_schedule(read_number(given.get("period")) or 86_400, read_number(given.get("grace")) or 0)
    draft.leave_out("Its ping address is a new one: let the job call it.")
    _carry_common(draft, given, groups)
    return draft


def _read_monitor(
    given: Mapping[str, Any], name: str, groups: Mapping[tuple[str, str], str]
) -> Entry | Skipped:
    kind = read_text(given.get("monitor_type")) or "status"
    if kind in _NO_KIND:
        return Skipped(name, kind, _NO_KIND[kind])
    draft = _read_http(given, name, kind) if kind in _HTTP else _read_server(given, name, kind)
    if draft is None:
        return Skipped(name, kind, say_no_kind(kind))
    if not draft.url:
        return Skipped(name, kind, "It has no address.")
    draft.set_interval(read_number(given.get("check_frequency")))
    timeout = read_number(given.get("request_timeout"))
    draft.set_timeout(timeout / 1000 if timeout and kind not in _HTTP else timeout)
    _carry_patience(draft, given)
    family = {"ipv4": "4", "ipv6": "6"}.get(read_text(given.get("ip_version")))
    if family and draft.kind != "dns":
        draft.config["ip_family"] = family
    _carry_common(draft, given, groups)
    return draft.finish()


def _carry_patience(draft: Draft, given: Mapping[str, Any]) -> None:
    """Its periods of seconds are numbers of checks here."""
    confirm_s, recover_s = (
        read_number(given.get(f"{which}_period")) for which in ("confirmation", "recovery")
    )
    if confirm_s is not None:
        draft.set_fail_after(2 if confirm_s > 0 else 1)
        if confirm_s > 0:
            draft.set_recheck(confirm_s)
    if recover_s:
        interval_s = draft.fields.get("interval_s", 60)
        draft.set_recover_after(1 + -(-recover_s // interval_s))


def _carry_certificate(draft: Draft, given: Mapping[str, Any]) -> None:
    if "ssl_expiration" in given:
        days = read_number(given.get("ssl_expiration"))
        draft.config["tls_expiry_days"] = 0 if days is None else min(max(int(days), 0), 365)
    if read_flag(given.get("verify_ssl")) is False:
        draft.config["verify_tls"] = False


def _read_http(given: Mapping[str, Any], name: str, kind: str) -> Draft:
    draft = Draft(TOOL, name, kind="http", url=read_text(given.get("url")))
    draft.set_config(method=read_text(given.get("http_method")).upper())
    draft.set_basic_auth(read_text(given.get("auth_username")), read_text(given.get("auth_password")))
    headers = [read_object(each) for each in read_list(given.get("request_headers"))]
    draft.set_headers((read_text(each.get("name")), each.get("value")) for each in headers)
    body = given.get("request_body")
    if isinstance(body, str) and body and draft.config.get("method") in ("POST", "PUT", "PATCH"):
        draft.config["body"] = body
    if read_flag(given.get("follow_redirects")) is False:
        draft.config["follow_redirects"] = False
    if kind == "expected_status_code":
        draft.set_config(
            expected_status=",".join(
                read_text(code) for code in read_list(given.get("expected_status_codes"))
            )
        )
    elif kind in ("keyword", "keyword_absence"):
        draft.set_config(keyword=read_text(given.get("required_keyword")))
        draft.set_config(keyword_absent=kind == "keyword_absence" or None)
    _carry_certificate(draft, given)
    return draft


def _read_server(given: Mapping[str, Any], name: str, kind: str) -> Draft | None:
    host = spell_host(read_text(given.get("url")))
    ports = [part.strip() for part in read_text(given.get("port")).split(",") if part.strip()]
    port = ports[0] if ports else ""
    if kind == "ping":
        return Draft(TOOL, name, kind="ping", url=host)
    if kind == "dns":
        draft = Draft(TOOL, name, kind="dns", url=read_text(given.get("request_body")))
        draft.set_config(resolver=host)
        if expected := read_text(given.get("required_keyword")):
            draft.set_config(expected=[expected], match="contains")
        return draft
    if kind == "tcp":
        draft = Draft(TOOL, name, kind="tcp", url=join_port(host, port))
    elif kind == "smtp":
        draft = Draft(TOOL, name, kind="smtp", url=join_port(host, port))
        draft.config["security"] = {"465": "tls", "587": "starttls"}.get(port, "none")
    elif kind in _MAIL_PORTS:
        greeting, secure_port = _MAIL_PORTS[kind]
        draft = Draft(TOOL, name, kind="tls" if port == secure_port else "tcp", url=join_port(host, port))
        if draft.kind == "tcp":
            draft.config["expect"] = greeting
        else:
            draft.leave_out("The greeting is left out: only the connection by TLS is checked.")
    else:
        return None
    if draft.kind in ("smtp", "tls"):
        _carry_certificate(draft, given)
    if len(ports) > 1:
        draft.leave_out(
            f"The ports after the first ({spell_word(port)}) are left out: make a monitor for each."
        )
    return draft


SOURCE = Source(
    label=TOOL,
    file="an answer of Better Stack's Uptime API",
    shape='"data" with attributes',
    recognise=recognise,
    read=read,
)
