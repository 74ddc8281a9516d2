"""The ASGI entry point for a web server of your own choice."""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentrypulse.settings")
application = get_asgi_application()
