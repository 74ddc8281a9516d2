"""What a person can say on a status page."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from incidents.reconcile import IncidentChange, IncidentEvent
from pipeline.fanout import tell_events
from statuspages import posts
from statuspages.models import Post, PostVisibility, StatusPage


@transaction.atomic
def write(page: StatusPage, *, author: User, now: datetime, **fields: Any) -> Post:
    """Say something of an incident, or open one with it. Fields and errors: ``statuspages.posts.write_post``.

    What a public post says of an incident is told everywhere: to subscribers, on other pages, by alerts. An
    internal one tells nobody, unless it opens an incident.
    """
    post, change = posts.write_post(page, author=author, now=now, **fields)
    if post.visibility == PostVisibility.PUBLIC or change is IncidentChange.OPENED:
        tell_events([IncidentEvent(change, post.incident)], now=now)
    return post
