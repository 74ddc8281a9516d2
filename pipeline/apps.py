from django.apps import AppConfig
from django.conf import settings


class PipelineConfig(AppConfig):
    name = "pipeline"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Web server, commands and workers reach the engine's queues alike, where any process can."""
        from pipeline import dispatch

        dispatch.use_engine(settings.ENGINE)
