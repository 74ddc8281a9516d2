#!/usr/bin/env python
"""Django's command line for SentryPulse."""

import faulthandler
import gc
import os
import sys

import django
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import DatabaseError

from core.databases import lacks_tables
from core.env import SettingsError
from sentrypulse import __version__

if __name__ == "__main__":
    if sys.argv[1:] == ["--version"]:
        sys.stdout.write(f"SentryPulse {__version__} (Django {django.get_version()})\n")
        sys.exit()
    faulthandler.enable()  # a fault in a C library ends the process; so it says at least what ran
    gc.disable()  # nothing that is loaded is garbage; once all apps are, SentryPulseConfig enables it again
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentrypulse.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, SettingsError) as error:
        sys.exit(str(error))  # a wrong setting is the operator's affair: one sentence, no traceback
    except DatabaseError as error:
        if not lacks_tables(error):
            raise
        sys.exit(
            f"The database has no such tables ({error.args[-1]}). Give this command the DATA_DIR or"
            " DATABASE_URL of the product that runs; `make run` or `manage.py migrate` makes a new one."
        )
