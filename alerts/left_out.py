"""Addresses of an e-mail channel that do not get an alert, although the channel's other addresses do. A row
of the ledger names them and says why."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from alerts.models import Delivery, Reason
from alerts.recipients import list_unasked
from core.isolation import do_together
from outbox.models import OutgoingStatus


def explain_unasked(
    to: Iterable[str], *, agreed: Collection[str], declined: Collection[str]
) -> dict[Reason, str]:
    """By reason: a sentence with the addresses of ``to`` that get no alerts, because they did not agree or
    declined."""
    waiting = list_unasked(to, agreed)
    said_no = [address for address in waiting if address.lower() in declined]
    silent = [address for address in waiting if address.lower() not in declined]
    found = {}
    if silent:
        found[Reason.NO_CONSENT] = f"Has not agreed to get alerts yet: {_spell(silent)}."
    if said_no:
        found[Reason.DECLINED] = f"Wants no alerts, and said so by the link: {_spell(said_no)}."
    return found


def _spell(addresses: Iterable[str]) -> str:
    """Joined by commas. Characters that UTF-8 cannot hold are replaced, because the sentence is stored."""
    return ", ".join(addresses).encode(errors="replace").decode()


def make_rows(row: Delivery, reasons: Mapping[Reason, str], *, now: datetime) -> list[Delivery]:
    """The ledger's rows about the addresses that ``row`` does not reach, not yet saved. Their ``channel`` is
    null, because the channel itself was told."""
    return [
        Delivery(
            team_id=row.team_id,
            trouble_id=row.trouble_id,
            event=row.event,
            channel_name=row.channel_name,
            key=f"{row.key[:70]}:left_out:{reason}",
            status=OutgoingStatus.WITHHELD,
            reason=reason,
            subject=row.subject,
            answer=sentence[:500],
            planned_at=row.planned_at,
            settled_at=now,
        )
        for reason, sentence in reasons.items()
    ]


def store(rows: Collection[Delivery]) -> None:
    """Save the rows whose keys are new. A delivery that is tried again leaves out the same addresses."""
    if not rows:
        return
    there = set(Delivery.objects.filter(key__in=[row.key for row in rows]).values_list("key", flat=True))
    do_together(
        "note who is left out",
        [row for row in rows if row.key not in there],
        Delivery.objects.bulk_create,
        name=lambda row: ("trouble", row.trouble_id),
    )
