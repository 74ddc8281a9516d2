import gc

from django.apps import AppConfig
from django.conf import settings
from django.core import checks

from sentrypulse.expanding import check_migrations


class SentryPulseConfig(AppConfig):
    name = "sentrypulse"

    def ready(self) -> None:
        checks.register(check_migrations, deploy=True)
        if settings.DATABASE_CA_FILE:
            from django.db.backends.signals import connection_created

            from sentrypulse.encryption import require_encryption

            connection_created.connect(require_encryption)
        # The last app's turn: what is loaded by now lives to the end, and no collection need walk it again.
        gc.freeze()
        gc.enable()
