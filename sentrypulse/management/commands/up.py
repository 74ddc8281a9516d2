"""`manage.py up`: everything on one machine, in one process."""

import logging
import threading
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.utils import timezone

from pipeline.entrypoints.embedded import EmbeddedEngine
from pipeline.specs import check_soon
from sentrypulse.administrator import ensure_administrator
from sentrypulse.app_files import is_app_here
from sentrypulse.demo import DEMO_SLUG, make_demo_monitors, make_demo_page
from sentrypulse.starting import check_descriptors, check_encryption_key, tell_where_mail_goes
from sentrypulse.stopping import listen_for_stop
from sentrypulse.web import listen, make_server
from statuspages.models import StatusPage
from statuspages.notifications import page_url

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = (
        "Migrate, make the first administrator, and run web server and engine in this process until Ctrl-C."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--demo", action="store_true", help="add example monitors that need no internet")

    def handle(self, *args: Any, demo: bool, **options: Any) -> None:
        if not settings.EMBEDDED:
            raise CommandError(f"`up` runs the embedded engine, but ENGINE is {settings.ENGINE}.")
        check_descriptors()
        stop = listen_for_stop()
        listening = listen()
        call_command("migrate", verbosity=0, interactive=False)
        check_encryption_key(self.stdout.write)
        tell_where_mail_goes(self.stdout.write)
        team = ensure_administrator(self.stdout.write)
        made = make_demo_monitors(team, now=timezone.now()) if demo else []
        if made:
            self.stdout.write(f"Made {len(made)} demo monitors (DEMO=0 leaves them out).")
            make_demo_page(team, made, now=timezone.now())
        page = StatusPage.objects.filter(slug=DEMO_SLUG, team=team).first() if demo else None
        connection.close()
        engine, server = EmbeddedEngine(), make_server(listening)
        web = threading.Thread(target=server.run, name="web", daemon=True)
        web.start()
        engine.start()
        check_soon(made, now=timezone.now())
        self.stdout.write(
            "\n  SentryPulse is running.  Ctrl-C stops it.\n\n"
            + (f"  App     {settings.PUBLIC_URL}/\n" if is_app_here() else "")
            + f"  API     {settings.PUBLIC_URL}/api/v1/\n"
            f"  Docs    {settings.PUBLIC_URL}/api/docs/\n"
            f"  Admin   {settings.PUBLIC_URL}/admin/\n"
            f"  Health  {settings.PUBLIC_URL}/api/v1/health\n"
            + (f"  Page    {page_url(page)}\n" if page else "")
        )
        self.stdout.flush()
        stop.wait()
        self.stdout.write("\nStopping: running checks get a few seconds, every result is recorded …")
        engine.stop()
        server.close()
        web.join(2)
        self.stdout.write("Stopped.")
