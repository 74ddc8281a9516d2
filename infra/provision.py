"""Everything that Zappa does not make, in order: stacks and secrets. Safe to run again, also after an
interruption."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from infra import secrets
from infra.clients import Clients
from infra.cloudformation import Found, Stacks
from infra.edges import check_edge_region, list_edge
from infra.outputs import (
    NotProvisioned,
    check_home,
    find_api_domain,
    find_stacks,
    gather_outputs,
    is_deployed,
)
from infra.stacks import (
    ALARMS,
    DATABASE,
    EDGE_STACKS,
    FRONTEND,
    PARAMETERS,
    REDIS,
    ROLES,
    STORAGE,
    Stack,
    Wishes,
    choose_stacks,
    default_min_acu,
    known_outputs,
)
from infra.stages import PROJECT, ZappaStage, check_stage, env_path, stack_name

Report = Callable[[str], None]
HIDDEN = frozenset({"OriginSecret"})


class WrongWish(Exception):
    """A choice that cannot be; its text names the fix."""


@dataclass(frozen=True, slots=True)
class Line:
    """One stack of a plan."""

    stack: Stack
    found: Found | None
    floor_usd: float

    @property
    def doing(self) -> str:
        if self.found is None:
            return "create"
        return "wait, then compare" if self.found.busy else f"compare ({self.found.status})"


def plan(clients: Clients, stage: str, wishes: Wishes) -> list[Line]:
    """What a run would go through, and the least that each part costs a month. Reads only."""
    check_stage(stage)
    found = find_stacks(clients, stage)
    check_home(clients, stage, found)
    check_wishes(wishes, found)
    wishes = settle_wishes(stage, wishes, found)
    return [
        Line(stack, found.get(stack.part), stack.floor_usd(wishes, stage))
        for stack in choose_stacks(redis=bool(wishes.redis))
    ]


def check_wishes(wishes: Wishes, found: dict[str, Found]) -> None:
    """Raises ``WrongWish`` for a name of their own without a certificate, which CloudFront would refuse after
    half of everything was made."""
    for name, certificate, stack in (
        ("domain", "certificate_arn", FRONTEND),
        ("status_domain", "status_certificate_arn", STORAGE),
    ):
        stands = found[stack.part].parameters if stack.part in found else {}
        domain, arn = stack.choice(name, wishes, stands), stack.choice(certificate, wishes, stands)
        option = f"--{certificate.replace('_', '-')}"
        if domain and not arn:
            raise WrongWish(
                f"--{name.replace('_', '-')} {domain} needs {option}, of ACM in us-east-1; this asks for one:"
                " aws acm request-certificate --region us-east-1 --validation-method DNS"
                f" --domain-name {domain}"
            )
        if domain and arn.split(":")[3:4] != ["us-east-1"]:
            raise WrongWish(f"{option} must be of us-east-1, where CloudFront looks for it, not {arn}.")


def find_warnings(clients: Clients, stage: str, wishes: Wishes) -> list[str]:
    """What is allowed and probably not meant."""
    found = find_stacks(clients, stage)
    stands = found[ALARMS.part].parameters if ALARMS.part in found else {}
    if stage == "prod" and not ALARMS.choice("alarm_email", wishes, stands):
        return ["Nobody will be told when something is wrong: add --alarm-email you@example.com."]
    return []


def settle_wishes(stage: str, wishes: Wishes, found: dict[str, Found]) -> Wishes:
    """The choices with a default that depends on the stage, for parts that are new."""
    if wishes.redis is None:
        wishes = replace(wishes, redis=REDIS.part in found)
    if DATABASE.part not in found:
        protected = stage == "prod" if wishes.protected is None else wishes.protected
        least = default_min_acu(stage) if wishes.min_acu is None else wishes.min_acu
        wishes = replace(wishes, protected=protected, min_acu=least)
    elif wishes.min_acu is None:
        stands = found[DATABASE.part].parameters.get("MinCapacity", "")
        wishes = replace(wishes, min_acu=float(stands) if stands else None)
    if PARAMETERS.part not in found:
        wishes = replace(
            wishes,
            admin_email=wishes.admin_email or f"admin@{wishes.domain or 'sentrypulse.example'}",
            from_email=wishes.from_email
            or f"SentryPulse <sentrypulse@{wishes.domain or 'sentrypulse.example'}>",
        )
    return wishes


def provision(
    clients: Clients, stage: str, wishes: Wishes, *, report: Report, poll_s: float = 5.0
) -> dict[str, str]:
    """Make or change every stack, and the secrets between them; by part, what was done.

    Raises ``StackFailed``. What was done until then stands, and the next run goes on from there.
    """
    check_stage(stage)
    found = find_stacks(clients, stage)
    check_home(clients, stage, found)
    check_wishes(wishes, found)
    wishes = settle_wishes(stage, wishes, found)
    stacks = Stacks(clients.cloudformation, report=report, poll_s=poll_s)
    outputs = known_outputs(stage) | {"ApiDomain": find_api_domain(clients, stage)}
    # Where there is none any more, the alarm goes on: somebody may have taken it away by mistake.
    outputs["Deployed"] = "true" if is_deployed(clients, ZappaStage(stage, "core")) else ""
    report("secrets")
    secrets.make_secrets(clients.ssm, stage, report=report)
    outputs["OriginSecret"] = secrets.read_secret(clients.ssm, f"{env_path(stage)}/ORIGIN_SECRET")
    done: dict[str, str] = {}
    chosen = choose_stacks(redis=bool(wishes.redis))
    for number, stack in enumerate(chosen, 1):
        report(f"[{number}/{len(chosen)}] {stack.part}: {stack.why}")
        done[stack.part] = apply_stack(stacks, stack, stage, wishes, outputs)
        report(f"  {stack.part}: {done[stack.part]}")
        if stack is DATABASE:
            secrets.put_database_url(
                clients.ssm,
                stage,
                host=outputs["DatabaseHost"],
                port=outputs["DatabasePort"],
                report=report,
            )
    return done


def apply_stack(stacks: Stacks, stack: Stack, stage: str, wishes: Wishes, outputs: dict[str, str]) -> str:
    """Bring one stack to what is asked, and add what it tells to ``outputs``."""
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
    """What waits for Zappa to have done its part: the API behind the distribution, and the alarm that would
    have rung before there was a scheduler."""
    found = find_stacks(clients, stage)
    outputs = gather_outputs(clients, stage, found)
    outputs |= {"ApiDomain": find_api_domain(clients, stage), "Deployed": "true"}
    outputs["OriginSecret"] = secrets.read_secret(clients.ssm, f"{env_path(stage)}/ORIGIN_SECRET")
    stacks = Stacks(clients.cloudformation, report=report, poll_s=poll_s)
    for stack in (one for one in (FRONTEND, ALARMS) if one.part in found):
        report(f"{stack.part}: {stack.why}")
        report(f"  {stack.part}: {apply_stack(stacks, stack, stage, Wishes(), outputs)}")


# An edge in a further region


def plan_edge(home: Clients, stage: str, region: str) -> list[Line]:
    """The same for an edge in ``region``. Raises ``WrongRegion``, ``NotProvisioned``."""
    _find_home(home, stage)
    found = find_stacks(check_edge_region(home, region), stage)
    return [Line(stack, found.get(stack.part), stack.floor_usd(Wishes(), stage)) for stack in EDGE_STACKS]


def provision_edge(
    home: Clients, stage: str, region: str, *, report: Report, poll_s: float = 5.0
) -> dict[str, str]:
    """Make or change what an edge in ``region`` needs there; by part, what was done. Home remembers it before
    anything is made, so that nothing is left behind there, and sends no checks before the edge is deployed.

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
