from typing import Any

from django.db import migrations
from django.db.models import F

from monitors.slots import holds_s_of


def fill(apps: Any, schema_editor: Any) -> None:
    monitors = apps.get_model("monitors", "Monitor").objects
    monitors.exclude(kind="heartbeat").update(holds_s=F("interval_s"))
    for monitor in monitors.filter(kind="heartbeat").only("kind", "interval_s", "config").iterator():
        monitor.holds_s = holds_s_of(monitor.kind, monitor.interval_s, monitor.config)
        monitor.save(update_fields=["holds_s"])


class Migration(migrations.Migration):
    dependencies = [("monitors", "0002_monitor_holds_s")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
