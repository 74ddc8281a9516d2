import gc

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler

from core.library_checks import check_libraries
from core.migration_checks import check_migrations


class SentryPulseConfig(AppConfig):
    name = "sentrypulse"

    def ready(self) -> None:
        from django.db.backends.signals import connection_created

        from core.choices import teach_choice_fields
        from core.folding import teach_sqlite
        from sentrypulse.requests import ReadableASGIRequest, ReadableWSGIRequest  # they load the settings

        checks.register(check_migrations, deploy=True)
        checks.register(check_libraries)
        WSGIHandler.request_class, ASGIHandler.request_class = ReadableWSGIRequest, ReadableASGIRequest
        connection_created.connect(teach_sqlite)
        teach_choice_fields()
        if settings.DATABASE_CA_FILE:
            from core.database_tls import require_encryption

            connection_created.connect(require_encryption)
        # The last app's turn: what is loaded by now lives to the end, and no collection need walk it again.
        gc.freeze()
        gc.enable()
