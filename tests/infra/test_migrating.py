"""The schema's migration on Lambda: started once, followed by its log, gone on with where it stopped."""

import json
import zipfile
from io import BytesIO

import pytest

from infra import migrating
from infra.migrating import DONE, STOPPED, MigrationFailed
from infra.stages import read_zappa_config

FUNCTION = "sentrypulse-prod-migrate"


class Script:
    """What the function writes and whether it ends well, call by call; ``asked`` are the events."""

    def __init__(self, *calls):
        self.calls, self.asked = list(calls), []

    def __call__(self, name, body):
        self.asked.append(json.loads(body))
        well, lines = self.calls.pop(0)
        error = {} if well else {"errorType": "Sandbox.Timedout" if not lines[-1] else "CommandError"}
        return well, json.dumps(error).encode(), "\n".join(lines).encode()


@pytest.fixture
def migrate(aws, clients):
    """Runs it against a function with a script; what was reported."""
    session, held = clients.session, BytesIO()
    with zipfile.ZipFile(held, "w") as package:
        package.writestr("x.py", "")
    trust = json.dumps({"Statement": [{"Principal": {"Service": "lambda.amazonaws.com"}}]})
    role = session.client("iam").create_role(RoleName="sentrypulse-prod-core", AssumeRolePolicyDocument=trust)
    clients.functions.create_function(
        FunctionName=FUNCTION,
        Role=role["Role"]["Arn"],
        Code={"ZipFile": held.getvalue()},
        Runtime="python3.12",
        Handler="x.y",
    )
    clients.functions.get_waiter("function_active_v2").wait(FunctionName=FUNCTION, WaiterConfig={"Delay": 1})
    config = read_zappa_config("prod_migrate")
    clients.functions.put_function_event_invoke_config(
        FunctionName=FUNCTION, MaximumRetryAttempts=config["event_retries"]
    )
    clients.logs.create_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")

    def run(script, **more):
        aws.invoke, lines = script, []
        aws.calls.clear()
        limits = {"wait_s": 20.0, "start_within_s": 10.0} | more
        migrating.migrate(clients, "prod", report=lines.append, poll_s=0.1, **limits)
        return lines

    return run


def test_it_is_started_once_and_what_it_writes_is_told(aws, migrate):
    script = Script((True, ["  Applying monitors.0002_more... OK", f"{DONE}."]))
    assert migrate(script) == ["      Applying monitors.0002_more... OK", f"    {DONE}."]
    assert script.asked == [{"manage": "migrate --noinput --budget-s 600"}]
    assert aws.calls.count("lambda:Invoke") == 1


def test_one_that_stopped_for_time_is_gone_on_with(migrate):
    script = Script(
        (True, ["  Applying a.0001... OK", f"{STOPPED}, before a.0002: run the same again for the rest."]),
        (True, ["  Applying a.0002... OK", f"{DONE}."]),
    )
    lines = migrate(script)
    assert "  there is more; going on" in lines
    assert lines[-1] == f"    {DONE}."
    assert len(script.asked) == 2


def test_one_that_fails_is_not_tried_again_and_told_with_its_last_words(migrate):
    script = Script((False, ["  Applying a.0002...", "[ERROR] CommandError: A table was busy for 10 s"]))
    with pytest.raises(MigrationFailed, match=r"A table was busy.*manage\.py aws migrate --stage prod goes"):
        migrate(script)
    assert len(script.asked) == 1


def test_one_that_lambda_ended_is_told_with_what_to_do(migrate):
    with pytest.raises(MigrationFailed, match=r"after its 15 minutes.*Applying a\.0002.*docs/deploy\.md"):
        migrate(Script((False, ["  Applying a.0002...", ""])))


def test_an_end_without_a_word_is_no_success(migrate):
    with pytest.raises(MigrationFailed, match="The last that it said: nothing"):
        migrate(Script((True, [])))


def test_one_of_which_nothing_is_heard_is_given_up(aws, clients, migrate):
    clients.logs.delete_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")
    clients.logs.create_log_group(logGroupName=f"/aws/lambda/{FUNCTION}")
    aws.functions.busy_s = 3.0  # its log is late
    with pytest.raises(MigrationFailed, match=r"has not started sentrypulse-prod-migrate within 1 s"):
        migrate(Script((True, [f"{DONE}."])), start_within_s=1.0)


def test_the_log_of_another_call_is_not_taken_for_its_own(clients, migrate):
    group, stream = f"/aws/lambda/{FUNCTION}", "2026/11/30/[$LATEST]other"
    clients.logs.create_log_stream(logGroupName=group, logStreamName=stream)
    run = migrating.Run(FUNCTION, "mine", 0, stream=stream)
    said = ["START RequestId: other", f"{DONE}.", "REPORT RequestId: other", "START RequestId: mine", "x"]
    from time import time

    events = [{"timestamp": round(time() * 1000), "message": f"{line}\n"} for line in said]
    clients.logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)
    assert list(migrating.read_log_lines(clients, run)) == ["x"]
    assert (run.started, run.ended) == (True, False)


def test_lambda_itself_would_try_a_failing_call_twice_more(clients, migrate):
    """The emulator, that is, as AWS: why ``event_retries`` must be 0."""
    clients.functions.put_function_event_invoke_config(FunctionName=FUNCTION, MaximumRetryAttempts=2)
    script = Script(*[(False, ["[ERROR] CommandError: no"])] * 3)
    with pytest.raises(MigrationFailed):
        migrate(script)
    from time import monotonic, sleep

    deadline = monotonic() + 10
    while len(script.asked) < 3 and monotonic() < deadline:
        sleep(0.05)
    assert len(script.asked) == 3
