"""The Celery application of ``ENGINE=celery``, as the environment describes it.

Imports no Django: edge and clock need none.
"""

import sys
from pathlib import Path

from core.env import Env, SettingsError
from pipeline.celery.options import make_app, read_options

try:
    env = Env()
    options = read_options(env)
    env.courier_bounds()  # the edge's settings: wrong ones stop the start, not a check
except SettingsError as error:
    if Path(sys.argv[0]).stem == "celery":
        sys.exit(str(error))  # a wrong setting is the operator's affair: one sentence, no traceback
    raise
app = make_app(options)
