"""Tests of what deploys the product. Those that need the serverless engine's tools are skipped without them,
with the reason; `make test-aws` runs all of them."""

import sys

import pytest

TOOLS = ("moto", "zappa", "awslambdaric", "elftools")


def why_not():
    """Why tests against the emulator cannot run here; empty when they can."""
    if not sys.platform.startswith("linux") or sys.version_info[:2] not in {(3, 12), (3, 13)}:
        return "The serverless engine's tools need Python 3.12 or 3.13 on Linux: make test-aws."
    for tool in TOOLS:
        try:
            __import__(tool)
        except ImportError:
            return f"{tool} is not installed: make test-aws."
    return ""


REASON = why_not()


@pytest.fixture
def aws(monkeypatch):
    """An empty AWS, which this process and its children see and no other."""
    if REASON:
        pytest.skip(REASON)
    import requests

    from tests.infra.emulator import Emulator

    with Emulator() as emulator:
        for name, value in emulator.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_PROFILE", raising=False)
        requests.post(f"{emulator.url}/moto-api/reset", timeout=10)
        emulator.calls.clear()
        yield emulator


@pytest.fixture
def clients(aws):
    from infra.clients import Clients

    return Clients("eu-west-1")


@pytest.fixture
def provisioned(clients):
    """The stage ``prod`` with everything but its code; its outputs."""
    from infra.outputs import read_outputs
    from infra.provision import provision
    from infra.stacks import Wishes

    provision(clients, "prod", Wishes(), report=lambda line: None, poll_s=0.01)
    return read_outputs(clients, "prod")
