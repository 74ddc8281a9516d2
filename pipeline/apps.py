from django.apps import AppConfig
from django.conf import settings


class PipelineConfig(AppConfig):
    name = "pipeline"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect every process (web server, command, worker) to the engine's queues, if any process can
        reach them."""
        from pipeline import dispatch

        dispatch.use_engine(settings.ENGINE)
