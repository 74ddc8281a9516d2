"""The web server that comes with us: waitress, with our limits."""

import socket
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.wsgi import get_wsgi_application
from waitress.adjustments import Adjustments

from core.descriptors import WEB_SHARE, raise_limit
from sentrypulse.web_connections import PatientServer
from sentrypulse.web_lanes import Lanes


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


def make_server(listening: socket.socket, *, application: Any = None) -> Any:
    """Serves our WSGI application, or another one. Forwarded headers reach Django as they came:
    TRUSTED_PROXIES says there what to believe."""
    bounds = Adjustments(
        sockets=[listening],
        ident=None,
        asyncore_use_poll=True,
        backlog=1024,
        connection_limit=min(settings.WEB_CONNECTIONS, raise_limit() // WEB_SHARE),
        log_socket_errors=False,
        max_request_body_size=10_000_000,
        clear_untrusted_proxy_headers=False,
    )
    return PatientServer(
        application or get_wsgi_application(),
        map={},
        _sock=listening,
        dispatcher=Lanes(threads=settings.WEB_THREADS),
        adj=bounds,
        sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
        bind_socket=False,
    )
