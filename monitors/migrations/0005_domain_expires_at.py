from django.db import migrations

import core.instants


class Migration(migrations.Migration):
    dependencies = [
        ("monitors", "0004_depends_on"),
    ]

    operations = [
        migrations.AddField(
            model_name="result",
            name="domain_expires_at",
            field=core.instants.InstantField(null=True),
        ),
    ]
