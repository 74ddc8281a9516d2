"""What ``manage.py aws outputs`` prints."""

import json
import sys
from pathlib import Path

from django.core.management import call_command

from infra import edges
from infra.stacks import Wishes
from tests.infra.provisioning import run


def test_the_outputs_are_what_sam_asks_for(provisioned, clients, capsys, monkeypatch):
    monkeypatch.setenv("ZAPPA", str(Path(sys.executable).parent / "zappa"))
    call_command("aws", "outputs", "--stage=prod", "--sam")
    told = dict(part.split("=", 1) for part in capsys.readouterr().out.split())
    assert told["Stage"] == "prod"
    assert told["Runtime"] == f"python{sys.version_info[0]}.{sys.version_info[1]}"
    assert told["SchedulerRule"] == "sentrypulse-prod-core-pipeline.entrypoints.aws_core.scheduler"
    assert (told["RedisUrl"], told["EdgeQueueUrls"]) == ("none", "none")
    assert told["TrustedProxies"] == "2"
    assert told["EdgeRoleArn"] == "arn:aws:iam::123456789012:role/sentrypulse-prod-edge"
    call_command("aws", "outputs", "--stage=prod")
    assert json.loads(capsys.readouterr().out)["ChecksQueueArn"] == told["ChecksQueueArn"]
    run(clients, Wishes(redis=True))
    edges.open_edge(clients.ssm, "prod", "us-east-1", "https://sqs.us-east-1.amazonaws.com/1/checks")
    call_command("aws", "outputs", "--stage=prod", "--sam")
    told = dict(part.split("=", 1) for part in capsys.readouterr().out.split())
    assert told["RedisUrl"].startswith("rediss://")
    assert told["EdgeQueueUrls"] == "us-east-1=https://sqs.us-east-1.amazonaws.com/1/checks"
