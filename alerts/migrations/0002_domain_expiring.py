from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0001_alerts"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="trouble",
            name="alerts_trouble_kind_known",
        ),
        migrations.AlterField(
            model_name="delivery",
            name="event",
            field=models.CharField(
                choices=[
                    ("down", "a monitor is down"),
                    ("heartbeat_late", "a heartbeat is late"),
                    ("manual", "somebody opened an incident"),
                    ("degraded", "a monitor is slow or partly down"),
                    ("tls_expiring", "a certificate expires soon"),
                    ("domain_expiring", "a domain expires soon"),
                    ("slo_burning", "an error budget burns too fast"),
                    ("reminder", "still so, and nobody acknowledged"),
                    ("escalated", "nobody acknowledged in time"),
                    ("acknowledged", "somebody is on it"),
                    ("recovered", "it is over"),
                    ("flapping", "up and down too often to tell each time"),
                    ("digest", "many changes at once"),
                    ("channel_disabled", "a channel was switched off"),
                    ("test", "a test"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="messagetemplate",
            name="event",
            field=models.CharField(
                choices=[
                    ("down", "a monitor is down"),
                    ("heartbeat_late", "a heartbeat is late"),
                    ("manual", "somebody opened an incident"),
                    ("degraded", "a monitor is slow or partly down"),
                    ("tls_expiring", "a certificate expires soon"),
                    ("domain_expiring", "a domain expires soon"),
                    ("slo_burning", "an error budget burns too fast"),
                    ("reminder", "still so, and nobody acknowledged"),
                    ("escalated", "nobody acknowledged in time"),
                    ("acknowledged", "somebody is on it"),
                    ("recovered", "it is over"),
                    ("flapping", "up and down too often to tell each time"),
                    ("digest", "many changes at once"),
                    ("channel_disabled", "a channel was switched off"),
                    ("test", "a test"),
                ],
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="trouble",
            name="event",
            field=models.CharField(
                choices=[
                    ("down", "a monitor is down"),
                    ("heartbeat_late", "a heartbeat is late"),
                    ("manual", "somebody opened an incident"),
                    ("degraded", "a monitor is slow or partly down"),
                    ("tls_expiring", "a certificate expires soon"),
                    ("domain_expiring", "a domain expires soon"),
                    ("slo_burning", "an error budget burns too fast"),
                    ("reminder", "still so, and nobody acknowledged"),
                    ("escalated", "nobody acknowledged in time"),
                    ("acknowledged", "somebody is on it"),
                    ("recovered", "it is over"),
                    ("flapping", "up and down too often to tell each time"),
                ],
                help_text="What opened it",
                max_length=16,
            ),
        ),
        migrations.AlterField(
            model_name="trouble",
            name="kind",
            field=models.CharField(
                choices=[
                    ("incident", "incident"),
                    ("degraded", "degraded"),
                    ("certificate", "certificate that expires"),
                    ("domain", "domain that expires"),
                    ("budget", "error budget that burns"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="trouble",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["incident", "degraded", "certificate", "domain", "budget"])),
                name="alerts_trouble_kind_known",
            ),
        ),
    ]
