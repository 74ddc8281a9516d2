from django.db import migrations, models

import core.instants


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_reports")]

    operations = [
        migrations.CreateModel(
            name="Archiving",
            fields=[
                ("name", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("lease_owner", models.CharField(blank=True, max_length=64)),
                ("lease_until", core.instants.InstantField()),
                (
                    "pending",
                    models.JSONField(help_text="The slice that is being written; see archive/", null=True),
                ),
                (
                    "written_at",
                    core.instants.InstantField(help_text="When the archive last took something", null=True),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True, help_text="Why it does not, as of the last purge", max_length=300
                    ),
                ),
            ],
            options={"verbose_name_plural": "archiving"},
        ),
    ]
