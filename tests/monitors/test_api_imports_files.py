"""Files of other tools by the API: recognised, in slices, and refused in one sentence."""

import csv
import io
import json

import pytest

from monitors.models import Monitor
from tests.factories import make_monitor

pytestmark = pytest.mark.django_db
EXPORT, IMPORT = "/api/v1/monitors/export", "/api/v1/monitors/import"
PREVIEW = f"{IMPORT}/preview"
TABLE = "name,kind,url,depends_on\nRouter,ping,gw.example,\nShop,http,https://shop.example/,Router\n"
CHAIN = [
    {"name": name, "kind": "ping", "url": f"{name}.example", "depends_on": [needed] if needed else []}
    for name, needed in (("a", ""), ("b", "a"), ("c", "b"), ("d", ""))
]


def test_a_text_is_recognised_or_named_by_its_source(api, team):
    body = {"text": TABLE, "source": "csv"}
    told = api.post(PREVIEW, body).json()
    assert (told["source"], told["total"], told["new"], told["skipped"]) == ("csv", 2, 2, [])
    assert api.post(IMPORT, {"text": TABLE}).json()["imported"] == 2
    assert [one.name for one in Monitor.objects.get(name="Shop").depends_on.all()] == ["Router"]
    assert api.post(IMPORT, body).json()["unchanged"] == 2


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ({"text": TABLE, "source": "nagios"}, "source", "There is no source nagios; choose one of"),
        ({"text": TABLE, "source": "gatus"}, "text", 'a configuration of Gatus: it has no "endpoints".'),
        ({"text": TABLE, "monitors": []}, "text", "Send either monitors or text, not both."),
        ({"monitors": [], "source": "csv"}, "source", "It goes with text; monitors are our own JSON."),
        ({"source": "csv"}, "monitors", "This field is required."),
        ({"text": "name\n" + "a\n" * 501}, "count", "The file has 501 monitors; take at most 500 at a time,"),
        ({"text": TABLE, "count": 501}, "count", "less than or equal to 500"),
        ({"text": TABLE, "from": -1}, "from", "greater than or equal to 0"),
        ({"text": "x" * 2_000_001}, "text", "The file has more than 2,000,000 bytes; split it."),
    ],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused_by_name(api, body, field, sentence):
    for address in (IMPORT, PREVIEW):
        answer = api.post(address, body)
        assert answer.status_code == 400
        assert list(answer.json()) == [field]
        assert sentence in answer.json()[field][0]
    assert not Monitor.objects.exists()


def test_what_becomes_no_monitor_is_told_once(api):
    entry = {"friendly_name": "Voice", "type": 42, "url": "sip.example"}
    shop = {"friendly_name": "Shop", "type": 1, "url": "https://shop.example/", "interval": 5}
    body = {"text": json.dumps({"stat": "ok", "monitors": [entry, shop]})}
    skipped = [{"name": "Voice", "kind": "42", "reason": "SentryPulse has no kind for the type 42."}]
    told = api.post(PREVIEW, body).json()
    assert (told["total"], told["skipped"]) == (1, skipped)
    assert told["rows"][0]["left_out"] == ["The interval of 5 s became 10 s, the least there is here."]
    assert api.post(IMPORT, body | {"from": 1, "count": 1}).json()["skipped"] == []
    assert api.post(IMPORT, body).json()["skipped"] == skipped


@pytest.mark.parametrize("as_text", [True, False])
def test_a_file_is_imported_slice_by_slice_and_later_slices_depend_on_earlier_ones(api, as_text):
    body = {"text": json.dumps(CHAIN)} if as_text else {"monitors": CHAIN}
    preview = api.post(PREVIEW, body | {"from": 2, "count": 2}).json()
    assert [(row["index"], row["action"]) for row in preview["rows"]] == [(2, "new"), (3, "new")]
    refused = api.post(IMPORT, body | {"from": 2, "count": 2})
    mistake = {"index": 2, "errors": {"depends_on": ["There is no monitor 'b'."]}}
    assert (refused.status_code, refused.json()) == (400, {"monitors": [mistake]})
    assert not Monitor.objects.exists()
    assert api.post(f"{IMPORT}?dry_run=true", body | {"from": 2, "count": 2}).json()["imported"] == 2
    for first in (0, 2, 4):
        answer = api.post(IMPORT, body | {"from": first, "count": 2}).json()
        assert (answer["imported"], answer["total"]) == (2 if first < 4 else 0, 4)
    assert [one.name for one in Monitor.objects.get(name="c").depends_on.all()] == ["b"]
    assert api.post(IMPORT, body).json()["unchanged"] == 4


def test_equal_rows_in_two_slices_are_two_monitors_and_a_repeat_makes_no_third(api):
    rows = [{"name": "a", "kind": "ping", "url": "a.example"}] * 2
    for _ in range(2):
        for first in (0, 1):
            assert api.post(IMPORT, {"monitors": rows, "from": first, "count": 1}).status_code == 201
    assert Monitor.objects.count() == 2


@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_was_exported_changes_nothing_when_it_is_imported_as_text(api, team, form):
    router = make_monitor(team, name="=Router, big", kind="ping", url="gw.example", tags=["a, b", 'c"d'])
    make_monitor(
        team, name="'=quoted", tags=[" -x"[1:]], depends_on=[router.pk], interval_s=30, enabled=False
    )
    make_monitor(
        team, name="@job", kind="heartbeat", config={"cron": "0 3 * * *", "timezone": "Europe/Berlin"}
    )
    make_monitor(team, name="Secret", config={"auth": {"type": "bearer", "token": "hidden-token"}})
    before = api.get(f"{EXPORT}?as={form}").content.decode()
    for query in ("", "?update=true"):
        answer = api.post(f"{IMPORT}{query}", {"text": before, "source": form}).json()
        assert (answer["imported"], answer["changed"], answer["unchanged"]) == (0, 0, 4)
    Monitor.objects.filter(name="Secret").delete()
    text = api.get(f"{EXPORT}?as={form}").content.decode()
    Monitor.objects.all().delete()
    assert api.post(IMPORT, {"text": text}).json()["imported"] == 3
    assert api.get(f"{EXPORT}?as={form}").content.decode() == text


def test_a_table_that_excel_saved_with_semicolons_changes_nothing(api, team):
    make_monitor(team, name="Zürich", tags=["a", "b"], config={"keyword": "x;y"})
    table = csv.reader(io.StringIO(api.get(f"{EXPORT}?as=csv").content.decode("utf-8-sig")))
    out = io.StringIO()
    csv.writer(out, delimiter=";").writerows(table)
    answer = api.post(f"{IMPORT}?update=true", {"text": out.getvalue()}).json()
    assert (answer["imported"], answer["changed"], answer["unchanged"]) == (0, 0, 1)
