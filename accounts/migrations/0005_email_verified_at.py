from typing import Any

from django.db import migrations, models
from django.db.models import F


def trust_those_who_are_here(apps: Any, schema_editor: Any) -> None:
    """Whoever used the product before addresses were verified goes on getting its letters."""
    User = apps.get_model("accounts", "User")
    User.objects.filter(email_verified_at__isnull=True).update(email_verified_at=F("joined_at"))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_instants_from_python")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="email_verified_at",
            field=models.DateTimeField(
                blank=True,
                help_text="When a letter to the address was answered; empty: never yet",
                null=True,
            ),
        ),
        migrations.RunPython(trust_those_who_are_here, migrations.RunPython.noop),
    ]
