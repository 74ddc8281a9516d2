"""`manage.py up`: everything on one machine, in one process."""

import logging
import secrets
import signal
import socket
import threading
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.utils import timezone
from waitress.server import create_server

from accounts.models import Team, User
from accounts.services import register_user
from pipeline.entrypoints.embedded import EmbeddedEngine
from pipeline.specs import check_soon
from sentrypulse.demo import DEMO_SLUG, make_demo_monitors, make_demo_page
from statuspages.models import StatusPage
from statuspages.notices import page_url

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
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        listening = _listen()
        call_command("migrate", verbosity=0, interactive=False)
        team = self._find_administrator()
        made = make_demo_monitors(team, now=timezone.now()) if demo else []
        if made:
            self.stdout.write(f"Made {len(made)} demo monitors (DEMO=0 leaves them out).")
            make_demo_page(team, made, now=timezone.now())
        page = StatusPage.objects.filter(slug=DEMO_SLUG, team=team).first() if demo else None
        connection.close()
        engine, server = EmbeddedEngine(), _make_server(listening)
        web = threading.Thread(target=server.run, name="web", daemon=True)
        web.start()
        engine.start()
        check_soon(made, now=timezone.now())
        self.stdout.write(
            f"\n  SentryPulse is running.  Ctrl-C stops it.\n\n"
            f"  API     {settings.PUBLIC_URL}/api/v1/\n"
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

    def _find_administrator(self) -> Team:
        """The administrator's team; at the very first start make him, and print his password this once."""
        administrator = User.objects.filter(is_superuser=True).order_by("pk").first()
        if administrator is None:
            password = secrets.token_urlsafe(12)
            administrator = register_user(email=settings.ADMIN_EMAIL, password=password, name="Administrator")
            administrator.is_staff = administrator.is_superuser = True
            administrator.save(update_fields=["is_staff", "is_superuser"])
            self.stdout.write(
                f"\n  Your administrator (shown only this once):\n\n"
                f"    e-mail    {administrator.email}\n    password  {password}\n"
            )
        team, _ = Team.objects.get_or_create(personal_of=administrator, defaults={"name": "Administrator"})
        return team


def _listen() -> socket.socket:
    """The listening socket, taken first of all, so that a port in use is told before anything is done."""
    family = socket.AF_INET6 if ":" in settings.HOST else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.HOST, settings.PORT))
    except OSError as error:
        listening.close()
        raise CommandError(
            f"Cannot listen on {settings.HOST}:{settings.PORT} ({error.strerror}); set PORT to a free one."
        ) from None
    return listening


def _make_server(listening: socket.socket) -> Any:
    """Forwarded headers reach Django as they came: TRUSTED_PROXIES says there what to believe."""
    return create_server(
        get_wsgi_application(),
        sockets=[listening],
        threads=8,
        ident=None,
        max_request_body_size=10_000_000,
        clear_untrusted_proxy_headers=False,
    )
