"""What the deployment guide asked for and docs/deploy.md says: held against what there is."""

import re
import subprocess

import pytest

from infra.stacks import FOLDER
from infra.stages import zappa_stages
from tests.infra.test_stacks_templates import ROOT

DEPLOY = (ROOT / "docs" / "deploy.md").read_text()


@pytest.mark.parametrize("stage", zappa_stages("prod"), ids=lambda stage: stage.key)
def test_logs_and_figures_of_each_function_are_named(stage):
    assert re.search(rf"aws logs tail /aws/lambda/{stage.function} --follow ", DEPLOY)
    looped = re.search(r"for function in (.*); do", DEPLOY)[1].split()
    assert stage.function in looped


def test_the_queues_figures_are_those_of_the_template():
    template = (FOLDER / "queues.yaml").read_text()
    assert set(re.findall(r"VisibilityTimeout: (\d+)", template)) == {"150"}
    assert re.findall(r"MessageRetentionPeriod: (\d+)", template) == (
        ["3600", "1209600"] + ["345600", "1209600"] * 3
    )
    assert re.findall(r"maxReceiveCount: (\d+)", template) == ["5", "12", "5", "12"]
    assert "| seen again after (visibility) | 300 s | 150 s | 150 s |" in DEPLOY
    assert "| kept for (retention) | 1 day | 1 hour: what is older is no news | 4 days |" in DEPLOY
    assert "| attempts, then dead letters | – | 5 | 12, 5, 12 |" in DEPLOY


def test_packages_are_built_in_awss_image_by_one_command():
    command = ["make", "--no-print-directory", "-n", "package-container", "DOCKER=podman"]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert asked.startswith("podman run --rm --platform linux/amd64 -v ")
    assert asked.endswith("public.ecr.aws/sam/build-python3.12 sh scripts/package-in-container.sh\n")
    script = (ROOT / "scripts" / "package-in-container.sh").read_text()
    assert subprocess.run(["sh", "-n"], input=script, text=True, check=True).returncode == 0
    assert "-m infra.package" in script


def test_sam_tells_the_apis_address():
    outputs = (FOLDER / "sam" / "template.yaml").read_text().partition("\nOutputs:\n")[2]
    assert "  ApiUrl: " in outputs
    assert "execute-api.${AWS::Region}.amazonaws.com/${Stage}" in outputs
