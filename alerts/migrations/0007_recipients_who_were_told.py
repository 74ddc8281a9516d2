from typing import Any

from django.db import migrations
from django.utils import timezone


def let_them_go_on(apps: Any, schema_editor: Any) -> None:
    """Addresses that got alerts before anybody was asked go on getting them."""
    Channel, Recipient = apps.get_model("alerts", "Channel"), apps.get_model("alerts", "Recipient")
    now = timezone.now()
    for channel in Channel.objects.filter(kind="email").iterator():
        to = channel.config.get("to") if isinstance(channel.config, dict) else None
        for address in to if isinstance(to, list) else []:
            Recipient.objects.get_or_create(
                team_id=channel.team_id,
                address=str(address).lower()[:254],
                defaults={"consent": "agreed", "added_at": now, "asked_at": now, "decided_at": now},
            )


class Migration(migrations.Migration):
    dependencies = [("alerts", "0006_recipients")]

    operations = [migrations.RunPython(let_them_go_on, migrations.RunPython.noop)]
