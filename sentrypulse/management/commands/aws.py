"""`manage.py aws …`: SentryPulse on AWS. What it does stands in `infra/`; here are its words."""

import json
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from infra import bastion, deploy, destroy, migrating, provision, serverless, site, status
from infra.aurora import LINE, WrongVersion
from infra.callbacks import DeployRefused
from infra.clients import Clients
from infra.cloudformation import StackFailed, parameter_names
from infra.edges import WrongRegion, read_edge_queues
from infra.mappings import StaysBusy
from infra.outputs import NotProvisioned, need, read_outputs
from infra.prices import BASTION_MONTH
from infra.stacks import Wishes
from infra.stages import WrongStage, check_stage
from infra.wishes import WrongWish

REFUSALS = (
    WrongStage,
    WrongRegion,
    WrongVersion,
    NotProvisioned,
    StackFailed,
    DeployRefused,
    StaysBusy,
    WrongWish,
    deploy.ZappaFailed,
    migrating.MigrationFailed,
    site.NoSite,
)
OPTIONAL_IN_SAM = ("RedisUrl", "EdgeQueueUrls")


class Command(BaseCommand):
    help = "Make, deploy, look at and take away SentryPulse on AWS. Every part is safe to run again."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        self._add(parts, "provision", "make or change everything but the code", _add_wishes)
        self._add(parts, "deploy", "the code onto the functions, by Zappa; migrates in between", _add_deploy)
        self._add(parts, "migrate", "the schema, by the code that is deployed; started once, and followed")
        self._add(parts, "status", "what stands, and what is wrong with it", _add_edge)
        self._add(parts, "outputs", "addresses and ARNs, as JSON or for AWS SAM", _add_outputs)
        self._add(parts, "bastion", "a way to the database for people, made or removed", _add_bastion)
        self._add(parts, "frontend", "upload a built static site", _add_frontend)
        self._add(parts, "destroy", "take everything away; the data is kept", _add_destroy)

    def _add(
        self, parts: Any, name: str, what: str, add: Callable[[ArgumentParser], None] = lambda parser: None
    ) -> None:
        parser: ArgumentParser = parts.add_parser(name, help=what, description=what)
        parser.add_argument(
            "--stage", required=True, help="prod or dev, or another that zappa_settings.json has"
        )
        parser.add_argument(
            "--region", default="", help="where; default: AWS_REGION, or your AWS configuration"
        )
        add(parser)

    def handle(self, *args: Any, part: str, stage: str, region: str, **options: Any) -> None:
        clients = Clients(region)
        try:
            check_stage(stage)
            if not clients.session.region_name:
                raise CommandError("Say where: --region eu-west-1, or set AWS_REGION.")
            getattr(self, f"_{part}")(clients, stage, options)
        except REFUSALS as refusal:
            raise CommandError(str(refusal)) from None
        except (BotoCoreError, ClientError) as error:
            raise CommandError(f"AWS: {error}") from None

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    # The parts

    def _provision(self, clients: Clients, stage: str, options: dict[str, Any]) -> None:
        wishes = Wishes(**{name: options[name] for name in Wishes.__dataclass_fields__})
        home, edge = clients.session.region_name, options["edge_region"]
        if edge and (given := wishes.given()):
            named = ", ".join(f"--{name.replace('_', '-')}" for name in given)
            raise CommandError(f"An edge leaves nothing to choose: {named} is for provision at home.")
        plan = (
            provision.plan_edge(clients, stage, edge)
            if edge
            else provision.plan_stage(clients, stage, wishes)
        )
        floor_usd = sum(line.floor_usd for line in plan.lines)
        self._say(f"Stage {stage}, edge in {edge} (home: {home}):" if edge else f"Stage {stage} in {home}:")
        for line in plan.lines:
            cost = f"{line.floor_usd:8.2f} USD" if line.floor_usd else "       –    "
            self._say(f"  {line.stack.part:<11} {line.doing:<26} {cost}  {line.stack.why}")
        self._say(
            f"The least it costs a month, before anybody uses it: {floor_usd:.2f} USD (list prices,"
            " us-east-1; docs/deploy.md has the whole bill)."
        )
        for warning in plan.warnings:
            self._say(warning)
        if options["dry_run"]:
            self._say("A dry run: nothing was made.")
            return
        if not options["yes"]:
            self._confirm("Go ahead?", "yes")
        done = (
            provision.provision_edge(clients, stage, edge, report=self._say)
            if edge
            else provision.provision(clients, stage, wishes, report=self._say)
        )
        changed = [part for part, what in done.items() if what != "unchanged"]
        self._say(
            f"Done: {', '.join(changed)} made or changed." if changed else "Done: nothing had to change."
        )
        self._say(f"Next: manage.py aws deploy --stage {stage}{f' --edge-region {edge}' if edge else ''}")

    def _deploy(self, clients: Clients, stage: str, options: dict[str, Any]) -> None:
        if edge := options["edge_region"]:
            deploy.deploy_edge(clients, stage, edge, report=self._say)
            self._say(f"Monitors may name {edge}; those that name no region are checked from there, too.")
            return
        deploy.deploy(clients, stage, report=self._say, migrate=not options["no_migrate"])
        self._say(f"SentryPulse runs: {read_outputs(clients, stage).get('PublicUrl', '')}")

    def _migrate(self, clients: Clients, stage: str, options: dict[str, Any]) -> None:
        migrating.migrate(clients, stage, report=self._say)

    def _status(self, clients: Clients, stage: str, options: dict[str, Any]) -> None:
        edge = options["edge_region"]
        for line in status.tell_edge(clients, stage, edge) if edge else status.tell_stage(clients, stage):
            self._say(line)

    def _outputs(self, clients: Clients, stage: str, options: dict[str, Any]) -> None:
        outputs = read_outputs(clients, stage) | {"Stage": stage}
        if options["serverless"]:
            self._say(serverless.write_template(clients, stage, runtime=deploy.find_runtime()))
            return
        if not options["sam"]:
            self._say(json.dumps(outputs, indent=2, sort_keys=True))
            return
        outputs |= {"Runtime": deploy.find_runtime()}
        outputs = dict.fromkeys(OPTIONAL_IN_SAM, "none") | outputs
        asked = parameter_names((settings.BASE_DIR / "infra" / "sam" / "template.yaml").read_text())
        values = {name: need(outputs, name, stage=stage) for name in sorted(asked)}
        self._say(" ".join(f"{name}={value}" for name, value in values.items()))

    def _bastion(self, clients: Clients, stage: str, options: dict[str, Any]) -> None:
        if options["remove"]:
            gone = bastion.remove(clients, stage, report=self._say)
            self._say("The bastion is gone." if gone else "There is no bastion.")
            return
        command = bastion.make(clients, stage, report=self._say)
        self._say(
            f"It costs {BASTION_MONTH:.2f} USD a month until manage.py aws bastion --stage {stage} --remove."
        )
        self._say(f"The database at 127.0.0.1:{bastion.LOCAL_PORT}, while this runs:\n{command}")

    def _frontend(self, clients: Clients, stage: str, options: dict[str, Any]) -> None:
        outputs = read_outputs(clients, stage)
        if "GatewayId" in outputs and "SiteBucket" not in outputs:
            raise CommandError(f"{stage} has no distribution (--no-cdn), and so no place for the app.")
        bucket = need(outputs, "SiteBucket", stage=stage)
        synced = site.sync(clients.s3, bucket, Path(options["folder"]), report=self._say)
        self._say(
            f"{synced.uploaded} uploaded, {synced.unchanged} were there already, {synced.deleted} deleted."
        )
        if synced.uploaded or synced.deleted:
            made = site.invalidate(clients.cloudfront, need(outputs, "DistributionId", stage=stage))
            self._say(f"Invalidation {made}: {outputs.get('PublicUrl', '')} shows it within a minute or two.")

    def _destroy(self, clients: Clients, stage: str, options: dict[str, Any]) -> None:
        if edge := options["edge_region"]:
            self._destroy_edge(clients, stage, edge, options)
            return
        edges = "".join(f", the edge in {region}" for region in read_edge_queues(clients.ssm, stage))
        self._say(
            f"This takes {stage} away: functions, queues and what is in them, network, distribution{edges}."
            " Kept are a snapshot of the database, the buckets of published pages and the archive, and the"
            f" secrets{', which you asked to forget' if options['forget_secrets'] else ''}."
        )
        if options["yes_destroy"] != stage:
            self._confirm("To go ahead, type the name of the stage:", stage)
        destroy.destroy(clients, stage, report=self._say, delete_parameters=options["forget_secrets"])
        self._say(f"{stage} is gone.")

    def _destroy_edge(self, clients: Clients, stage: str, edge: str, options: dict[str, Any]) -> None:
        self._say(
            f"This takes the edge of {stage} in {edge} away, and the checks that wait there. Monitors that"
            " name this region are checked from their others, or from all."
        )
        if options["yes_destroy"] != edge:
            self._confirm("To go ahead, type the name of the region:", edge)
        destroy.destroy_edge(clients, stage, edge, report=self._say)
        self._say(f"The edge in {edge} is gone.")

    def _confirm(self, question: str, answer: str) -> None:
        try:
            given = input(f"{question} [{answer}] ")
        except EOFError:
            given = ""
        if given.strip() != answer:
            raise CommandError("Nothing was done.")


def _add_edge(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--edge-region", default="", metavar="REGION", help="an edge there, and only that; such as us-east-1"
    )


def _add_wishes(parser: ArgumentParser) -> None:
    _add_edge(parser)
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--dry-run", action="store_true", help="say what would be made; ask and make nothing")
    parser.add_argument("--redis", action="store_const", const=True, help="with a shared cache")
    parser.add_argument(
        "--no-cdn",
        dest="cdn",
        action="store_const",
        const=False,
        help="without CloudFront, for an account that may have no distributions: see docs/deploy.md",
    )
    parser.add_argument(
        "--cdn", dest="cdn", action="store_const", const=True, help="with CloudFront (the default)"
    )
    _add_database(parser)
    parser.add_argument("--domain", help="of the app and the API, such as sentrypulse.example.com")
    parser.add_argument("--certificate-arn", help="for it; of ACM in us-east-1")
    parser.add_argument("--status-domain", help="of published status pages, such as status.example.com")
    parser.add_argument("--status-certificate-arn", help="for it; of ACM in us-east-1")
    parser.add_argument("--alarm-email", help="who is told when something is wrong")
    parser.add_argument("--admin-email", help="the administrator's address")
    parser.add_argument("--from-email", help="the sender of e-mails, of a domain that SES has verified")
    parser.add_argument("--web-acl-arn", help="a WAF web ACL in front of the app and the API")


def _add_database(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--min-acu", type=float, help="of the database; 0 lets it pause (default 0.5 in prod, else 0)"
    )
    parser.add_argument("--max-acu", type=float, help="of the database (default 8)")
    parser.add_argument(
        "--engine-version", help=f"of Aurora MySQL, such as {LINE} (the default of a new database) or 3.10.4"
    )
    parser.add_argument(
        "--unprotected", dest="protected", action="store_const", const=False, help="database may go"
    )
    parser.add_argument(
        "--protected", dest="protected", action="store_const", const=True, help="database may not go"
    )
    parser.add_argument(
        "--from-snapshot",
        metavar="SNAPSHOT",
        help="begin a new database with it: a cluster snapshot's name or ARN",
    )


def _add_deploy(parser: ArgumentParser) -> None:
    _add_edge(parser)
    parser.add_argument("--no-migrate", action="store_true", help="leave the schema as it is")


def _add_outputs(parser: ArgumentParser) -> None:
    parser.add_argument("--sam", action="store_true", help="as sam deploy --parameter-overrides takes them")
    parser.add_argument("--serverless", action="store_true", help="in a serverless.yml (make serverless)")


def _add_bastion(parser: ArgumentParser) -> None:
    parser.add_argument("--remove", action="store_true", help="take it away")


def _add_frontend(parser: ArgumentParser) -> None:
    folder = settings.BASE_DIR / "frontend" / "out"
    parser.add_argument("--folder", default=str(folder), help="the built site (default frontend/out)")


def _add_destroy(parser: ArgumentParser) -> None:
    _add_edge(parser)
    parser.add_argument(
        "--yes-destroy",
        default="",
        metavar="NAME",
        help="the stage's name again (or the edge's region): do not ask",
    )
    parser.add_argument("--forget-secrets", action="store_true", help="the snapshot is then worth nothing")
