"""What every function does around its work, whatever the work is."""

import json
import socket

import pytest

from core import telemetry
from pipeline.entrypoints.aws_events import HandlerFailed, UnknownQueue, entry, handle_batch

URLS = {
    "results": {"": "https://sqs.eu-west-1.amazonaws.com/1/prod-results"},
    "checks": {"eu": "https://sqs.eu-west-1.amazonaws.com/1/prod-checks"},
}


class Away(Exception):
    pass


class Context:
    aws_request_id = "request-7"


def event(*bodies, queue="prod-results"):
    arn = f"arn:aws:sqs:eu-west-1:1:{queue}"
    return {
        "Records": [{"messageId": f"m{n}", "body": b, "eventSourceARN": arn} for n, b in enumerate(bodies)]
    }


def take(handle, given):
    return handle_batch(given, queues={"results": handle}, addresses=URLS, away=(Away,))


def failures(answer):
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_the_messages_that_failed_are_named_and_no_others():
    assert failures(take(lambda bodies: {1: "It is bad."}, event("a", "b", "c"))) == ["m1"]
    assert failures(take(lambda bodies: {}, event("a", "b"))) == []


def test_an_event_from_an_unknown_queue_raises_so_that_nothing_is_deleted_unread():
    handled = []
    for queue in ("prod-other", "prod-checks", "prod-results-dead"):
        with pytest.raises(UnknownQueue, match=f"takes messages of arn:aws:sqs:eu-west-1:1:{queue}"):
            take(lambda bodies: handled.append(bodies) or {}, event("a", queue=queue))
    assert handled == []


def test_while_the_database_is_away_the_whole_batch_comes_again():
    def handle(bodies):
        raise Away

    with pytest.raises(Away):
        take(handle, event("a", "b"))


def test_a_bug_that_one_message_brings_about_fails_that_message_alone():
    handled = []

    def handle(bodies):
        if b"bad" in bodies:
            raise ZeroDivisionError
        handled.extend(bodies)
        return {}

    assert failures(take(handle, event("a", "bad", "c"))) == ["m1"]
    assert handled == [b"a", b"c"]


def test_a_type_error_is_disguised_for_zappa_calls_whoever_raises_one_again():
    calls = []

    @entry("test")
    def handler(given, context):
        calls.append(given)
        raise TypeError("unsupported operand")

    with pytest.raises(HandlerFailed, match="TypeError: unsupported operand"):
        handler({}, Context())
    assert calls == [{}]


def test_figures_are_left_behind_as_embedded_metrics_whether_it_failed_or_not(capsys):
    @entry("record")
    def handler(given, context):
        telemetry.count(ChecksUp=2)
        telemetry.count(ChecksUp=1, ChecksDown=1)
        telemetry.peak(LagMs=40)
        telemetry.peak(LagMs=10)
        telemetry.mark(team=7)
        if given:
            raise ValueError
        return "done"

    assert handler({}, Context()) == "done"
    with pytest.raises(ValueError):
        handler({"fail": 1}, Context())
    fine, failed = map(json.loads, capsys.readouterr().out.splitlines())
    assert (fine["ChecksUp"], fine["ChecksDown"], fine["LagMs"], fine["Failures"]) == (3, 1, 40, 0)
    assert (fine["stage"], fine["team"], fine["request_id"]) == ("record", 7, "request-7")
    assert failed["Failures"] == 1
    (metrics,) = fine["_aws"]["CloudWatchMetrics"]
    assert (metrics["Namespace"], metrics["Dimensions"]) == ("SentryPulse", [["function", "stage"]])
    units = {metric["Name"]: metric["Unit"] for metric in metrics["Metrics"]}
    assert units == {
        "ChecksUp": "Count",
        "ChecksDown": "Count",
        "LagMs": "Milliseconds",
        "Failures": "Count",
        "TookMs": "Milliseconds",
    }
    assert set(units) <= set(fine)


def test_noting_outside_of_a_function_costs_nothing_and_keeps_nothing():
    telemetry.count(ChecksUp=1)
    with telemetry.collecting() as notes:
        telemetry.count(ChecksUp=2)
    telemetry.mark(team=1)
    assert (notes.figures, notes.marks) == ({"ChecksUp": 2}, {})


@pytest.mark.parametrize(("sampled", "told"), [("1", True), ("0", False)])
def test_a_sampled_invocation_is_annotated_for_x_ray(monkeypatch, sampled, told):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.bind(("127.0.0.1", 0))
        daemon.settimeout(0.5)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{daemon.getsockname()[1]}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", f"Root=1-a-b;Parent=c;Sampled={sampled}")

        @entry("record")
        def handler(given, context):
            telemetry.mark(team=7)
            telemetry.count(Messages=3)

        handler({}, Context())
        if not told:
            with pytest.raises(TimeoutError):
                daemon.recv(10_000)
            return
        header, _, segment = daemon.recv(10_000).partition(b"\n")
    assert json.loads(header) == {"format": "json", "version": 1}
    found = json.loads(segment)
    assert (found["trace_id"], found["parent_id"], found["fault"]) == ("1-a-b", "c", False)
    assert found["annotations"] == {"stage": "record", "team": 7, "messages": 3}
    assert found["start_time"] <= found["end_time"]
