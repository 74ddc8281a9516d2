"""Secrets from the parameter store, and a start without them; against an emulated one."""

import pytest

from core.env import Env, SettingsError

PATH = "/sentrypulse/test/env"


@pytest.fixture
def store(aws, point_clients_at):
    point_clients_at(aws)
    ssm = aws.client("ssm")
    for number in range(12):  # more than a page
        ssm.put_parameter(Name=f"{PATH}/VALUE_{number}", Value=str(number), Type="String")
    ssm.put_parameter(Name=f"{PATH}/SECRET_KEY", Value="s3cret", Type="SecureString")
    ssm.put_parameter(Name="/sentrypulse/other/env/SECRET_KEY", Value="wrong", Type="SecureString")
    yield
    names = [
        found["Name"]
        for page in ssm.get_paginator("describe_parameters").paginate()
        for found in page["Parameters"]
    ]
    for name in names:
        ssm.delete_parameter(Name=name)


def test_parameters_count_as_variables_and_what_stands_in_the_environment_goes_before(store):
    env = Env({"SSM_PATH": PATH, "VALUE_3": "mine"})
    assert (env.text("SECRET_KEY"), env.text("VALUE_11"), env.text("VALUE_3")) == ("s3cret", "11", "mine")


def test_a_path_with_nothing_under_it_stops_the_start(store):
    with pytest.raises(
        SettingsError, match="SSM_PATH names no parameters: there is nothing under /sentrypulse/nobody"
    ):
        Env({"SSM_PATH": "/sentrypulse/nobody"})


def test_a_store_that_does_not_answer_stops_the_start_with_one_sentence(store, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(
        SettingsError, match="SSM_PATH cannot be read from the parameter store: Could not connect"
    ):
        Env({"SSM_PATH": PATH})
