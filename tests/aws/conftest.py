"""The serverless engine's tests need its tools and Python 3.12 (``make test-aws``), and those with the core's
function MariaDB, too; without, they are skipped with the reason."""

import sys

import boto3
import pytest
from django.db import connection

TOOLS = ("moto", "awslambdaric", "zappa", "elftools")


def why_not():
    """Why these tests cannot run here; empty when they can."""
    if not sys.platform.startswith("linux") or sys.version_info[:2] not in {(3, 12), (3, 13)}:
        return "Lambda's packages are built and run with Python 3.12 or 3.13 on Linux: make test-aws."
    for tool in TOOLS:
        try:
            __import__(tool)
        except ImportError:
            return f"{tool} is not installed: make test-aws."
    return ""


@pytest.fixture(autouse=True)
def _with_tools(request):
    if reason := why_not():
        pytest.skip(reason)


@pytest.fixture(autouse=True)
def _quick(settings):
    settings.MIN_INTERVAL_S = 1


@pytest.fixture
def aws():
    from tests.aws.emulator import EmulatedAws

    running = EmulatedAws().start()
    yield running
    sqs = running.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)
    running.stop()


@pytest.fixture
def target():
    from tests.e2e.harness import Target

    running = Target().start()
    yield running
    running.stop()


@pytest.fixture
def receiver():
    from tests.delivery.receivers import Receiver

    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def deploy(shared_database, tmp_path):
    """Makes a deployment on the test's database; it is stopped in the end."""
    if connection.vendor == "sqlite":
        pytest.skip("The core's function needs MariaDB or MySQL (make test-aws).")
    from tests.aws.deployment import Deployment
    from tests.stories.engines import database_url

    made = []

    def make(**options):
        options = {"database_url": database_url()} | options
        made.append(Deployment(tmp_path, **options))
        return made[-1]

    yield make
    for deployment in made:
        deployment.stop()
    assert [sentence for deployment in made for sentence in deployment.aws.refused] == []


@pytest.fixture
def point_clients_at(monkeypatch):
    """Lets this process's own clients reach an emulated AWS, faults included."""

    def point(aws):
        for name, value in {
            "AWS_ENDPOINT_URL": aws.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }.items():
            monkeypatch.setenv(name, value)
        boto3.DEFAULT_SESSION = None

    yield point
    boto3.DEFAULT_SESSION = None
