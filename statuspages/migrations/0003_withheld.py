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
    dependencies = [("statuspages", "0002_instants_from_python")]

    operations = [
        migrations.AddField(
            "notice",
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
            "notice", "status", models.CharField(max_length=10, choices=STATUSES, default="planned")
        ),
        migrations.RemoveConstraint("notice", "statuspages_notice_status_known"),
        migrations.AddConstraint(
            "notice",
            models.CheckConstraint(
                condition=Q(status__in=[status for status, _ in STATUSES]),
                name="statuspages_notice_status_known",
            ),
        ),
    ]
