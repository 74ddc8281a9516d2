import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core import telemetry
from delivery.message import Content, DeliveryMessage, Outcome, Receipt
from pipeline.messages import (
    MAX_BATCH,
    Checks,
    Deliveries,
    Receipts,
    Results,
    Wake,
    decode,
    encode,
    pack_deliveries,
    pack_specs,
    receipt_body,
    result_bodies,
    spec_bodies,
)
from probes.config import check_config
from probes.result import CheckResult, Status, Timings
from probes.spec import CheckSpec
from tests.pipeline.factories import T0

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers(0, 2**63 - 1)
instants = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis wants bounds without a zone
configs = st.dictionaries(texts, st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
), max_size=4)  # fmt: skip
specs = st.builds(
    CheckSpec,
    monitor_id=numbers,
    revision=numbers,
    kind=texts,
    target=texts,
    region=texts,
    scheduled_at=instants,
    timeout_s=st.floats(0.001, 3600),
    config=configs,
)
maybe_ms = st.none() | st.integers(0, 2**31)
results = st.builds(
    CheckResult,
    monitor_id=numbers,
    revision=numbers,
    region=texts,
    scheduled_at=instants,
    checked_at=instants,
    status=st.sampled_from(Status),
    error_code=texts,
    error=texts,
    http_status=st.none() | st.integers(100, 599),
    timings=st.builds(Timings, **{f"{phase}_ms": maybe_ms for phase in ("dns", "connect", "tls", "total")}),
    address=texts,
    size_bytes=st.none() | numbers,
    tls_expires_at=st.none() | instants,
    domain_expires_at=st.none() | instants,
)


def make_spec(number=1, **fields):
    defaults = {
        "monitor_id": number,
        "revision": 1,
        "kind": "http",
        "target": "http://shop.test/",
        "region": "local",
        "scheduled_at": T0,
        "timeout_s": 10,
        "config": {},
    }
    return CheckSpec(**(defaults | fields))


@settings(max_examples=40, deadline=None)
@given(st.lists(specs, max_size=4))
def test_specs_come_out_as_they_went_in(given_specs):
    assert decode(encode(Checks(given_specs))) == Checks(given_specs)


@settings(max_examples=40, deadline=None)
@given(st.lists(results, max_size=4))
def test_results_come_out_as_they_went_in(given_results):
    assert decode(encode(Results(given_results))) == Results(given_results)


def test_an_instant_is_the_same_instant_whatever_zone_it_was_sent_in():
    berlin = timezone(timedelta(hours=1))
    (spec,) = decode(encode(Checks([make_spec(scheduled_at=T0.astimezone(berlin))]))).specs
    assert spec.scheduled_at == T0


def test_a_body_is_plain_json_that_names_its_form():
    body = json.loads(encode(Checks([make_spec(7)])))
    assert body["type"] == "checks.v1"
    assert (body["specs"][0]["monitor_id"], body["specs"][0]["scheduled_at"]) == (7, "2026-03-01T12:00:00Z")
    assert json.loads(encode(Results([])))["type"] == "results.v1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"{",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b'{"type":"checks.v2","specs":[]}',
        b'{"type":"checks.v1"}',
        b'{"type":"checks.v1","specs":[{"monitor_id":1}]}',
        b'{"type":"results.v1","results":[{"status":"great"}]}',
    ],
)
def test_a_body_that_is_none_of_ours_is_refused(body):
    with pytest.raises(msgspec.MsgspecError):
        decode(body)


@pytest.mark.parametrize(
    ("count", "sizes"),
    [(0, []), (1, [1]), (100, [100]), (101, [100, 1]), (250, [100, 100, 50])],
)
def test_batches_hold_at_most_a_hundred_and_keep_the_order(count, sizes):
    sent = [make_spec(number) for number in range(count)]
    batches = [decode(body).specs for body in spec_bodies(sent)]
    assert [len(batch) for batch in batches] == sizes
    assert [spec for batch in batches for spec in batch] == sent


def test_a_hundred_full_specs_stay_under_200_kb():
    config = check_config(
        "http",
        {
            "method": "POST",
            "body": "x" * 500,
            "headers": {f"X-Header-{n}": "v" * 40 for n in range(5)},
            "auth": {"type": "bearer", "token": "t" * 200},
            "json_path": "$.status",
            "json_equals": "ok",
        },
    )
    full = [
        make_spec(number, target=f"https://shop.test/{'p' * 200}", config=config) for number in range(100)
    ]
    (body,) = spec_bodies(full)
    assert MAX_BATCH == 100
    assert len(body) < 200_000


def make_delivery(**fields):
    defaults = {"id": "alerts:17", "attempt": 1, "key": "incident:3:down:5", "kind": "webhook", "config": {}}
    content = Content(subject="Shop is down", text="Shop is down since 12:00.")
    return DeliveryMessage(**(defaults | {"content": content} | fields))


def test_deliveries_receipts_and_wakes_come_out_as_they_went_in():
    receipt = Receipt(id="alerts:17", attempt=2, outcome=Outcome.RETRY, at=T0, status=429, retry_after_s=30.0)
    for message in (Deliveries([make_delivery()]), Receipts([receipt]), Wake("send alerts")):
        assert decode(encode(message)) == message


def test_a_delivery_shows_no_secret_in_its_repr():
    sent = make_delivery(config={"url": "https://hooks.test/s3cret-word"})
    assert "s3cret-word" not in repr(Deliveries([sent]))
    assert "alerts:17" in repr(sent)


def test_neither_a_spec_nor_a_message_shows_a_secret_in_its_repr():
    spec = make_spec(config={"auth": {"type": "basic", "username": "ada", "password": "s3cret-word"}})
    for shown in (repr(spec), str(spec), f"{spec!r}", repr(Checks([spec])), repr([spec])):
        assert "s3cret-word" not in shown
        assert "monitor=1 " in shown


# ---- who travels with whom ----


def make_own(number, team, *, slow=False, region="local"):
    return make_spec(number, team_id=team, slow=slow, region=region)


def packed(specs):
    return [
        (parcel.region, parcel.share, [(spec.team_id, spec.monitor_id) for spec in decode(parcel.body).specs])
        for parcel in pack_specs(specs)
    ]


def test_a_message_holds_a_fair_mix_of_the_teams():
    specs = [make_own(n, 1) for n in range(150)] + [make_own(1000 + n, 2) for n in range(10)]
    (_, _, first), (_, _, second) = packed(specs)
    assert [team for team, _ in first[:20]] == [1, 2] * 10
    assert (len(first), len(second)) == (100, 60)
    assert {team for team, _ in second} == {1}


def test_slow_checks_travel_apart_a_team_at_a_time():
    specs = [make_own(1, 7), make_own(2, 7, slow=True), make_own(3, 8), make_own(4, 8, slow=True)]
    specs += [make_own(5, 7, slow=True, region="us")]
    assert packed(specs) == [
        ("local", "", [(7, 1), (8, 3)]),
        ("local", "7", [(7, 2)]),
        ("local", "8", [(8, 4)]),
        ("us", "7", [(7, 5)]),
    ]


def test_a_message_of_an_older_version_is_read_and_one_of_ours_is_read_there():
    class Checks1(msgspec.Struct, tag="checks.v1"):
        specs: list[dict[str, object]]

    ours = make_own(1, 7, slow=True)
    old = msgspec.json.decode(encode(Checks([ours])), type=Checks1).specs[0]
    del old["team_id"], old["slow"]
    read = decode(msgspec.json.encode(Checks1([old])))
    assert read.specs == [msgspec.structs.replace(ours, team_id=0, slow=False)]


def test_the_checks_of_a_team_without_a_number_are_mixed_with_the_others():
    assert packed([make_own(1, 0), make_own(2, 5)]) == [("local", "", [(0, 1), (5, 2)])]


SURROGATE = "\ud800"


@pytest.mark.parametrize(
    "poison",
    [
        {"config": {"keyword": SURROGATE}},
        {"config": {SURROGATE: 1}},
        {"config": {"json_equals": [{"a": SURROGATE}]}},
        {"target": f"http://shop.test/{SURROGATE}"},
        {"config": {"body": "x" * 300_000}},
        {"config": {"body": "\x01" * 65_536}},  # each is six bytes in JSON
    ],
)
@pytest.mark.parametrize("at", [0, 57, 149])
def test_one_spec_that_cannot_be_packed_keeps_no_other_from_being_sent(poison, at, caplog):
    """At first: no check of any team was scheduled from then on."""
    sent = [make_spec(number, region="local" if number % 2 else "eu") for number in range(150)]
    bad = make_spec(999, region="eu", **poison)
    with telemetry.collecting() as notes:
        parcels = pack_specs([*sent[:at], bad, *sent[at:]])
    packed = [spec for parcel in parcels for spec in decode(parcel.body).specs]
    assert sorted(spec.monitor_id for spec in packed) == list(range(150))
    assert all(len(parcel.body) <= 200_000 for parcel in parcels)
    assert notes.figures == {"LeftOutOfMessages": 1}
    (line,) = caplog.messages
    assert line.startswith("left out of a message monitor=999 region='eu': ")


def test_healthy_specs_are_encoded_once(monkeypatch):
    encoded = []
    monkeypatch.setattr("pipeline.messages.encode", lambda message: encoded.append(message) or b"{}")
    assert len(list(spec_bodies([make_spec(number) for number in range(300)]))) == len(encoded) == 3


def make_up(monitor_id, **fields):
    when = {"scheduled_at": T0, "checked_at": T0}
    return CheckResult(monitor_id=monitor_id, revision=1, region="local", status=Status.UP, **when, **fields)


def test_a_result_that_cannot_be_said_is_said_as_far_as_it_can_be():
    bad = make_up(3, error=f"Expected {SURROGATE}.", address=SURROGATE)
    (body,) = result_bodies([make_up(1), bad, make_up(2)])
    told = decode(body).results
    assert told == [make_up(1), make_up(3, error="Expected ?.", address="?"), make_up(2)]


def test_a_receipt_that_cannot_be_said_is_said_as_far_as_it_can_be():
    receipt = Receipt(id="alerts:17", attempt=2, outcome=Outcome.RETRY, at=T0, answer=f"No{SURROGATE}")
    assert decode(receipt_body([receipt])).receipts[0].answer == "No?"


def test_what_a_delivery_says_is_mended_and_where_it_goes_is_not():
    """To guess an address would send a team's alert to somebody else."""
    content = Content(subject=SURROGATE, text="é" + SURROGATE, data={"cause": {SURROGATE: [SURROGATE]}})
    said = make_delivery(id="alerts:1", content=content)
    lost = make_delivery(id="alerts:2", config={"url": f"https://hooks.test/{SURROGATE}"})
    large = make_delivery(id="alerts:3", content=Content(subject="x", text="x" * 300_000))
    good = [make_delivery(id=f"alerts:{n}") for n in range(10, 30)]
    whys: dict[str, str] = {}
    given_deliveries = [*good, said, lost, large]
    parcels = pack_deliveries(given_deliveries, left_out=lambda one, why: whys.update({one.id: why}))
    bodies = [parcel.body for parcel in parcels]
    packed = {one.id: one for body in bodies for one in decode(body).deliveries}
    assert set(packed) == {one.id for one in [*good, said]}
    assert packed["alerts:1"].content == Content(subject="?", text="é?", data={"cause": {"?": ["?"]}})
    assert whys == {
        "alerts:2": "not to be encoded (UnicodeEncodeError)",
        "alerts:3": "larger than a message may be",
    }
