"""What is withheld says why."""

from django.db import migrations, models
from django.db.models import Q

STATUSES = [
    ("held", "held"),
    ("planned", "planned"),
    ("sending", "sending"),
    ("retry", "to be tried again"),
    ("sent", "sent"),
    ("dead", "given up"),
    ("dropped", "dropped"),
    ("withheld", "withheld"),
]


class Migration(migrations.Migration):
    dependencies = [("alerts", "0009_rules_tell_of_no_data")]

    operations = [
        migrations.AddField(
            "delivery",
            "reason",
            models.CharField(
                max_length=20,
                blank=True,
                default="",
                db_default="",
                help_text="Why it reached nobody: a code",
            ),
        ),
        migrations.AlterField(
            "delivery", "status", models.CharField(max_length=10, choices=STATUSES, default="planned")
        ),
        migrations.RemoveConstraint("delivery", "alerts_delivery_status_known"),
        migrations.AddConstraint(
            "delivery",
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]),
                name="alerts_delivery_status_known",
            ),
        ),
    ]
