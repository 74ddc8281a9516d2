"""How long we keep what we store. All jobs that delete read it here.

=========================  ==========================================  =======================
What                       Is kept for                                 Deleted by the job
=========================  ==========================================  =======================
Results                    RAW_RETENTION_DAYS                          "purge old figures"
Rollups of an hour         HOUR_RETENTION_DAYS                         "purge old figures"
Rollups of a day           DAY_RETENTION_DAYS (0: for ever)            "purge old figures"
Deliveries, and troubles   LEDGER_RETENTION_DAYS                       "purge old figures"
Pings of a heartbeat       its newest ``PINGS``                        "prune pings"
Subscribers                ``UNCONFIRMED``, or ``GONE`` after they     "forget subscribers"
                           left
Notices to subscribers     ``NOTICES`` after they were settled         "forget subscribers"
Refresh tokens, sessions   until they expire                           "flush expired tokens"
=========================  ==========================================  =======================

The jobs are in ``pipeline/jobs/retention.py``. Results go to the archive first, where there is one
(decision 20). A page's previews are deleted when the next one is made, and an object of the archive by the
rules of its bucket. Everything else is kept for as long as its monitor, page or team.
"""

from datetime import timedelta

from django.conf import settings

PINGS = 100
UNCONFIRMED = timedelta(days=7)
GONE = timedelta(days=30)
NOTICES = timedelta(days=400)


def results_kept() -> timedelta:
    return timedelta(days=settings.RAW_RETENTION_DAYS)


def hours_kept() -> timedelta:
    return timedelta(days=settings.HOUR_RETENTION_DAYS)


def days_kept() -> timedelta | None:
    """None: for ever."""
    return timedelta(days=settings.DAY_RETENTION_DAYS) or None


def deliveries_kept() -> timedelta:
    return timedelta(days=settings.LEDGER_RETENTION_DAYS)
