"""The serverless engine on this machine: the real packages, as Zappa makes them, in the emulated AWS."""

import fcntl
import json
import os
import random
import subprocess
import sys
import time
from functools import lru_cache
from shutil import rmtree

from django.conf import settings

from tests.aws.emulator import EmulatedAws, make_queues
from tests.aws.pump import Clock, Mapping
from tests.aws.runtime import ACCOUNT, REGION, Function, scheduled_event, unzip
from tests.e2e.harness import ROOT

STAGE = "test"
PREFIX = f"sentrypulse-{STAGE}"
CORE, EDGE = f"{PREFIX}-core", f"{PREFIX}-edge"
CORE_HANDLER, EDGE_HANDLER = (
    "pipeline.entrypoints.aws_function.handler",
    "pipeline.entrypoints.aws_edge.handler",
)
SCHEDULER = "pipeline.entrypoints.aws_core.scheduler"
ENTRY = "pipeline.entrypoints.aws_core"


_SKEWED = """
from datetime import UTC, datetime, timedelta
from pipeline.entrypoints.aws_function import handler
from pipeline.entrypoints import aws_core
aws_core.read_clock = lambda: datetime.now(UTC) + timedelta(seconds={skew_s})
"""


def package_with_zappa(folder):
    """``zappa package`` for a core and an edge, with our zip callback; the two zips."""
    shared = {
        "project_name": "sentrypulse",
        "aws_region": REGION,
        "s3_bucket": "sentrypulse-test-packages",
        "manage_roles": False,
        "apigateway_enabled": False,
        "keep_warm": False,
        "debug": False,
        "use_precompiled_packages": False,
        "exclude": ["*"],
        "callbacks": {"zip": "infra.package.zip"},
    }
    events = [
        {
            "function": f"{ENTRY}.{queue}",
            "event_source": {"arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{PREFIX}-{queue}", "enabled": True},
        }
        for queue in ("results", "receipts")
    ]
    core = {"django_settings": "sentrypulse.settings", "lambda_handler": CORE_HANDLER, "events": events}
    stages = {
        f"{STAGE}_core": shared | core,
        f"{STAGE}_edge": shared | {"lambda_handler": EDGE_HANDLER, "django_settings": None},
    }
    file = folder / "zappa_settings.json"
    file.write_text(json.dumps(stages))
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (folder / "venv" / "lib" / version / "site-packages").mkdir(parents=True, exist_ok=True)
    environment = os.environ | {
        "VIRTUAL_ENV": str(folder / "venv"),
        "PYTHONPATH": str(ROOT),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    zips = []
    for stage in stages:
        made = folder / f"{stage}.zip"
        command = [
            f"{os.path.dirname(sys.executable)}/zappa",
            "package",
            stage,
            "-s",
            str(file),
            "-o",
            str(made),
        ]
        finished = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
        assert finished.returncode == 0, finished.stdout + finished.stderr
        assert made.is_file(), finished.stdout + finished.stderr
        zips.append(made)
    return zips


@lru_cache(maxsize=1)
def unpacked():
    """The core's and the edge's folder, as they are under /var/task: built, packed by Zappa and unzipped once
    for all workers, until the sources change."""
    from infra.package import BUILD, digest_sources

    BUILD.mkdir(exist_ok=True)
    folder, digest = BUILD / "unpacked", digest_sources()
    with (BUILD / "unpacked.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = folder / "digest"
        if not stamp.is_file() or stamp.read_text() != digest:
            rmtree(folder, ignore_errors=True)
            folder.mkdir()
            for package in package_with_zappa(folder):
                unzip(package, folder / package.stem)
            stamp.write_text(digest)
    return [folder / f"{STAGE}_{plane}" for plane in ("core", "edge")]


class Deployment:
    """Functions, queues, mappings and clock. ``start`` sets them going; whatever goes wrong is set before."""

    def __init__(self, scratch, *, database_url, visibility_s=4, receives=3, batch_size=10):
        self.core_folder, self.edge_folder = unpacked()
        self.scratch, self.database_url, self.batch_size = scratch, database_url, batch_size
        self.aws = EmulatedAws().start()
        self.sqs = self.aws.client("sqs")
        self.urls = make_queues(self.sqs, PREFIX, visibility_s=visibility_s, receives=receives)
        self.core = self.make_core(CORE)
        self.edge = self.make_function(EDGE, self.edge_folder, EDGE_HANDLER, {"PROBE_ALLOW_PRIVATE": "true"})
        self.cores = [self.core]
        self.mappings, self.clock = {}, None

    @property
    def queue_settings(self):
        return {
            "CHECKS_QUEUE_URL": f"local={self.urls['checks']}",
            "RESULTS_QUEUE_URL": self.urls["results"],
            "DELIVERIES_QUEUE_URL": self.urls["deliveries"],
            "RECEIPTS_QUEUE_URL": self.urls["receipts"],
        }

    def make_core(self, name, *, skew_s=0.0, code="", **more):
        """``code`` stands in a module beside the package, has the ``handler``, and may change the package."""
        handler = CORE_HANDLER
        if code := _SKEWED.format(skew_s=skew_s) if skew_s else code:
            module = self.scratch / "client" / f"{name.replace('-', '_')}.py"
            module.parent.mkdir(exist_ok=True)
            module.write_text(code)
            handler = f"{module.stem}.handler"
        environment = {
            "DATABASE_URL": self.database_url,
            "SECRET_KEY": settings.SECRET_KEY,
            "FIELD_ENCRYPTION_KEY": settings.FIELD_ENCRYPTION_KEY,
            "EDGE_FUNCTION": EDGE,
            "MIN_INTERVAL_S": "1",
            "DATA_DIR": str(self.scratch / "data"),
            "INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1",
        }
        return self.make_function(name, self.core_folder, handler, environment | more)

    def make_function(self, name, folder, handler, more, *, timeout_s=60.0):
        environment = {
            "ENGINE": "serverless",
            "LOG_FORMAT": "json",
            "AWS_ENDPOINT_URL": self.aws.url,
            **self.queue_settings,
            **more,
        }
        function = Function(name, folder, handler, environment, scratch=self.scratch, timeout_s=timeout_s)
        self.aws.functions[name] = function
        return function

    def start(self, *, shuffle=False, double=False, every_s=60.0):
        chance = random.Random(7) if shuffle else None
        for queue, function in (
            ("checks", self.edge),
            ("deliveries", self.edge),
            ("results", self.core),
            ("receipts", self.core),
        ):
            self.mappings[queue] = Mapping(
                self.aws.client("sqs"),
                function,
                f"{PREFIX}-{queue}",
                self.urls[queue],
                batch_size=self.batch_size,
                chance=chance,
                double=double,
            ).start()
        self.every_s = every_s
        return self

    def start_clock(self):
        """The first tick comes at once, so there had better be a monitor by then: the next comes in a
        minute."""
        if self.clock is None:
            self.clock = Clock(self.cores, scheduled_event(SCHEDULER), every_s=self.every_s).start()

    def stop(self):
        if self.clock:
            self.clock.stop()
        for mapping in self.mappings.values():
            mapping.stop()
        for function in self.aws.functions.values():
            function.close()
        for name in self.sqs.list_queues().get("QueueUrls", []):
            self.sqs.delete_queue(QueueUrl=name)
        self.aws.stop()

    # What tests ask

    def send(self, queue, body):
        self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=body.decode())

    def depth(self, queue, *, dead=False):
        url = self.urls[queue] + ("-dead" if dead else "")
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(map(int, found.values()))

    def dead(self):
        return {queue: count for queue in self.urls if (count := self.depth(queue, dead=True))}

    def output(self):
        return "\n".join(f"--- {name}\n{f.output()[-4000:]}" for name, f in self.aws.functions.items())

    def wait_until(self, claim, *, within_s=90.0):
        self.start_clock()
        deadline = time.monotonic() + within_s
        while not (answer := claim()):
            assert time.monotonic() < deadline, (
                f"did not come true within {within_s} s: {claim.__name__}\n{self.output()}"
            )
            time.sleep(0.05)
        return answer
