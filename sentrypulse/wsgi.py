"""The WSGI entry point for a web server of your own choice."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentrypulse.settings")
application = get_wsgi_application()
