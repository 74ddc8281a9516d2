"""`manage.py serve`: the web server alone, for engines whose workers run elsewhere."""

import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pipeline.jobs.listening import Listener
from sentrypulse.starting import check_descriptors, check_encryption_key, tell_where_mail_goes
from sentrypulse.stopping import listen_for_stop
from sentrypulse.web import listen, make_server


class Command(BaseCommand):
    help = "Serve API, admin and pages on HOST and PORT until Ctrl-C. The checks are the workers' affair."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.EMBEDDED:
            raise CommandError("`serve` is for the other engines; the embedded one is run by `up`.")
        check_descriptors()
        stop = listen_for_stop()
        check_encryption_key(self.stdout.write)
        tell_where_mail_goes(self.stdout.write)
        server = make_server(listen())
        web = threading.Thread(target=server.run, name="web", daemon=True)
        web.start()
        listener = Listener(alone=False)
        listener.start()
        self.stdout.write(f"Serving {settings.PUBLIC_URL} on {settings.HOST}:{settings.PORT}.")
        self.stdout.flush()
        stop.wait()
        listener.stop()
        server.close()
        web.join(2)
        self.stdout.write("Stopped.")
