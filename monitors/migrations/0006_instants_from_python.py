"""Instants are written from Python: SQLite's own have three decimals, and are compared with six."""

from django.db import migrations, models
from django.utils.timezone import now

from core.six_decimals import write_six_decimals


class Migration(migrations.Migration):
    dependencies = [("monitors", "0005_domain_expires_at")]
    safe_because = "It rewrites rows on SQLite only, where nothing runs while it migrates."

    operations = [
        # The columns keep their defaults: the code before this may still run, and leaves the instant to them.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField("monitor", "created_at", models.DateTimeField(default=now)),
            ]
        ),
        migrations.RunPython(write_six_decimals("monitors"), migrations.RunPython.noop),
    ]
