"""SQS as the stages use it: batches, delays, refusals, regions, dead letters; against an emulated SQS."""

import json
import random

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from core import telemetry
from core.queue_addresses import aws_region_of, name_queue, read_addresses
from core.retries import SQS_ATTEMPTS
from pipeline.messages import decode, spec_bodies
from pipeline.queues.base import Parcel, QueuesAway
from pipeline.queues.sqs import BYTES_A_CALL, SqsSender, write_body
from tests.pipeline.test_messages import make_spec

PREFIX = "sentrypulse-unit"


@pytest.fixture
def queues(aws, point_clients_at):
    """The queues' URLs, within reach of this process."""
    from tests.aws.emulator import make_queues

    point_clients_at(aws)
    return make_queues(aws.client("sqs"), PREFIX, visibility_s=0, receives=1)


@pytest.fixture
def calls(aws):
    """The parameters of every send_message_batch."""
    seen = []

    def look(operation, parameters):
        if operation == "SendMessageBatch":
            seen.append(parameters)

    aws.faults.append(look)
    return seen


def make_sender(queues, **options):
    pauses = []
    addresses = {name: {"local" if name == "checks" else "": url} for name, url in queues.items()}
    sender = SqsSender(addresses, sleep=pauses.append, **options)
    sender.pauses = pauses
    return sender


def receive_all(aws, url):
    found = []
    while (
        messages := aws.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60)
        .get("Messages")
    ):
        found += [message["Body"] for message in messages]
    return found


def test_ten_messages_go_in_a_call_and_none_is_lost(aws, queues, calls):
    bodies = [f'{{"n":{n}}}'.encode() for n in range(23)]
    make_sender(queues).send_all("results", [Parcel(body) for body in bodies])
    assert [len(call["Entries"]) for call in calls] == [10, 10, 3]
    assert sorted(receive_all(aws, queues["results"])) == sorted(body.decode() for body in bodies)


def test_a_call_has_no_more_bytes_than_sqs_takes(aws, queues, calls):
    bodies = [b'"' + b"x" * size + b'"' for size in (100_000, 150_000, 20_000, 199_000, 60_000)]
    make_sender(queues).send_all("results", [Parcel(body) for body in bodies])
    sizes = [sum(len(entry["MessageBody"].encode()) for entry in call["Entries"]) for call in calls]
    assert all(size <= BYTES_A_CALL for size in sizes)
    assert sum(sizes) == sum(map(len, bodies))


@pytest.mark.parametrize(("asked", "given"), [(0, 0), (0.2, 1), (10, 10), (59.01, 60), (3600, 900), (-3, 0)])
def test_a_delay_is_whole_seconds_and_never_too_short(queues, calls, asked, given):
    make_sender(queues).send("checks", b"{}", delay_s=asked)
    assert calls[0]["Entries"][0]["DelaySeconds"] == given


def test_what_sqs_refuses_for_now_is_sent_again_with_growing_pauses(aws, queues):
    from tests.aws.emulator import throttle

    fault = throttle(aws, calls=2)
    fault.left["whole"] = 0
    aws.faults.append(fault)
    sender = make_sender(queues)
    sender.send_all("results", [Parcel(str(n).encode()) for n in range(10)])
    assert fault.left["half"] == 0
    assert sorted(map(int, receive_all(aws, queues["results"]))) == list(range(10))
    assert len(sender.pauses) == 2
    assert 0 < sender.pauses[0] <= 0.1 < sender.pauses[1] * 2


def test_a_call_that_is_throttled_whole_is_made_again(aws, queues):
    from tests.aws.emulator import throttle

    fault = throttle(aws, calls=2)
    fault.left["half"] = 0
    aws.faults.append(fault)
    make_sender(queues).send("results", b"{}")
    assert fault.left["whole"] == 0
    assert receive_all(aws, queues["results"]) == ["{}"]


@pytest.mark.parametrize(
    ("ask", "code"),
    [
        (lambda sqs, url: sqs.send_message(QueueUrl=url, MessageBody="x" * 1_048_577), "InvalidParameterV"),
        (lambda sqs, url: sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=901), "DelaySeconds"),
        (lambda sqs, url: sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=11), "MaxNumberOfMessages"),
        (lambda sqs, url: sqs.receive_message(QueueUrl=url, WaitTimeSeconds=21), "WaitTimeSeconds"),
        (
            lambda sqs, url: sqs.send_message_batch(
                QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x" * 200_000} for n in range(6)]
            ),
            "BatchRequestTooLong",
        ),
        (
            lambda sqs, url: sqs.send_message_batch(
                QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": "x"} for n in range(11)]
            ),
            "TooManyEntriesInBatchRequest",
        ),
    ],
)
def test_the_emulator_refuses_what_sqs_would(aws, queues, ask, code):
    with pytest.raises(ClientError, match=code):
        ask(boto3.client("sqs"), queues["results"])
    assert len(aws.refused) == 1


def refuse_all(*, sender_fault, code="ServiceUnavailable"):
    def fault(operation, parameters):
        if operation != "SendMessageBatch":
            return None
        failed = [
            {"Id": entry["Id"], "SenderFault": sender_fault, "Code": code, "Message": "No."}
            for entry in parameters["Entries"]
        ]
        return 200, {"Successful": [], "Failed": failed}

    return fault


def test_a_queue_that_refuses_to_the_end_is_an_error_and_not_a_loss_in_silence(aws, queues):
    aws.faults.append(refuse_all(sender_fault=False))
    sender = make_sender(queues)
    with pytest.raises(QueuesAway, match="The queue results did not take 1 messages"):
        sender.send("results", b"{}")
    assert len(sender.pauses) == SQS_ATTEMPTS


def test_a_message_that_sqs_refuses_for_what_it_is_is_left_out_and_the_others_are_sent(aws, queues, caplog):
    sender = make_sender(queues)
    bodies = [f'{{"n":{n}}}'.encode() for n in range(12)]
    bodies[3] = b'{"n":"\x01"}'  # none of ours: JSON escapes it
    with telemetry.collecting() as notes:
        sender.send_all("results", [Parcel(body) for body in bodies])
    assert sorted(receive_all(aws, queues["results"])) == sorted(b.decode() for b in bodies if b != bodies[3])
    assert sender.pauses == []
    assert notes.figures["MessagesRefused"] == 1
    assert "sqs left out queue=results messages=1: refused (InvalidMessageContents)" in caplog.text


def test_what_is_encoded_holds_no_character_that_sqs_refuses(aws, queues):
    """JSON and UTF-8 allow what SQS does not: one keyword kept every check of a region from being sent."""
    spec = make_spec(config={"keyword": "a\ufffe\uffffb\x01", "\uffff": "x"})
    make_sender(queues).send_all("results", [Parcel(body) for body in spec_bodies([spec])])
    (body,) = receive_all(aws, queues["results"])
    assert decode(body).specs == [spec]


def test_a_queue_without_its_key_is_away_and_refuses_no_message(aws, queues):
    aws.faults.append(refuse_all(sender_fault=True, code="KMS.AccessDeniedException"))
    with pytest.raises(QueuesAway, match="did not take 1 messages"):
        make_sender(queues).send("results", b"{}")


def test_a_service_that_does_not_answer_is_named_in_one_sentence(queues, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    sender = make_sender(queues)
    with pytest.raises(QueuesAway, match="SQS does not serve the queue results: Could not connect") as told:
        sender.send("results", b"{}")
    assert isinstance(told.value.__cause__, EndpointConnectionError)


def test_figures_of_a_service_that_does_not_answer_are_no_figures(queues, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(QueuesAway, match="SQS does not serve the queue checks: Could not connect"):
        make_sender(queues).figures()


def test_a_queue_that_is_missing_is_left_out_of_the_figures(aws, queues):
    aws.client("sqs").delete_queue(QueueUrl=queues["results"])
    assert set(make_sender(queues).figures()) == {"checks", "deliveries", "receipts"}


def test_the_two_characters_that_sqs_refuses_are_written_in_another_way():
    body = json.dumps({"error": "odd \ufffe\uffff ones, ünd ordinary"}, ensure_ascii=False).encode()
    assert json.loads(write_body(body)) == json.loads(body)
    assert not set(write_body(body)) & {"\ufffe", "\uffff"}


def test_depth_and_dead_letters_are_told_and_letters_can_be_sent_again_or_dropped(aws, queues):
    sender = make_sender(queues)
    for body in (b"one", b"two", b"three"):
        sender.send("results", body)
    sqs = aws.client("sqs")
    for _ in range(2):  # received once too often
        sqs.receive_message(QueueUrl=queues["results"], MaxNumberOfMessages=10, VisibilityTimeout=0)
    letters = sender.dead_letters()
    assert {(letter.queue, letter.body) for letter in letters} == {
        ("results", b"one"),
        ("results", b"two"),
        ("results", b"three"),
    }
    assert letters == sorted(letters, key=lambda letter: letter.died_at)
    assert sender.figures()["results"] == {"waiting": 0, "dead_letters": 3}
    by_body = {letter.body: letter.id for letter in letters}
    assert sender.redrive(by_body[b"one"])
    assert sender.drop(by_body[b"two"])
    assert not sender.drop(by_body[b"two"])
    assert not sender.redrive("results-no-such-letter")
    assert receive_all(aws, queues["results"]) == ["one"]
    assert [letter.body for letter in sender.dead_letters()] == [b"three"]  # looking hid none of them


def bury(aws, queues, name, bodies):
    """Dead letters of the queue, without the detour through it."""
    for start in range(0, len(bodies), 10):
        entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
        aws.client("sqs").send_message_batch(QueueUrl=f"{queues[name]}-dead", Entries=entries)


def test_all_dead_letters_are_sent_again_in_one_pass_however_soon_the_others_are_seen_again(
    aws, queues, monkeypatch
):
    monkeypatch.setattr("pipeline.queues.sqs.LOOK_S", 0)  # as if there were thousands
    bodies = {name: [f'{{"{name}":{n}}}' for n in range(35)] for name in ("checks", "results")}
    for name, theirs in bodies.items():
        bury(aws, queues, name, theirs)
    sender, received = make_sender(queues), []
    aws.faults.append(
        lambda operation, parameters: received.append(1) if operation == "ReceiveMessage" else None
    )
    assert sender.redrive_all() == 70
    assert len(received) == 2 * (4 + 1) + 2  # four times ten, and once nothing, in each of two; two are empty
    for name, theirs in bodies.items():
        assert sorted(receive_all(aws, queues[name])) == sorted(theirs)
    assert sender.redrive_all() == 0


def test_all_dead_letters_are_dropped_in_one_pass(aws, queues):
    bury(aws, queues, "results", [str(n) for n in range(25)])
    sender = make_sender(queues)
    assert sender.drop_all() == 25
    assert sender.dead_letters() == []
    assert receive_all(aws, queues["results"]) == []


def test_what_dies_while_all_are_sent_again_does_not_go_round_for_ever(aws, queues, monkeypatch):
    monkeypatch.setattr("pipeline.queues.sqs.LOOK_S", 0)
    bury(aws, queues, "results", ["poison"])
    sender, sqs = make_sender(queues), aws.client("sqs")

    def die_at_once(operation, parameters):
        if operation == "SendMessageBatch":
            bury(aws, queues, "results", [entry["MessageBody"] for entry in parameters["Entries"]])

    aws.faults.append(die_at_once)
    assert sender.redrive_all() == 1
    found = sqs.get_queue_attributes(
        QueueUrl=f"{queues['results']}-dead", AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert found["Attributes"]["ApproximateNumberOfMessages"] == "1"


def test_looking_for_one_among_very_many_ends_when_the_first_come_again(aws, queues, monkeypatch):
    monkeypatch.setattr("pipeline.queues.sqs.LOOK_S", 0)
    bury(aws, queues, "results", [str(n) for n in range(12)])
    sender = make_sender(queues)
    assert not sender.drop("results-no-such-letter")
    assert len(sender.dead_letters()) == 10  # the first call's; the second brought nothing new


def test_looking_for_dead_letters_asks_all_of_sqs_and_the_queue_alone_that_is_named(aws, queues):
    sender, asked = make_sender(queues), []

    def look(operation, parameters):
        if operation == "ReceiveMessage":
            asked.append((name_queue(parameters["QueueUrl"]), parameters.get("WaitTimeSeconds")))

    aws.faults.append(look)
    sender.dead_letters()
    assert asked == [(f"{PREFIX}-{name}-dead", 1) for name in queues]  # 0 would ask some servers only
    asked.clear()
    assert not sender.redrive("results-no-such-letter")
    assert asked == [(f"{PREFIX}-results-dead", 1)]


def test_a_region_that_is_full_gets_nothing_and_holds_up_no_other(aws, queues):
    sqs = aws.client("sqs")
    urls = {r: sqs.create_queue(QueueName=f"{PREFIX}-checks-{r}")["QueueUrl"] for r in ("eu", "us")}
    for number in range(3):
        sqs.send_message(QueueUrl=urls["us"], MessageBody=str(number))
    sender = SqsSender({"checks": urls}, max_waiting=3)
    assert sender.free("checks") > 1000  # what waits is bounded, not what a minute sends
    sender.send_all("checks", [Parcel(b"for eu", region="eu"), Parcel(b"for us", region="us")])
    assert receive_all(aws, urls["eu"]) == ["for eu"]
    assert "for us" not in receive_all(aws, urls["us"])
    for region in urls:
        for number in range(3):
            sqs.send_message(QueueUrl=urls[region], MessageBody=str(number))
    assert sender.free("checks") == 0
    for url in urls.values():
        sqs.purge_queue(QueueUrl=url)
    assert sender.free("checks") > 1000
    sender.send("checks", b"for us", region="us")
    assert receive_all(aws, urls["us"]) == ["for us"]
    assert sender.figures() == {
        "checks:eu": {"waiting": 0, "dead_letters": 0},
        "checks:us": {"waiting": 0, "dead_letters": 0},
    }


def test_what_is_for_a_region_that_is_gone_is_left_out_and_holds_up_no_other(aws, queues, caplog):
    sender = make_sender(queues)
    sender.send_all("checks", [Parcel(b"gone", region="mars"), Parcel(b"here", region="local")])
    assert receive_all(aws, queues["checks"]) == ["here"]
    assert "sqs left out queue=checks messages=1: no region mars" in caplog.text


@pytest.mark.parametrize(
    ("url", "region", "found"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/1/q", "", "eu-west-1"),
        ("https://sqs.us-gov-west-1.api.aws/1/q", "", "us-gov-west-1"),
        ("https://ap-south-1.queue.amazonaws.com/1/q", "", "ap-south-1"),
        ("http://127.0.0.1:5000/1/q", "eu-central-1", "eu-central-1"),
        ("http://127.0.0.1:5000/1/q", "local", None),
    ],
)
def test_the_aws_region_of_a_queue_is_in_its_url(url, region, found):
    assert aws_region_of(url, region=region) == found
    assert name_queue(url) == "q"
    assert name_queue("arn:aws:sqs:eu-west-1:1:q") == "q"


def test_the_dual_stack_endpoint_is_asked_whatever_host_the_queues_url_names(monkeypatch):
    for name, value in {
        "AWS_USE_DUALSTACK_ENDPOINT": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    boto3.DEFAULT_SESSION = None
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/sentrypulse-prod-results"
    sender, asked = SqsSender(read_addresses({"RESULTS_QUEUE_URL": url})), []

    class Enough(Exception):
        pass

    def stop(request, **_):
        asked.append(request.url)
        raise Enough

    queue = sender._queue("results", "")
    queue.client.meta.events.register("before-send.sqs", stop)
    with pytest.raises(Enough):
        queue.client.send_message(QueueUrl=url, MessageBody="x")
    boto3.DEFAULT_SESSION = None
    assert asked == ["https://sqs.eu-west-1.api.aws/"]


def test_many_messages_in_random_sizes_arrive_once_each(aws, queues):
    chance = random.Random(3)
    bodies = [json.dumps({"n": n, "pad": "x" * chance.randrange(90_000)}).encode() for n in range(40)]
    make_sender(queues).send_all("results", [Parcel(body) for body in bodies])
    assert sorted(json.loads(body)["n"] for body in receive_all(aws, queues["results"])) == list(range(40))


def test_a_teams_slow_work_is_a_group_of_its_own_and_stays_one(aws, queues, calls):
    """SQS's fair queues let nobody wait behind one group; what has none is a group by itself."""
    sender = make_sender(queues)
    sender.send_all("checks", [Parcel(b"mixed", region="local"), Parcel(b"slow", 5, "local", "7")])
    assert [entry.get("MessageGroupId") for entry in calls[0]["Entries"]] == [None, "7"]
    sender.send_all("deliveries", [Parcel(b"slow too", share="7")])
    for _ in range(2):  # received once too often
        aws.client("sqs").receive_message(QueueUrl=queues["deliveries"], VisibilityTimeout=0)
    assert sender.redrive_all() == 1
    assert [entry.get("MessageGroupId") for entry in calls[-1]["Entries"]] == ["7"]
