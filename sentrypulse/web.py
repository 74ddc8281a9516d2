"""The web server that comes with us: waitress, with our limits."""

import socket
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.wsgi import get_wsgi_application
from waitress.server import create_server


def listen() -> socket.socket:
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


def make_server(listening: socket.socket) -> Any:
    """Forwarded headers reach Django as they came: TRUSTED_PROXIES says there what to believe."""
    return create_server(
        get_wsgi_application(),
        sockets=[listening],
        threads=8,
        ident=None,
        max_request_body_size=10_000_000,
        clear_untrusted_proxy_headers=False,
    )
