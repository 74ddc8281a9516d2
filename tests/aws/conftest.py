"""The serverless engine's tests need its tools (``make .venv-aws/aws.stamp``) and Python 3.12; without, they
are skipped with the reason. The story needs MariaDB, too."""

import sys

import pytest

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


collect_ignore_glob = [] if not why_not() else ["test_*.py"]


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The core's and the edge's package, built, packed by Zappa and unzipped."""
    from tests.aws.deployment import package_with_zappa
    from tests.aws.runtime import unzip

    folder = tmp_path_factory.mktemp("packages")
    return [unzip(package, folder / package.stem) for package in package_with_zappa(folder)]


@pytest.fixture
def aws():
    from tests.aws.emulator import EmulatedAws

    running = EmulatedAws().start()
    yield running
    sqs = running.client("sqs")
    for url in sqs.list_queues().get("QueueUrls", []):
        sqs.delete_queue(QueueUrl=url)
    running.stop()
