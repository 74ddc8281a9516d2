"""Stored secrets of each sort that FIELD_ENCRYPTION_KEY opens."""

from cryptography.fernet import Fernet

from alerts.models import Channel
from core.field_encryption import seal
from tests.factories import make_monitor, make_team
from tests.statuspages.factories import make_page, subscribe

SECRET = {"type": "basic", "username": "u", "password": "hush"}


def new_key() -> str:
    return Fernet.generate_key().decode()


def store_secrets() -> None:
    """A monitor, a channel and a subscriber with secrets, of one team."""
    team = make_team()
    make_monitor(team, config={"auth": SECRET})
    Channel.objects.create(team=team, name="Hook", kind="webhook", secrets=seal({"secret": "s"}))
    subscribe(make_page(team))
