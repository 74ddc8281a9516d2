"""Drafts of pages, rendered, for some minutes."""

import django.db.models.deletion
from django.db import migrations, models

import core.instants


class Migration(migrations.Migration):
    dependencies = [("statuspages", "0003_withheld")]

    operations = [
        migrations.CreateModel(
            name="Preview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.TextField()),
                ("policy", models.TextField()),
                ("expires_at", core.instants.InstantField(db_index=True)),
                (
                    "page",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="previews",
                        to="statuspages.statuspage",
                    ),
                ),
            ],
        ),
    ]
