"""The code onto the functions, by Zappa, in an order in which every moment between works."""

import os
import subprocess
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from infra import migrating
from infra.clients import Clients
from infra.edges import check_edge_region, open_edge, read_edge_queues
from infra.outputs import NotProvisioned, check_home, find_api_domain, find_stacks, is_deployed
from infra.provision import finish_stacks
from infra.stacks import EDGE_STACKS, ROLES
from infra.stages import ROOT, ZappaStage, zappa_stages

Report = Callable[[str], None]
Run = Callable[[Sequence[str]], None]


class ZappaFailed(Exception):
    """Zappa ended with an error; what it said stands above."""


def run_zappa(arguments: Sequence[str], *, region: str) -> None:
    """Zappa from its environment, in ``region``. Raises ``ZappaFailed``.

    It packages nothing itself (``exclude`` in zappa_settings.json; ``infra.package`` does), so what it takes
    for the product's environment is its own.
    """
    zappa = find_zappa()
    where = {"AWS_REGION": region, "AWS_DEFAULT_REGION": region}
    environment = {**os.environ, **where, "VIRTUAL_ENV": str(zappa.parent.parent)}
    if arguments[0] in {"manage", "invoke"}:  # when no answer comes, botocore would start it all over again
        environment["AWS_MAX_ATTEMPTS"] = "1"
    ended = subprocess.run([str(zappa), *arguments], cwd=ROOT, env=environment, check=False)  # our own
    if ended.returncode != 0:
        raise ZappaFailed(f"zappa {' '.join(arguments)} ended with {ended.returncode}.")


def find_zappa() -> Path:
    """The path of Zappa. Raises ``ZappaFailed`` when it is not installed."""
    zappa = Path(os.environ.get("ZAPPA", ROOT / ".venv-aws" / "bin" / "zappa"))
    if not zappa.exists():
        raise ZappaFailed(
            "Zappa is not installed: run make .venv-aws/aws.stamp, or set ZAPPA=/path/to/zappa."
        )
    return zappa


def find_runtime() -> str:
    """Lambda's name for the Python that the packages are made for: that of Zappa's environment."""
    python, code = find_zappa().parent / "python", "import sys; print('python%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def zappa_beside(clients: Clients) -> Run:
    """Zappa in the region of ``clients``. By itself it would work in the environment's region, whatever
    ``--region`` says."""
    return partial(run_zappa, region=clients.session.region_name or "")


def deploy(
    clients: Clients,
    stage: str,
    *,
    report: Report,
    beside: Callable[[Clients], Run] = zappa_beside,
    poll_s: float = 5.0,
    migrate: bool = True,
) -> None:
    """Every function of the stage, further edges among them, the schema migrated in between, then the API
    shown to the world and the schedule watched.

    The schema comes before the code that needs it, and after nothing: migrations are written so that the code
    before them goes on working (docs/deploy.md, "Migrations"). Raises ``NotProvisioned``, ``ZappaFailed``,
    ``MigrationFailed``.
    """
    found = find_stacks(clients, stage)
    check_home(clients, stage, found)
    if ROLES.part not in found:
        raise NotProvisioned(
            f"Nothing is there to deploy to: run manage.py aws provision --stage {stage} first."
        )
    run = beside(clients)
    for zappa in zappa_stages(stage):
        report(f"{zappa.key}")
        deploy_one(clients, zappa, report=report, run=run)
        if zappa.plane == "edge":
            for there in (
                Clients(region) for region, url in read_edge_queues(clients.ssm, stage).items() if url
            ):
                report(f"{zappa.key} in {there.session.region_name}")
                deploy_one(there, zappa, report=report, run=beside(there))
        if zappa.plane == "migrate" and migrate:
            report("  migrating")
            migrating.migrate(clients, stage, report=report, poll_s=min(poll_s, 3.0))
    finish_stacks(clients, stage, report=report, poll_s=poll_s)


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


# An edge in a further region


def deploy_edge(
    home: Clients,
    stage: str,
    region: str,
    *,
    report: Report,
    beside: Callable[[Clients], Run] = zappa_beside,
) -> None:
    """The edge in ``region``; once it stands, home learns of it, and checks go there.

    Raises ``WrongRegion``, ``NotProvisioned``, ``ZappaFailed``.
    """
    check_home(home, stage, find_stacks(home, stage))
    there = check_edge_region(home, region)
    found = find_stacks(there, stage)
    if missing := [stack.part for stack in EDGE_STACKS if stack.part not in found]:
        raise NotProvisioned(
            f"{region} has no {' and no '.join(missing)} of {stage} yet:"
            f" run manage.py aws provision --stage {stage} --edge-region {region} first."
        )
    zappa = ZappaStage(stage, "edge")
    report(f"{zappa.key} in {region}")
    deploy_one(there, zappa, report=report, run=beside(there))
    open_edge(home.ssm, stage, region, found["queues"].outputs["ChecksQueueUrl"])
    tell_home(home, stage, report=report, run=beside(home))


def tell_home(home: Clients, stage: str, *, report: Report, run: Run) -> None:
    """Configure the functions at home again, so that they know the regions of today.

    Their code stays: newer code might need a schema that is not there. The core comes before the API, because
    the core must know a region before the API asks for checks there. Functions that SAM made are left to SAM.
    """
    if is_deployed(home, ZappaStage(stage, "api")) and not find_api_domain(home, stage):
        report(
            "The API at home is none of Zappa's: deploy there again as you did, so that it learns of its"
            " regions"
        )
        return
    for zappa in zappa_stages(stage):
        if zappa.plane != "edge" and is_deployed(home, zappa):
            report(f"{zappa.key} learns of its regions")
            # Zappa wants a value, and takes any for yes.
            run(["update", zappa.key, "--no-upload=true"])
