from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("monitors", "0001_monitors")]

    operations = [
        migrations.AddField(
            model_name="monitor",
            name="holds_s",
            field=models.PositiveIntegerField(
                default=60,
                editable=False,
                help_text="How long a result counts when none follows; see slots.py",
            ),
        ),
    ]
