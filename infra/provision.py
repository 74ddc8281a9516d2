"""Makes everything that Zappa does not make, in order: stacks and secrets. Safe to run again, also after an
interruption."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra import cluster, secrets
from infra.clients import Clients
from infra.cloudformation import Found, StackFailed, Stacks
from infra.edges import check_edge_region, list_edge
from infra.outputs import (
    NotProvisioned,
    check_home,
    find_api,
    find_stacks,
    gather_outputs,
    is_deployed,
)
from infra.stacks import (
    ALARMS,
    DATABASE,
    EDGE_STACKS,
    FRONTEND,
    GATEWAY,
    ROLES,
    Stack,
    Wishes,
    choose_stacks,
    known_outputs,
)
from infra.stages import PROJECT, ZappaStage, check_stage, env_path, stack_name
from infra.wishes import check_wishes, find_warnings, settle_wishes

Report = Callable[[str], None]
HIDDEN = frozenset({"OriginSecret"})


@dataclass(frozen=True, slots=True)
class ReportLine:
    """What a plan says of one stack."""

    stack: Stack
    found: Found | None
    floor_usd: float

    @property
    def doing(self) -> str:
        if self.found is None:
            return "create"
        return "wait, then compare" if self.found.busy else f"compare ({self.found.status})"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run would do, and warnings of what is allowed but probably not meant."""

    lines: list[ReportLine]
    warnings: list[str] = field(default_factory=list)


def plan_stage(clients: Clients, stage: str, wishes: Wishes) -> Plan:
    """What a run would do. Reads only. Raises ``WrongWish``, ``WrongVersion``."""
    found, wishes = _begin(clients, stage, wishes)
    lines = [
        ReportLine(stack, found.get(stack.part), stack.floor_usd(wishes, stage))
        for stack in choose_stacks(redis=bool(wishes.redis), cdn=bool(wishes.cdn))
    ]
    return Plan(lines, find_warnings(clients, stage, wishes, found))


def _begin(clients: Clients, stage: str, wishes: Wishes) -> tuple[dict[str, Found], Wishes]:
    """The stacks that exist, and the complete wishes. Whatever AWS would refuse later is refused here."""
    check_stage(stage)
    found = find_stacks(clients, stage)
    check_home(clients, stage, found)
    check_wishes(wishes, found)
    return found, settle_wishes(clients, stage, wishes, found)


def provision(
    clients: Clients, stage: str, wishes: Wishes, *, report: Report, poll_s: float = 5.0
) -> dict[str, str]:
    """Make or change every stack, and the secrets between them. Returns what was done, by part.

    Raises ``WrongWish`` and ``WrongVersion`` before anything is made, and ``StackFailed``. What was done
    until then stays, and the next run continues from there.
    """
    found, wishes = _begin(clients, stage, wishes)
    stacks = Stacks(clients.cloudformation, report=report, poll_s=poll_s)
    outputs = known_outputs(stage) | find_api(clients, stage)
    # Where there is none any more, the alarm goes on: somebody may have taken it away by mistake.
    outputs["Deployed"] = "true" if is_deployed(clients, ZappaStage(stage, "core")) else ""
    report("secrets")
    secrets.make_secrets(clients.ssm, stage, cdn=bool(wishes.cdn), report=report)
    if DATABASE.part not in found or found[DATABASE.part].never_was:
        secrets.heal_password(clients.ssm, stage, report=report)
    if DATABASE.part in found and found[DATABASE.part].never_was:
        cluster.unprotect(clients, stage)
    if wishes.cdn:
        outputs["OriginSecret"] = secrets.read_secret(clients.ssm, f"{env_path(stage)}/ORIGIN_SECRET")
    done: dict[str, str] = {}
    chosen = choose_stacks(redis=bool(wishes.redis), cdn=bool(wishes.cdn))
    for number, stack in enumerate(chosen, 1):
        report(f"[{number}/{len(chosen)}] {stack.part}: {stack.why}")
        try:
            done[stack.part] = apply_stack(stacks, stack, stage, wishes, outputs)
        except StackFailed as failed:
            raise StackFailed(f"{failed}{_find_way_out(str(failed))}") from None
        report(f"  {stack.part}: {done[stack.part]}")
        if stack is DATABASE:
            _tell_database(clients, stage, wishes, outputs, report)
    return done


def _tell_database(
    clients: Clients, stage: str, wishes: Wishes, outputs: Mapping[str, str], report: Report
) -> None:
    """Store the database's URL, where the functions read it."""
    if wishes.from_snapshot:
        cluster.set_password(clients, stage, report=report)
    secrets.put_database_url(
        clients.ssm,
        stage,
        host=outputs["DatabaseHost"],
        port=outputs["DatabasePort"],
        may_pause=wishes.min_acu == 0,
        report=report,
    )


def _find_way_out(failed: str) -> str:
    """What to do about a refusal of AWS that does not say it; empty for any other."""
    if "must be verified before you can add new CloudFront resources" in failed:
        return (
            " A new account has no distributions until AWS Support has looked at it: open a case (Account and"
            " billing, free of charge) with this sentence, and run the same again afterwards. Or go on"
            " without one: --no-cdn (docs/deploy.md tells what is lost)."
        )
    return ""


def apply_stack(stacks: Stacks, stack: Stack, stage: str, wishes: Wishes, outputs: dict[str, str]) -> str:
    """Bring one stack to what is asked for, and add its outputs to ``outputs``."""
    name = stack_name(stage, stack.part)
    done = stacks.apply(
        name,
        stack.template,
        stack.parameters(stage, wishes=wishes, outputs=outputs),
        tags={"Project": PROJECT, "Stage": stage},
        iam=stack.iam,
        protected=stack.keeps,
        hidden=HIDDEN,
    )
    found = stacks.find(name)
    outputs |= found.outputs if found else {}
    return done


def finish_stacks(clients: Clients, stage: str, *, report: Report, poll_s: float = 5.0) -> None:
    """Do what must wait until Zappa has deployed: put the API behind the distribution, and switch on the
    alarm that would have rung before there was a scheduler."""
    found = find_stacks(clients, stage)
    outputs = gather_outputs(clients, stage, found)
    outputs |= find_api(clients, stage) | {"Deployed": "true"}
    if FRONTEND.part in found:
        outputs["OriginSecret"] = secrets.read_secret(clients.ssm, f"{env_path(stage)}/ORIGIN_SECRET")
    stacks = Stacks(clients.cloudformation, report=report, poll_s=poll_s)
    if FRONTEND.part in found and GATEWAY.part in found:  # the functions know the distribution by now
        report("gateway: there is a distribution in its place")
        stacks.delete(stack_name(stage, GATEWAY.part))
        del found[GATEWAY.part]
    for stack in (one for one in (GATEWAY, FRONTEND, ALARMS) if one.part in found):
        report(f"{stack.part}: {stack.why}")
        report(f"  {stack.part}: {apply_stack(stacks, stack, stage, Wishes(), outputs)}")


# An edge in a further region


def plan_edge(home: Clients, stage: str, region: str) -> Plan:
    """What a run for an edge in ``region`` would do. Raises ``WrongRegion``, ``NotProvisioned``."""
    _find_home(home, stage)
    found = find_stacks(check_edge_region(home, region), stage)
    return Plan(
        [ReportLine(stack, found.get(stack.part), stack.floor_usd(Wishes(), stage)) for stack in EDGE_STACKS]
    )


def provision_edge(
    home: Clients, stage: str, region: str, *, report: Report, poll_s: float = 5.0
) -> dict[str, str]:
    """Make or change what an edge in ``region`` needs there. Returns what was done, by part. Home notes the
    region before anything is made, so that nothing there is forgotten, and sends no checks before the edge is
    deployed.

    Raises ``WrongRegion``, ``NotProvisioned``, ``StackFailed``.
    """
    found = _find_home(home, stage)
    there = check_edge_region(home, region)
    list_edge(home.ssm, stage, region)
    outputs = {
        "Home": "false",
        "HomeRegion": home.session.region_name or "",
        "AlarmEmail": found[ALARMS.part].parameters.get("AlarmEmail", "") if ALARMS.part in found else "",
    }
    stacks = Stacks(there.cloudformation, report=report, poll_s=poll_s)
    done: dict[str, str] = {}
    for number, stack in enumerate(EDGE_STACKS, 1):
        report(f"[{number}/{len(EDGE_STACKS)}] {stack.part} in {region}: {stack.why}")
        done[stack.part] = apply_stack(stacks, stack, stage, Wishes(), outputs)
        report(f"  {stack.part}: {done[stack.part]}")
    return done


def _find_home(home: Clients, stage: str) -> dict[str, Found]:
    found = find_stacks(home, stage)
    check_home(home, stage, found)
    if ROLES.part not in found:
        raise NotProvisioned(
            f"{stage} is not at home in {home.session.region_name}: run manage.py aws provision"
            f" --stage {stage} without --edge-region first, or name its home with --region."
        )
    return found
