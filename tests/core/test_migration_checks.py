"""Migrations are safe while the code before them runs; `migrate` waits for no lock for long."""

import threading

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, connections, models
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader

from core.migration_checks import OURS, SHIPPED, check_migrations, find_mistakes, find_unsafe


def mistakes_of(app, *made, **more):
    migration = type("Migration", (Migration,), {"operations": list(made), **more})("9999_test", app)
    loader = MigrationLoader(None)
    return list(find_mistakes(migration, app, loader.project_state()))


def test_no_migration_of_ours_is_unsafe():
    assert check_migrations(None) == []


def test_every_app_with_migrations_comes_under_the_rule():
    from django.apps import apps

    with_migrations = {app for app, _ in MigrationLoader(None).disk_migrations}
    ours = {
        config.label
        for config in apps.get_app_configs()
        if not config.name.startswith(("allauth", "django", "rest_"))
    }
    assert (ours & with_migrations) - {"sentrypulse", "drf_spectacular"} <= set(OURS)
    assert set(OURS) == set(SHIPPED)


@pytest.mark.parametrize(
    ("app", "operation", "says"),
    [
        ("monitors", operations.AddField("result", "x", models.IntegerField(default=0)), "db_default"),
        (
            "accounts",
            operations.AddField("team", "x", models.CharField(max_length=5, default="")),
            "db_default",
        ),
        (
            "monitors",
            operations.AlterField("result", "http_status", models.BigIntegerField(null=True)),
            "rewrites",
        ),
        (
            "monitors",
            operations.AddIndex("result", models.Index(fields=["error_code"], name="i")),
            "large table",
        ),
        (
            "analytics",
            operations.AddIndex("rollup", models.Index(fields=["team_id"], name="i")),
            "large table",
        ),
        (
            "monitors",
            operations.AddConstraint(
                "result", models.CheckConstraint(condition=models.Q(pk__gt=0), name="c")
            ),
            "large table",
        ),
        ("monitors", operations.RunPython(lambda apps, editor: None), "in slices"),
        ("analytics", operations.RunSQL("UPDATE analytics_rollup SET x = 1"), "in slices"),
        ("accounts", operations.RemoveField("team", "name"), "a release later"),
        ("accounts", operations.RenameField("team", "name", "title"), "a release later"),
        ("incidents", operations.DeleteModel("Update"), "a release later"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_locks_a_large_table_or_breaks_running_code_is_refused(app, operation, says):
    try:
        [mistake] = mistakes_of(app, operation)
    except KeyError as error:  # the models that this test names are gone
        pytest.fail(f"no such field or model: {error}")
    assert says in mistake


@pytest.mark.parametrize(
    ("app", "made"),
    [
        ("monitors", [operations.AddField("result", "x", models.IntegerField(null=True))]),
        ("monitors", [operations.AddField("result", "x", models.IntegerField(db_default=0))]),
        ("accounts", [operations.AddIndex("team", models.Index(fields=["name"], name="i"))]),
        (
            "monitors",
            [
                operations.CreateModel(
                    "New", [("id", models.BigAutoField(primary_key=True)), ("x", models.IntegerField())]
                ),
                operations.AddIndex("new", models.Index(fields=["x"], name="i")),
                operations.AddField("new", "y", models.IntegerField(default=0)),
            ],
        ),
    ],
)
def test_what_only_adds_is_allowed(app, made):
    assert mistakes_of(app, *made) == []


def test_what_only_python_knows_of_a_field_may_change():
    field = MigrationLoader(None).project_state().models["monitors", "result"].fields["error_code"].clone()
    field.help_text = "Why it failed"
    assert mistakes_of("monitors", operations.AlterField("result", "error_code", field)) == []


def test_a_reason_in_writing_counts(monkeypatch):
    loader = MigrationLoader(None)
    unsafe = type("Migration", (Migration,), {"operations": [operations.RunSQL("SELECT 1")]})
    loader.disk_migrations["monitors", "0099_unsafe"] = unsafe("0099_unsafe", "monitors")
    monkeypatch.setattr(
        loader, "project_state", lambda *args, **kwargs: MigrationLoader(None).project_state()
    )
    assert [name for name, _ in find_unsafe(loader)] == ["monitors.0099_unsafe"]
    unsafe.safe_because = "It reads one row."  # said in the class, as a migration says it
    assert list(find_unsafe(loader)) == []


@pytest.mark.django_db(transaction=True)
def test_migrate_gives_up_on_a_table_that_is_busy():
    if connection.vendor != "mysql":
        pytest.skip("SQLite has one lock, and no time limit of the server's for it.")
    held, release = threading.Event(), threading.Event()

    def hold():
        with connections["default"].cursor() as cursor:
            cursor.execute("LOCK TABLES django_migrations WRITE")
            held.set()
            release.wait(30)
            cursor.execute("UNLOCK TABLES")
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(10)
        with pytest.raises(CommandError, match="A table was busy for 1 s"):
            call_command("migrate", "accounts", lock_timeout_s=1, verbosity=0)
    finally:
        release.set()
        holder.join()
