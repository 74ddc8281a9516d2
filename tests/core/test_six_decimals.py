"""Instants are written by Python alone, and what SQLite once wrote itself is mended."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import DateTimeField

from core.migration_checks import OURS
from core.six_decimals import write_six_decimals
from monitors.models import Monitor
from tests.factories import make_monitor, make_team

INSTANT_FIELDS = [
    field
    for app in OURS
    for model in apps.get_app_config(app).get_models()
    for field in model._meta.local_fields
    if isinstance(field, DateTimeField)
]


@pytest.mark.parametrize("field", INSTANT_FIELDS, ids=str)
def test_no_instant_is_left_to_the_database(field):
    assert not field.has_db_default()


def text_of(monitor):
    with connection.cursor() as cursor:
        cursor.execute("SELECT created_at || '' FROM monitors_monitor WHERE id = %s", [monitor.pk])
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("stored", "mended", "means"),
    [
        ("2026-11-29 23:00:01.123", "2026-11-29 23:00:01.123000", (1, 123_000)),
        ("2026-11-29 23:00:01.000", "2026-11-29 23:00:01", (1, 0)),  # as Django writes a whole second
        ("2026-11-29 23:00:01.120000", "2026-11-29 23:00:01.120000", (1, 120_000)),
        ("2026-11-29 23:00:01", "2026-11-29 23:00:01", (1, 0)),
    ],
)
def test_a_stored_instant_is_mended_once(stored, mended, means):
    monitor = make_monitor(make_team())
    with connection.cursor() as cursor:
        cursor.execute("UPDATE monitors_monitor SET created_at = %s WHERE id = %s", [stored, monitor.pk])

    instant = datetime(2026, 11, 29, 23, 0, *means, tzinfo=UTC)
    for _ in range(2):
        write_six_decimals("monitors")(apps, SimpleNamespace(connection=connection))

        assert Monitor.objects.get().created_at == instant
        assert Monitor.objects.filter(created_at=instant).exists()
        if connection.vendor == "sqlite":
            assert text_of(monitor) == mended
