"""Count out the windows that were saved before."""

from typing import Any

from django.db import migrations

from incidents.occurrences import find_last_start


def count_out(apps: Any, schema_editor: Any) -> None:
    windows = apps.get_model("incidents", "MaintenanceWindow").objects.using(schema_editor.connection.alias)
    rows = windows.filter(rrule__icontains="COUNT").values_list("pk", "starts_at", "rrule", "timezone")
    for pk, starts_at, rule, zone in list(rows):
        last = find_last_start(starts_at=starts_at, rule=rule, zone=zone)
        windows.filter(pk=pk).update(last_starts_at=last)


class Migration(migrations.Migration):
    dependencies = [("incidents", "0003_last_start")]

    operations = [migrations.RunPython(count_out, migrations.RunPython.noop)]
