"""Everything works in the region that was asked for: our own clients, and Zappa, which is a process of its
own."""

import stat

import pytest

from infra.clients import Clients
from infra.deploy import zappa_beside


@pytest.fixture
def nowhere(monkeypatch, tmp_path):
    """An environment and a configuration that name no region."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))


def test_the_region_is_the_one_that_awss_own_tools_would_take(nowhere, monkeypatch):
    assert Clients().session.region_name is None
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert Clients().session.region_name == "us-east-1"
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    assert Clients().session.region_name == "eu-west-1"
    assert Clients("ap-south-1").session.region_name == "ap-south-1"


@pytest.mark.parametrize(("command", "attempts"), [("manage", "1"), ("invoke", "1"), ("update", "")])
def test_what_runs_long_is_started_once(nowhere, monkeypatch, tmp_path, command, attempts):
    zappa, told = tmp_path / "bin" / "zappa", tmp_path / "told"
    zappa.parent.mkdir()
    zappa.write_text(f'#!/bin/sh\necho "$AWS_MAX_ATTEMPTS" > {told}\n')
    zappa.chmod(zappa.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("ZAPPA", str(zappa))
    monkeypatch.delenv("AWS_MAX_ATTEMPTS", raising=False)
    zappa_beside(Clients("eu-west-1"))([command, "prod_migrate"])
    assert told.read_text() == f"{attempts}\n"


def test_zappa_works_where_we_do(nowhere, monkeypatch, tmp_path):
    zappa, told = tmp_path / "bin" / "zappa", tmp_path / "told"
    zappa.parent.mkdir()
    zappa.write_text(f'#!/bin/sh\necho "$AWS_REGION $AWS_DEFAULT_REGION $*" > {told}\n')
    zappa.chmod(zappa.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("ZAPPA", str(zappa))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    zappa_beside(Clients("eu-west-1"))(["update", "prod"])
    assert told.read_text() == "eu-west-1 eu-west-1 update prod\n"
