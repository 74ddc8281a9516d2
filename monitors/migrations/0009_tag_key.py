"""What tells tags apart is the same on every database; a collation may ignore accents."""

import hashlib
from typing import Any

from django.db import migrations, models

from core.folding import fold_case


def _digest(name: str) -> str:
    return hashlib.sha256(fold_case(name).encode()).hexdigest()


def fill(apps: Any, schema_editor: Any) -> None:
    """Of two that were made at the same moment the younger keeps its name, and is found by it no more."""
    model = apps.get_model("monitors", "Tag")
    taken: set[tuple[int, str]] = set()
    for tag in model.objects.order_by("pk").iterator(chunk_size=1_000):
        key = _digest(tag.name)
        if (tag.team_id, key) in taken:
            key = _digest(f"{tag.name}#{tag.pk}")
        taken.add((tag.team_id, key))
        model.objects.filter(pk=tag.pk).update(key=key)


class Migration(migrations.Migration):
    safe_because = "A tag that the old code makes meanwhile has no key; it works, and is taken for no other."
    dependencies = [("monitors", "0008_slow_until")]

    operations = [
        migrations.AddField("tag", "key", models.CharField(max_length=64, editable=False, null=True)),
        migrations.RunPython(fill, migrations.RunPython.noop),
        migrations.AddConstraint(
            "tag", models.UniqueConstraint(fields=["team", "key"], name="monitors_tag_key_once")
        ),
        migrations.RemoveConstraint("tag", "monitors_tag_name_once"),
    ]
