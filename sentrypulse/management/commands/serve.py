"""`manage.py serve`: the web server alone, for engines whose workers run elsewhere."""

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from sentrypulse.web import listen, make_server


class Command(BaseCommand):
    help = "Serve API, admin and pages on HOST and PORT until Ctrl-C. The checks are the workers' affair."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EMBEDDED:
            raise CommandError("`serve` is for the other engines; the embedded one is run by `up`.")
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        server = make_server(listen())
        web = threading.Thread(target=server.run, name="web", daemon=True)
        web.start()
        self.stdout.write(f"Serving {settings.PUBLIC_URL} on {settings.HOST}:{settings.PORT}.")
        self.stdout.flush()
        stop.wait()
        server.close()
        web.join(2)
        self.stdout.write("Stopped.")
