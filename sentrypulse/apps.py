from django.apps import AppConfig
from django.conf import settings


class SentryPulseConfig(AppConfig):
    name = "sentrypulse"

    def ready(self) -> None:
        if settings.DATABASE_CA_FILE:
            from django.db.backends.signals import connection_created

            from sentrypulse.encryption import require_encryption

            connection_created.connect(require_encryption)
