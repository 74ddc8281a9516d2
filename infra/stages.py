"""A stage is one whole installation (prod, dev). The names of its parts are made from its name."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROJECT = "sentrypulse"
ROOT = Path(__file__).resolve().parent.parent
_NAME = re.compile(r"^[a-z][a-z0-9]{1,11}$")
_PLANES = {"core": "core", "edge": "edge", "migrate": "migrate"}


class WrongStage(Exception):
    """The stage's name is not valid. The text is a sentence."""


@dataclass(frozen=True, slots=True)
class ZappaStage:
    """One of the keys of zappa_settings.json: ``prod``, ``prod_core``, ``prod_edge``, ``prod_migrate``."""

    stage: str
    plane: str

    @property
    def key(self) -> str:
        return self.stage if self.plane == "api" else f"{self.stage}_{self.plane}"

    @property
    def function(self) -> str:
        """The name of the Lambda function, as Zappa makes it from project and stage."""
        return f"{PROJECT}-{self.key}".replace("_", "-")


def check_stage(name: str) -> str:
    """Returns ``name``. Raises ``WrongStage`` unless it is short and plain enough for AWS's names."""
    if not _NAME.match(name):
        raise WrongStage(f"A stage is 2 to 12 small letters and digits, such as prod or dev, not {name!r}.")
    return name


def read_zappa_stage(key: str) -> ZappaStage:
    """Stage and plane of a name such as ``prod_core``. Raises ``WrongStage``."""
    stage, _, plane = key.partition("_")
    if plane and plane not in _PLANES:
        raise WrongStage(f"{key}: after the underscore stands core, edge or migrate, not {plane!r}.")
    return ZappaStage(check_stage(stage), _PLANES[plane] if plane else "api")


def zappa_stages(stage: str) -> list[ZappaStage]:
    """The Zappa stages in the order of a deployment. The edge can receive messages before anything sends
    them. The schema is migrated by a function of its own, before the code that needs it is deployed."""
    return [ZappaStage(check_stage(stage), plane) for plane in ("edge", "migrate", "core", "api")]


def read_zappa_config(key: str) -> dict[str, Any]:
    """A stage of zappa_settings.json, merged one level deep with the stage that it extends, as Zappa does.
    Raises ``WrongStage``."""
    stages = json.loads((ROOT / "zappa_settings.json").read_text())
    if key not in stages:
        raise WrongStage(f"zappa_settings.json has no stage {key}: add it as prod's are written there.")
    config: dict[str, Any] = dict(stages[key])
    while base := config.pop("extends", None):
        config = {**stages[base], **config}
    return config


def stack_name(stage: str, part: str) -> str:
    return f"{PROJECT}-{stage}-{part}"


def env_path(stage: str) -> str:
    """The path of the parameters that are the functions' environment."""
    return f"/{PROJECT}/{stage}/env"


def infra_path(stage: str) -> str:
    """The path of the parameters that only the infrastructure uses; no function may read them."""
    return f"/{PROJECT}/{stage}/infra"


def rule_name(stage: str, job: str) -> str:
    """The EventBridge rule that Zappa makes for ``scheduler`` or ``nightly``: the function's name, cut to fit
    into 64 characters, then the path of the code, by which the package finds it."""
    code = f"pipeline.entrypoints.aws_core.{job}"
    return f"{ZappaStage(stage, 'core').function[: 63 - len(code)]}-{code}"
