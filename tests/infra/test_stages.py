"""Names of stages."""

import pytest
from django.core.management import CommandError, call_command

from infra.stages import WrongStage


@pytest.mark.parametrize("name", ["", "Prod", "prod_core", "a", "a-b", "averylongname"])
def test_a_stage_has_a_short_plain_name(name):
    with pytest.raises((CommandError, WrongStage), match="A stage is 2 to 12 small letters"):
        call_command("aws", "status", f"--stage={name}", "--region=eu-west-1")
