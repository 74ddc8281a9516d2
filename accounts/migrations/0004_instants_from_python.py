"""Instants are written from Python: SQLite's own have three decimals, and are compared with six."""

from django.db import migrations, models
from django.utils.timezone import now

from core.six_decimals import write_six_decimals


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_outside_call")]

    operations = [
        # The columns keep their defaults: the code before this may still run, and leaves the instant to them.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("apikey", "created_at", models.DateTimeField(default=now)),
                migrations.AlterField("invitation", "created_at", models.DateTimeField(default=now)),
                migrations.AlterField("membership", "joined_at", models.DateTimeField(default=now)),
                migrations.AlterField("team", "created_at", models.DateTimeField(default=now)),
                migrations.AlterField("user", "joined_at", models.DateTimeField(default=now)),
            ]
        ),
        migrations.RunPython(write_six_decimals("accounts"), migrations.RunPython.noop),
    ]
