import json
from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.message import Content, Delivery, Outcome, Receipt
from pipeline.messages import (
    MAX_BATCH,
    Checks,
    Deliveries,
    Receipts,
    Results,
    Wake,
    decode,
    encode,
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
    return Delivery(**(defaults | {"content": content} | fields))


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
