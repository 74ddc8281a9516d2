"""Bugs that the other tools' own imports had (issues of their repositories), tried here."""

import json

from monitors.importing import decode_text, read_monitors

KUMA = {
    "id": 1,
    "name": "Shop",
    "type": "http",
    "url": "https://shop.example/",
    "maxretries": 0,
    "interval": 60,
}


def read_kuma(*monitors, **more):
    return read_monitors(json.dumps({"version": "1.23.2", "monitorList": list(monitors), **more}))


def test_links_to_notifications_that_are_not_there_are_told():
    """louislam/uptime-kuma#3761: a foreign key to a notification of the old database failed the import."""
    reading = read_kuma(KUMA | {"notificationIDList": {"7": True}}, notificationList=[])
    assert [row["name"] for row in reading.rows] == ["Shop"]
    assert reading.left_out == [["Uptime Kuma's notifications are left out: alert rules say who is told."]]


def test_a_backup_of_an_old_version_lacks_fields():
    """louislam/uptime-kuma#1478, #1549: "Cannot read properties of undefined (reading 'length')"."""
    bare = {"id": 1, "name": "Shop", "type": "http", "url": "https://shop.example/"}
    reading = read_kuma(bare, bare | {"id": 2, "name": "Nulls", "tags": None, "accepted_statuscodes": None})
    assert [row["name"] for row in reading.rows] == ["Shop", "Nulls"]
    assert [row.get("config", {}).get("expected_status") for row in reading.rows] == [None, None]


def test_a_warning_of_expiry_that_was_off_stays_off():
    """louislam/uptime-kuma#1897: expiryNotification false came back as true."""
    on, off = (KUMA | {"expiryNotification": is_on, "name": str(is_on)} for is_on in (True, False))
    reading = read_kuma(on, off)
    assert [row["config"]["tls_expiry_days"] for row in reading.rows] == [[21, 14, 7], 0]


def test_a_json_query_keeps_its_path_and_value():
    """louislam/uptime-kuma#4314: both came back empty."""
    query = KUMA | {"type": "json-query", "jsonPath": "$.status", "expectedValue": "ok"}
    (row,) = read_kuma(query).rows
    assert (row["config"]["json_path"], row["config"]["json_equals"]) == ("$.status", "ok")


def test_a_container_is_not_restored_half():
    """louislam/uptime-kuma#2015: docker monitors came back without container and host."""
    reading = read_kuma(KUMA | {"type": "docker", "docker_container": "web", "docker_host": 1})
    assert (reading.rows, [one.reason for one in reading.skipped]) == (
        [],
        ["It watches a container by Docker's socket; SentryPulse has no such kind."],
    )


def test_a_group_that_was_edited_by_hand_may_be_its_own_parent():
    """louislam/uptime-kuma#3577: backups edited by hand for groups left monitors that open no more."""
    group = {"id": 2, "name": "Group", "type": "group", "parent": 3, "maxretries": 0}
    circle = [group, group | {"id": 3, "name": "Ring", "parent": 2}, KUMA | {"parent": 2}]
    (row,) = read_kuma(*circle).rows
    assert row["tags"] == ["Ring", "Group"]


def test_a_mark_before_the_first_heading_hides_no_column():
    """knadh/listmonk#65, dotCMS/core#36508: the first column of Excel's "CSV UTF-8" was not recognised."""
    assert [row["name"] for row in read_monitors("\ufeffname;url\r\nA;https://a.example/\r\n").rows] == ["A"]


def test_excels_unicode_text_is_utf_16_with_tabs():
    """openwisp/openwisp-radius#550: a file in UTF-16 was answered with 500."""
    written = "name\turl\r\nZürich\thttps://zuerich.example/\r\n".encode("utf-16")
    assert [row["name"] for row in read_monitors(decode_text(written)).rows] == ["Zürich"]


def test_defaults_under_an_anchor_are_merged():
    """TwiN/gatus#700: several anchors as defaults, merged into endpoints."""
    text = """
one: &one {group: core, interval: 30s, conditions: ["[STATUS] == 200"]}
two: &two {client: {insecure: true}}
endpoints:
  - {<<: [*one, *two], name: a, url: "https://a.example"}
"""
    (row,) = read_monitors(text).rows
    assert (row["interval_s"], row["tags"]) == (30, ["core"])
    assert row["config"] == {"verify_tls": False, "expected_status": "200"}


def test_pages_of_an_api_may_stand_in_one_list():
    """lekpamartin/uptimerobot_exporter#7: only the first 50 monitors were read."""
    pages = [
        {"stat": "ok", "monitors": [{"friendly_name": name, "url": f"https://{name}.example/", "type": 1}]}
        for name in ("a", "b")
    ]
    assert [row["name"] for row in read_monitors(json.dumps(pages)).rows] == ["a", "b"]
