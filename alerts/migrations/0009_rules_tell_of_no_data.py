"""Rules that tell of outages tell as well when nobody looks for them any more: they were made so that none is
missed."""

from typing import Any

from django.db import migrations

OUTAGES = {"down", "heartbeat_late"}
NEW = ("monitoring_stopped", "monitoring_resumed")


def add(apps: Any, schema_editor: Any) -> None:
    for rule in apps.get_model("alerts", "Rule").objects.only("events").iterator():
        if OUTAGES & set(rule.events):
            rule.events += [event for event in NEW if event not in rule.events]
            rule.save(update_fields=["events"])


def remove(apps: Any, schema_editor: Any) -> None:
    """Also the troubles that the code before knows no kind for, and what told them: its name is too long for
    the column before."""
    apps.get_model("alerts", "Delivery").objects.filter(event__in=NEW).delete()
    apps.get_model("alerts", "MessageTemplate").objects.filter(event__in=NEW).delete()
    apps.get_model("alerts", "Trouble").objects.filter(kind="no_data").delete()
    for rule in apps.get_model("alerts", "Rule").objects.only("events").iterator():
        if set(NEW) & set(rule.events):
            rule.events = [event for event in rule.events if event not in NEW]
            rule.save(update_fields=["events"])


class Migration(migrations.Migration):
    dependencies = [("alerts", "0008_monitoring_stopped")]

    operations = [migrations.RunPython(add, remove)]
