"""The jobs that delete what is kept no longer. How long each thing is kept: ``core/retention.py``."""

from datetime import datetime

from accounts.sessions import purge_expired_sessions
from accounts.tokens import purge_expired_tokens
from alerts.retention import purge_ledger
from analytics.retention import purge_results
from monitors import heartbeats
from pipeline.jobs.periodic import SLICE_S
from statuspages import subscriptions


def purge_figures(*, owner: str, now: datetime) -> bool:
    """Delete what is older than the settings keep. True: there is more to do."""
    if purge_results(owner=owner, now=now, for_s=SLICE_S).more:
        return True
    purge_ledger(now=now)
    return False


def purge_pings(*, owner: str, now: datetime) -> None:
    """Keep the newest pings of each heartbeat."""
    heartbeats.purge_pings()


def purge_subscribers(*, owner: str, now: datetime) -> None:
    """Delete the addresses of those who never confirmed, or have left."""
    subscriptions.purge_subscribers(now=now)


def purge_tokens(*, owner: str, now: datetime) -> None:
    """Delete refresh tokens and sessions that have expired, up to 10,000 of each."""
    purge_expired_tokens(now=now, limit=10_000)
    purge_expired_sessions(now=now, limit=10_000)
