"""Accounts at international domains are looked for in ASCII from now on."""

from typing import Any

from django.db import migrations

from accounts.addresses import fold_email


def spell_in_ascii(apps: Any, schema_editor: Any) -> None:
    """Where an account in ASCII exists beside, the other stays as it is: whose it is, nobody can tell."""
    for model in ("User", "Invitation"):
        rows = apps.get_model("accounts", model)._base_manager.using(schema_editor.connection.alias)
        for row in rows.only("pk", "email").iterator():
            folded = fold_email(row.email)
            if folded != row.email and not rows.filter(email=folded).exists():
                rows.filter(pk=row.pk).update(email=folded)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_accounts")]

    operations = [migrations.RunPython(spell_in_ascii, migrations.RunPython.noop)]
