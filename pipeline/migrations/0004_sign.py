from django.db import migrations, models

import core.instants


class Migration(migrations.Migration):
    dependencies = [("pipeline", "0003_network_outage")]

    operations = [
        migrations.CreateModel(
            name="Sign",
            fields=[
                ("name", models.CharField(max_length=100, primary_key=True, serialize=False)),
                ("seen_at", core.instants.InstantField()),
                ("detail", models.CharField(blank=True, max_length=200)),
            ],
        )
    ]
