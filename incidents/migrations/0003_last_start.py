"""A COUNT is counted out once, when a window is saved: the recorder has no time to."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("incidents", "0002_instants_from_python")]

    operations = [
        migrations.AddField(
            "maintenancewindow",
            "last_starts_at",
            models.DateTimeField(
                null=True,
                blank=True,
                editable=False,
                help_text="Of repeats with a COUNT, counted out when saved",
            ),
        ),
    ]
