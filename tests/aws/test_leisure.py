"""Long jobs by the dozen, and an alert that must not wait behind them; by the real packages."""

import json

from pipeline.messages import Wake, encode
from pipeline.timetable import TIMETABLE
from tests.aws.test_story import UNHURRIED
from tests.e2e.harness import ROOT, wait_for
from tests.stories.story import heard_by, told_of, watch

SLOW = """
import time
from pathlib import Path
from pipeline import timetable
from pipeline.entrypoints.aws_function import handler

FOLDER = Path({folder!r})
load = timetable.resolve_name

def load_slow(path):
    if not any(job.run == path and job.may_wait for job in timetable.TIMETABLE):
        return load(path)

    def wait(*, owner, now):
        (FOLDER / f"began-{{time.time_ns()}}").touch()
        while not (FOLDER / "go").exists():
            time.sleep(0.02)

    return wait

timetable.resolve_name = load_slow
"""


def at_once():
    """As many functions as the mapping of receipts may run at once."""
    events = json.loads((ROOT / "zappa_settings.json").read_text())["core"]["events"]
    (source,) = (e["event_source"] for e in events if e["function"].endswith(".receipts"))
    return source["max_concurrency"]


def test_alerts_are_sent_and_settled_while_ten_long_jobs_wait(deploy, target, receiver, tmp_path):
    from tests.aws.deployment import PREFIX
    from tests.aws.pump import Mapping

    deployment = deploy(visibility_s=200).start()
    deployment.mappings["receipts"].stop()
    for number in range(at_once()):
        function = deployment.make_core(f"{PREFIX}-slow-{number}", code=SLOW.format(folder=str(tmp_path)))
        function.timeout_s = 200.0  # longer than the test waits
        deployment.mappings[f"receipts-{number}"] = Mapping(
            deployment.aws.client("sqs"),
            function,
            f"{PREFIX}-receipts",
            deployment.urls["receipts"],
            batch_size=1,  # each has one long job, and none has all of them
        ).start()
    long_jobs = [job.name for job in TIMETABLE if job.may_wait and job.lane != "schedule"]
    for number in range(10):
        deployment.send("receipts", encode(Wake(long_jobs[number % len(long_jobs)])))

    def began():
        return len(list(tmp_path.glob("began-*")))

    wait_for(lambda: began() >= 2, within_s=60)  # not yet the clock, whose first tick is to find the monitor
    target.stop()
    monitor = watch(target, receiver, **UNHURRIED)
    deployment.wait_until(lambda: "down" in heard_by(receiver))
    deployment.wait_until(lambda: told_of(monitor) == [("down", "sent")])
    assert began() == 2
    (tmp_path / "go").touch()
    deployment.wait_until(lambda: began() >= 10)
    assert deployment.dead() == {}
