from typing import Any

from django.conf import settings
from django.db import migrations

BATCH = 1_000


def make_rows(apps: Any, schema_editor: Any) -> None:
    """A row of django-allauth's for the address of each user; verified where the user has proven it."""
    User = apps.get_model("accounts", "User")
    EmailAddress = apps.get_model("account", "EmailAddress")
    last = 0
    while users := list(User.objects.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = users[-1].pk
        known = set(
            EmailAddress.objects.filter(user_id__in=[user.pk for user in users]).values_list(
                "user_id", flat=True
            )
        )
        EmailAddress.objects.bulk_create(
            EmailAddress(
                user=user, email=user.email, primary=True, verified=user.email_verified_at is not None
            )
            for user in users
            if user.pk not in known
        )


class Migration(migrations.Migration):
    """Reversed, the rows stay: forward again it leaves them out."""

    dependencies = [
        ("accounts", "0006_quotas"),
        ("account", "0009_emailaddress_unique_primary_email"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(make_rows, migrations.RunPython.noop)]
