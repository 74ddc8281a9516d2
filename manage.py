#!/usr/bin/env python
"""Django's command line for SentryPulse."""

import gc
import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

from sentrypulse.env import SettingsError

if __name__ == "__main__":
    gc.disable()  # nothing that is loaded is garbage; once all apps are, SentryPulseConfig enables it again
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentrypulse.settings")
    try:
        execute_from_command_line(sys.argv)
    except (ImproperlyConfigured, SettingsError) as error:
        sys.exit(str(error))  # a wrong setting is the operator's affair: one sentence, no traceback
