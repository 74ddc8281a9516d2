"""Where ``celery -A sentrypulse`` finds the application of ``ENGINE=celery``.

celery -A sentrypulse worker -Q core    takes results, receipts and the timetable's ticks
celery -A sentrypulse worker -Q edge    takes checks and deliveries; needs CELERY_BROKER_URL and no more
celery -A sentrypulse beat              the clock: one is enough, two do no harm
"""

import sys
from pathlib import Path

# The command `celery` has our folder in the path only while it looks for this module, and then takes it out.
sys.path.append(str(Path(__file__).resolve().parent.parent))

from pipeline.celery.app import app

__all__ = ["app"]
