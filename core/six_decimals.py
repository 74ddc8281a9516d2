"""SQLite stores an instant as text and compares texts. So each must have six decimals, as Django writes
it."""

from collections.abc import Callable
from typing import Any

from django.db.models import DateTimeField

_MEND = """
UPDATE "{table}" SET "{column}" = CASE
    WHEN "{column}" LIKE '%.000' THEN substr("{column}", 1, 19)
    ELSE "{column}" || '000'
END
WHERE "{column}" LIKE '____-__-__ __:__:__.___'
"""


def write_six_decimals(app_label: str) -> Callable[[Any, Any], None]:
    """For a migration: mend instants that SQLite itself wrote, by a column's default, with three decimals.

    MySQL and MariaDB store no text, so nothing is mended there.
    """

    def write(apps: Any, schema_editor: Any) -> None:
        connection = schema_editor.connection
        if connection.vendor != "sqlite":
            return
        for model in apps.get_app_config(app_label).get_models():
            for field in model._meta.local_fields:
                if isinstance(field, DateTimeField):
                    with connection.cursor() as cursor:
                        cursor.execute(_MEND.format(table=model._meta.db_table, column=field.column))

    return write
