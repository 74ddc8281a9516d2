"""Rules that tell of certificates tell of domains as well: they were made to tell of whatever expires."""

from typing import Any

from django.db import migrations


def add(apps: Any, schema_editor: Any) -> None:
    for rule in apps.get_model("alerts", "Rule").objects.only("events").iterator():
        if "tls_expiring" in rule.events and "domain_expiring" not in rule.events:
            rule.events.insert(rule.events.index("tls_expiring") + 1, "domain_expiring")
            rule.save(update_fields=["events"])


def remove(apps: Any, schema_editor: Any) -> None:
    """Also the troubles that the code before knows no kind for; what was told of them stays in the ledger."""
    apps.get_model("alerts", "Trouble").objects.filter(kind="domain").delete()
    for rule in apps.get_model("alerts", "Rule").objects.only("events").iterator():
        if "domain_expiring" in rule.events:
            rule.events.remove("domain_expiring")
            rule.save(update_fields=["events"])


class Migration(migrations.Migration):
    dependencies = [("alerts", "0002_domain_expiring")]

    operations = [migrations.RunPython(add, remove)]
