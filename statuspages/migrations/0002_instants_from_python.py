"""Instants are written from Python: SQLite's own have three decimals, and are compared with six."""

from django.db import migrations, models
from django.utils.timezone import now

from core.six_decimals import write_six_decimals


class Migration(migrations.Migration):
    dependencies = [("statuspages", "0001_status_pages")]

    operations = [
        # The columns keep their defaults: the code before this may still run, and leaves the instant to them.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("statuspage", "created_at", models.DateTimeField(default=now)),
                migrations.AlterField("subscriber", "created_at", models.DateTimeField(default=now)),
            ]
        ),
        migrations.RunPython(write_six_decimals("statuspages"), migrations.RunPython.noop),
    ]
