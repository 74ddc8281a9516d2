"""The code onto the functions, by Zappa, in an order in which every moment between works."""

import os
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from infra.clients import Clients
from infra.outputs import NotProvisioned, find_api_domain, find_stacks
from infra.provision import show_api
from infra.stacks import ROLES
from infra.stages import ZappaStage, zappa_stages

Report = Callable[[str], None]
Run = Callable[[Sequence[str]], None]
ROOT = Path(__file__).resolve().parent.parent


class ZappaFailed(Exception):
    """Zappa ended with an error; what it said stands above."""


def run_zappa(arguments: Sequence[str], *, region: str) -> None:
    """Zappa from its environment, in ``region``. Raises ``ZappaFailed``.

    It packages nothing itself (``exclude`` in zappa_settings.json; ``infra.package`` does), so what it takes
    for the product's environment is its own.
    """
    zappa = Path(os.environ.get("ZAPPA", ROOT / ".venv-aws" / "bin" / "zappa"))
    if not zappa.exists():
        raise ZappaFailed(
            "Zappa is not installed: run make .venv-aws/aws.stamp, or set ZAPPA=/path/to/zappa."
        )
    where = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    environment = {**os.environ, **where, "VIRTUAL_ENV": str(zappa.parent.parent)}
    ended = subprocess.run([str(zappa), *arguments], cwd=ROOT, env=environment, check=False)  # our own
    if ended.returncode != 0:
        raise ZappaFailed(f"zappa {' '.join(arguments)} ended with {ended.returncode}.")


def zappa_beside(clients: Clients) -> Run:
    """Zappa where ``clients`` are: left to itself it would work in the region of the environment, whatever
    ``--region`` says."""
    return partial(run_zappa, region=clients.session.region_name or "")


def deploy(
    clients: Clients,
    stage: str,
    *,
    report: Report,
    run: Run | None = None,
    poll_s: float = 5.0,
    migrate: bool = True,
) -> None:
    """Every function of the stage, the schema migrated in between, then the API shown to the world.

    The schema comes before the code that needs it, and after nothing: migrations are written so that the code
    before them goes on working (docs/deploy.md, "Migrations"). Raises ``NotProvisioned``, ``ZappaFailed``.
    """
    if ROLES.part not in find_stacks(clients, stage):
        raise NotProvisioned(
            f"Nothing is there to deploy to: run manage.py aws provision --stage {stage} first."
        )
    run = run or zappa_beside(clients)
    for zappa in zappa_stages(stage):
        report(f"{zappa.key}")
        deploy_one(clients, zappa, report=report, run=run)
        if zappa.plane == "migrate" and migrate:
            report("  migrating")
            run(["manage", zappa.key, "migrate --noinput"])
    report("the distribution")
    report(f"  frontend: {show_api(clients, stage, report=report, poll_s=poll_s)}")


def deploy_one(clients: Clients, zappa: ZappaStage, *, report: Report, run: Run) -> str:
    """One function, deployed when it is new and updated otherwise; what was done.

    A deployment that died between its function and its API can do neither, so it is taken back and made anew.
    """
    there = is_deployed(clients, zappa)
    if there and zappa.plane == "api" and not find_api_domain(clients, zappa.stage):
        report(f"  {zappa.function} has no API, from a deployment that was cut short; starting anew")
        run(["undeploy", "-y", zappa.key])
        there = False
    command = "update" if there else "deploy"
    run([command, zappa.key])
    return command


def is_deployed(clients: Clients, zappa: ZappaStage) -> bool:
    try:
        clients.functions.get_function_configuration(FunctionName=zappa.function)
    except clients.functions.exceptions.ResourceNotFoundException:
        return False
    return True
