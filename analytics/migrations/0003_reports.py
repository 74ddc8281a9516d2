import django.db.models.deletion
from django.db import migrations, models

import core.instants


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_accounts"),
        ("analytics", "0002_slos"),
    ]

    operations = [
        migrations.CreateModel(
            name="SlaReport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("month", models.DateField(help_text="Its first day")),
                (
                    "timezone",
                    models.CharField(help_text="Of its days: the team's when it was frozen", max_length=64),
                ),
                ("version", models.PositiveSmallIntegerField(default=1)),
                (
                    "reason",
                    models.TextField(
                        blank=True, help_text="Why it corrects; empty for version 1", max_length=1000
                    ),
                ),
                ("frozen_at", core.instants.InstantField()),
                ("digest", models.CharField(help_text="SHA-256; see reports/freezing.py", max_length=64)),
                (
                    "supersedes",
                    models.OneToOneField(
                        help_text="What it corrects",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="superseded_by",
                        to="analytics.slareport",
                    ),
                ),
                (
                    "team",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sla_reports",
                        to="accounts.team",
                    ),
                ),
            ],
            options={"verbose_name": "SLA report"},
        ),
        migrations.CreateModel(
            name="SlaLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "monitor_id",
                    models.BigIntegerField(help_text="No foreign key: the line outlives the monitor"),
                ),
                ("name", models.CharField(max_length=100)),
                ("kind", models.CharField(max_length=20)),
                ("interval_s", models.PositiveIntegerField()),
                ("tags", models.JSONField(default=list, help_text="Names")),
                ("figures", models.JSONField(help_text="See reports/figures.py")),
                (
                    "report",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lines",
                        to="analytics.slareport",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="slareport",
            constraint=models.UniqueConstraint(
                fields=("team", "month", "version"), name="analytics_slareport_version_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="slaline",
            constraint=models.UniqueConstraint(
                fields=("report", "monitor_id"), name="analytics_slaline_monitor_once"
            ),
        ),
    ]
