"""The Celery application of ``ENGINE=celery``, as the environment describes it.

Imports no Django: edge and clock need none.
"""

import sys
from pathlib import Path

from core.env import Env, SettingsError
from pipeline.celery.options import make_app, read_options
from pipeline.celery.sender import CelerySender

try:
    env = Env()
    options = read_options(env)
    env.courier_bounds()  # the edge's settings: wrong ones stop the start, not a check
except SettingsError as error:
    if Path(sys.argv[0]).stem == "celery":
        sys.exit(str(error))  # a wrong setting is the operator's affair: one sentence, no traceback
    raise
app = make_app(options)


def make_sender() -> CelerySender:
    """The sender of this process, on the application that the environment describes."""
    return CelerySender(
        app,
        max_messages=options.queue_max_messages,
        retry_after_s=options.retry_after_s,
        queue_prefix=options.queue_prefix,
    )
