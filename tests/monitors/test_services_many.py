"""Many monitors changed at once."""

import pytest

from monitors import services
from monitors.models import Monitor, Tag
from monitors.slots import phase_of
from monitors.tags import create_tag, rename_tag
from tests.factories import make_monitor, make_team
from tests.monitors.test_services import LATER, refuse

pytestmark = pytest.mark.django_db


def test_many_get_another_interval_each_with_its_own_phase(team):
    made = [make_monitor(team) for _ in range(3)] + [make_monitor(team, kind="heartbeat")]
    assert services.edit_monitors(made, now=LATER, interval_s=120) == made
    stored = Monitor.objects.order_by("pk").values_list("interval_s", "phase_ms")
    assert list(stored) == [(120, phase_of(m.pk, 120)) for m in made[:3]] + [(120, None)]


def test_one_timeout_that_does_not_fit_leaves_all_intervals_alone(team):
    made = [make_monitor(team), make_monitor(team, timeout_s=30)]
    assert refuse(services.edit_monitors, made, now=LATER, interval_s=20) == {
        "interval_s": [f"Must not be shorter than the timeout of monitors {made[1].pk} (30 s)."]
    }
    assert refuse(services.edit_monitors, made, now=LATER, interval_s=1) == {
        "interval_s": ["Must be from 10 to 604800 seconds, not 1."]
    }
    assert set(Monitor.objects.values_list("interval_s", flat=True)) == {60}


def test_tags_come_and_go_within_each_team(team):
    ours, theirs = make_monitor(team, tags=["old", "both"]), make_monitor(make_team(), tags=["both"])
    services.edit_monitors([ours, theirs], now=LATER, add_tags=["new", "BOTH"], remove_tags=["Old"])
    assert sorted(tag.name for tag in ours.tags.all()) == ["both", "new"]
    assert sorted(tag.name for tag in theirs.tags.all()) == ["both", "new"]
    assert Tag.objects.filter(name="new").count() == 2


def test_nobody_gets_a_twenty_first_tag(team):
    full = make_monitor(team, tags=[f"t{n}" for n in range(20)])
    empty = make_monitor(team)
    assert refuse(services.edit_monitors, [full, empty], now=LATER, add_tags=["more"]) == {
        "add_tags": [f"A monitor has at most 20 tags; too many for monitors {full.pk}."]
    }
    assert empty.tags.count() == 0
    assert not Tag.objects.filter(name="more").exists()


def test_a_tag_has_its_name_once_in_a_team(team):
    tag = create_tag(team, name=" prod ")
    assert (tag.name, create_tag(make_team(), name="prod").name) == ("prod", "prod")
    assert refuse(create_tag, team, name="PROD") == {"name": ["There is a tag 'PROD' already."]}
    assert refuse(rename_tag, create_tag(team, name="web"), name="prod") == {
        "name": ["There is a tag 'prod' already."]
    }
    assert rename_tag(tag, name="Prod").name == "Prod"
    assert refuse(create_tag, team, name="") == {"name": ["A tag has 1 to 50 characters; '' has 0."]}
