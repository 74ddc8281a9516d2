"""A test of a channel: a real message, a row in the ledger like any other, and no conclusions but one."""

from datetime import datetime
from uuid import uuid4

from alerts.messages.render import Renderer
from alerts.models import Channel, Delivery, OwnEvent
from alerts.sending import Unsendable, make_message, read_owners
from alerts.services import save_channel
from delivery.message import Delivery as Message
from delivery.message import Outcome, Receipt
from monitors.secrets import SecretsUnreadable
from outbox.models import OutgoingStatus
from sentrypulse.errors import DomainError


def begin_test(channel: Channel, *, now: datetime) -> tuple[Delivery, Message]:
    """The row, and the message to send now. Raises ``DomainError`` when there is nobody to send it to."""
    row = Delivery(
        team=channel.team,
        channel=channel,
        channel_name=channel.name,
        event=OwnEvent.TEST,
        key=f"test:{channel.pk}:{uuid4().hex}",
        status=OutgoingStatus.SENDING,
        planned_at=now,
        attempts=1,
    )
    row.save()
    try:
        message = make_message(row, Renderer([row]), read_owners({channel.team_id}).get(channel.team_id, []))
    except (Unsendable, SecretsUnreadable) as fault:
        row.delete()
        raise DomainError(str(fault)) from None
    row.save(update_fields=["subject"])
    return row, message


def end_test(row: Delivery, receipt: Receipt) -> None:
    """Write down what came back; it is not tried again. A channel that takes a test is switched on."""
    row.status = OutgoingStatus.SENT if receipt.outcome is Outcome.SENT else OutgoingStatus.DEAD
    row.answer, row.answer_status, row.settled_at = receipt.answer[:500], receipt.status, receipt.at
    row.save(update_fields=["status", "answer", "answer_status", "settled_at"])
    channel = row.channel
    if channel and row.status == OutgoingStatus.SENT and (channel.disabled_reason or channel.refusals):
        save_channel(channel, enabled=True)
