"""A team's tags, and which monitors wear them. Called in a transaction by `monitors/services.py`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from accounts.models import Team
from accounts.quotas import require_within
from core.folding import fold_case, make_name_key
from monitors.models import Monitor, Tag
from monitors.validation import MAX_TAGS, check_tag, check_tags


def known_tags(team_id: int) -> dict[str, Tag]:
    """The team's tags by their names in folded case: case does not tell tags apart, on any database."""
    return {fold_case(tag.name): tag for tag in Tag.objects.filter(team_id=team_id)}


def find_named(name: str, *, team_ids: Iterable[int]) -> list[int]:
    """The tags of the teams that are called so, by id; case does not tell them apart. Compared here: what
    databases take for equal differs, and a collation may ignore accents."""
    tags = Tag.objects.filter(team_id__in=team_ids).values_list("pk", "name")
    return [pk for pk, other in tags if fold_case(other) == fold_case(name)]


def ensure_tags(team_id: int, names: Iterable[str]) -> list[Tag]:
    """The team's tags of these names, made where there are none. Raises ``QuotaReached``."""
    wanted = list(names)
    if not wanted:
        return []
    known = known_tags(team_id)
    tags = [
        known.get(fold_case(name))
        or Tag.objects.get_or_create(team_id=team_id, key=make_name_key(name), defaults={"name": name})[0]
        for name in wanted
    ]
    if not all(fold_case(name) in known for name in wanted):
        _require_room(team_id)
    return tags


def _require_room(team_id: int) -> None:
    """Raise when the team has too many tags. The quotas are not locked here, because the caller has locked
    monitors. So callers at the same time may make a few tags too many."""
    require_within(team_id, "tags", has=Tag.objects.filter(team_id=team_id).count())


def create_tag(team: Team, *, name: str) -> Tag:
    return rename_tag(Tag(team=team), name=name)


def rename_tag(tag: Tag, *, name: str) -> Tag:
    """Give ``tag`` its name, in use nowhere else in its team; its monitors keep it. Raises ``QuotaReached``
    for a new one."""
    new = tag.pk is None
    try:
        tag.name = check_tag(name)
        tag.key = make_name_key(tag.name)
    except ValueError as mistake:
        raise ValidationError({"name": str(mistake)}) from None
    taken = ValidationError({"name": f"There is a tag {tag.name!r} already."})
    try:
        with transaction.atomic():
            tag.save()
            if new:
                _require_room(tag.team_id)
    except IntegrityError:
        raise taken from None
    return tag


def _clean_tags(field: str, names: Sequence[str]) -> list[str]:
    try:
        return check_tags(names)
    except ValueError as mistake:
        raise ValidationError({field: str(mistake)}) from None


def change_tags(monitors: Sequence[Monitor], *, add: Sequence[str], remove: Sequence[str]) -> None:
    """Give every monitor the tags in ``add`` and take off those in ``remove``."""
    add, remove = _clean_tags("add_tags", add), _clean_tags("remove_tags", remove)
    through = Monitor.tags.through
    ids = [monitor.pk for monitor in monitors]
    gone = {fold_case(name) for name in remove}
    worn: dict[int, set[int]] = defaultdict(set)
    leaving = []
    for link in through.objects.filter(monitor_id__in=ids).select_related("tag"):
        if fold_case(link.tag.name) in gone:
            leaving.append(link.pk)
        else:
            worn[link.monitor_id].add(link.tag_id)
    through.objects.filter(pk__in=leaving).delete()
    tags = {team_id: ensure_tags(team_id, add) for team_id in {monitor.team_id for monitor in monitors}}
    new = [(m.pk, tag.pk) for m in monitors for tag in tags[m.team_id] if tag.pk not in worn[m.pk]]
    for monitor_id, tag_id in new:
        worn[monitor_id].add(tag_id)
    _check_counts(worn)
    # Two who add the same tag at once: the second finds it there.
    through.objects.bulk_create([through(monitor_id=m, tag_id=t) for m, t in new], ignore_conflicts=True)


def _check_counts(worn: Mapping[int, set[int]]) -> None:
    if full := [str(monitor_id) for monitor_id, tags in worn.items() if len(tags) > MAX_TAGS]:
        raise ValidationError(
            {"add_tags": f"A monitor has at most {MAX_TAGS} tags; too many for monitors {', '.join(full)}."}
        )
