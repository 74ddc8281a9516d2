"""The Celery application of ``ENGINE=celery``.

    celery -A sentrypulse worker -Q core    takes results, receipts and the timetable's ticks
    celery -A sentrypulse worker -Q edge    takes checks and deliveries; needs CELERY_BROKER_URL and no more
    celery -A sentrypulse beat              the clock: one is enough, two do no harm

Imports no Django: edge and clock need none.
"""

import sys
from pathlib import Path

# The command `celery` has our folder in the path only while it looks for this module, and then takes it out.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from pipeline.queues.celery_app import make_app, read_options
from sentrypulse.env import Env, SettingsError

try:
    env = Env()
    options = read_options(env)
    env.courier_bounds()  # the edge's settings: wrong ones stop the start, not a check
except SettingsError as error:
    if Path(sys.argv[0]).stem == "celery":
        sys.exit(str(error))  # a wrong setting is the operator's affair: one sentence, no traceback
    raise
app = make_app(options)
