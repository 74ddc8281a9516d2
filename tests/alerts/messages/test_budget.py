"""Templates that cost more than they may: refused when saved, and when they are stored already, replaced by
ours."""

import sys
import tracemalloc
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts import sending
from alerts.messages.budget import MAX_STEPS, MAX_TEAM_STEPS, TemplateSteps
from alerts.messages.render import PARTS, TemplateFault, clean_html, read_default, render_part, render_parts
from alerts.messages.samples import sample_facts
from alerts.models import Event, MessageTemplate, OwnEvent
from monitors.models import Monitor
from tests.alerts.factories import T0, make_channel, make_delivery
from tests.factories import make_team

FACTS = sample_facts("down", now=T0)
LONG = "| append: 'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb' "
MANY = "| append: 'b,c,d,e,f,g,h,i,j,k,l,m,n,o,' " * 120 + "| split: ','"
HOSTILE = {
    "replace": "{{ 'aaaaaaaaaa' " + "| replace: 'a', 'aaaaaaaaaa' " * 10 + "}}",
    "replace nothing": "{{ 'aaaaaaaaaaaaaaaa' " + "| replace: '', 'aaaaaaaaaaaaaaaa' " * 7 + "}}",
    "append": "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 40,
    "capture": "{% assign x = 'aaaaaaaaaa' %}"
    + "{% capture y %}{{x}}{{x}}{{x}}{{x}}{% endcapture %}{% assign x = y %}" * 20,
    "concat": "{% assign x = 'a,b' | split: ',' %}" + "{% assign x = x | concat: x %}" * 30,
    "join": f"{{% assign x = 'a' {LONG * 100}%}}{{% assign l = x | split: 'zz' %}}"
    + "{% assign l = l | concat: l %}" * 11
    + "{{ l | join: '' }}",
    "times": "{% assign x = 9999999999 %}" + "{% assign x = x | times: x %}" * 30,
    "range in a loop": "{% for i in (1..9999999999) reversed %}a{% endfor %}",
    "range in a filter": "{{ (1..999999999) | join: '' }}",
    "range in a condition": "{% if (1..99999999999) contains 0.5 %}a{% endif %}",
    "range by a name": "{% assign n = 99999999999 %}{% for i in (1..n) reversed %}a{% endfor %}",
    "many loops": "{% for i in (1..2000) %}{{ headline | upcase }}{% endfor %}" * 100,
    "empty loops": "{% for i in (1..2000) %}{% endfor %}" * 200,
    "many conditions": "{% for i in (1..2000) %}{% if 1 == 2 "
    + "or 1 == 2 " * 200
    + "%}{% endif %}{% endfor %}",
    "many cases": "{% for i in (1..2000) %}{% case 1 %}{% when 2"
    + ", 2" * 3000
    + "%}x{% endcase %}{% endfor %}",
    "tablerow": "{% tablerow i in (1..2000) %}{% tablerow j in (1..2000) %}x" + "{% endtablerow %}" * 2,
    "uniq": "{% assign x = 'a,' " + MANY + " %}" + "{{ x | uniq | size }}" * 50,
    "sort": "{% assign x = 'a,' " + MANY + " %}" + "{{ x | sort | size }}" * 200,
    "split": "{{ 'x' " + LONG * 60 + "| split: '' | join: ',' }}",
    "escape": "{{ '<<<<<<<<<<<<<<<<<<<<<<' " + "| url_encode " * 200 + "}}",
    "contains": "{% assign x = 'a' "
    + LONG * 200
    + "%}{% for i in (1..2000) %}{% if x contains 'bbba' %}{% endif %}{% endfor %}",
    "date": "{{ '" + "9/" * 4000 + "' | date: '%Y' }}",
    "liquid": "{% liquid\n" + "for i in (1..2000)\n echo headline\n endfor\n" * 100 + "%}",
    "open braces": "{{" * 9_000,
    "one open brace": "{{" * 400 + "a" * 18_000,
    "raw": "{% raw %}" * 400 + "a" * 15_000,
    "brackets": "{{ a" + "['a'" * 4_000 + "}}",
}


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("part", ["text", "html", "markdown"])
def test_no_template_takes_more_than_it_may(part, source):
    """Before: 2 s and 1.2 GB for the first of these, and for ever for a range in a condition."""
    with pytest.raises(TemplateFault, match=SAID):
        render_part(part, source, FACTS)


SAID = r"steps|more than|range|close|limit"
FEW_STEPS = 2_000


@pytest.mark.parametrize("source", HOSTILE.values(), ids=HOSTILE)
def test_a_step_is_little_work_and_little_memory(source):
    """Counted in calls, which a slow machine does not change; reading it, which is done once, is left out."""
    with suppress(TemplateFault):
        render_part("text", source, FACTS)
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += 1

    tracemalloc.start()
    sys.setprofile(count)
    try:
        with pytest.raises(TemplateFault, match=SAID):
            render_part("text", source, FACTS, steps=TemplateSteps(FEW_STEPS))
    finally:
        sys.setprofile(None)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 20_000_000
    assert calls < 100 * FEW_STEPS


PIECES = st.sampled_from(
    """
    {{ headline }}|{{ x }}|{% assign x = headline | append: x %}|{% endfor %}|{% if x %}|{% endif %}
    {% break %}|{% for i in facts %}|{% for i in (1..500) %}|{{ i.name | upcase }}
    {{ facts | map: 'value' | join }}|{{ monitor }}|{% assign x = facts | concat: facts %}
    {{ x | size | times: 99999999999999999999 }}|{% capture x %}|{{ (1..x) }}|{% endcapture %}
    {{ x | split: '' | reverse | join: x }}|{{ x | date: x }}|{{ 1 | divided_by: 0.0 }}|{|%}
    {{ x | slice: 0, 99 }}|{% cycle x, 1 %}|{{ monitor.id | plus: x }}|\ud800
    {{ '\ud800' | url_encode }}|{{ x | round: 99999999 }}|{{ '1e400' | plus: 1 | ceil }}
    {% case x %}|{% when 1 %}|{% endcase %}|{% else %}
    """.replace("\n", "|").split("|")
)


@given(st.lists(PIECES, max_size=30).map("".join), st.sampled_from(PARTS))
def test_whatever_a_template_does_is_its_fault_and_no_exception_of_ours(source, part):
    parts, faults = render_parts(FACTS, {part: source})
    assert parts["subject"]
    assert parts["text"]
    assert all(fault.startswith(f"{part}: ") and fault.endswith(".") for fault in faults)


@pytest.mark.parametrize("event", [*Event.values, *OwnEvent.values])
@pytest.mark.parametrize("part", PARTS)
def test_our_own_templates_take_a_small_part_of_the_steps(event, part):
    steps, facts = TemplateSteps(), sample_facts(event, now=T0)
    render_part(part, read_default(part), facts | {"items": ["Shop is down"] * 50, "more": 7}, steps=steps)
    assert steps.left > 0.9 * MAX_STEPS


def test_html_with_very_many_tags_is_refused():
    """At first 10 s for nested ones of 200 KB."""
    with pytest.raises(TemplateFault, match=r"^html: It has more than 3,000 tags\.$"):
        clean_html("<div>" * 3_001)


def test_what_comes_out_larger_than_a_message_takes_is_a_fault():
    loop = "{% for i in (1..1500) %}" + "a" * 60 + "{% endfor %}"
    parts, faults = render_parts(FACTS, {"text": loop, "html": loop})
    assert faults == [
        "text: It comes out larger than 40,000 bytes.",
        "html: It comes out larger than 80,000 bytes.",
    ]
    assert "so this is ours" in parts["text"]
    assert "so this is ours" in parts["html"]


def make_alerts(name, count=1, **template):
    team = make_team(name=name)
    channel = make_channel(team, name=name)
    if template:
        MessageTemplate.objects.create(team=team, event=OwnEvent.TEST, **template)
    return [make_delivery(channel, event=OwnEvent.TEST) for _ in range(count)]


FAULTS = [
    KeyError("x"),
    RecursionError("deep"),
    MemoryError(),
    AssertionError(),
    UnicodeError(),
    OverflowError("big"),
]


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_whatever_a_template_raises_ours_goes_out_and_the_others_alerts_with_it(fault, monkeypatch):
    """At first an exception that nobody had thought of ended "send alerts" for every team."""
    from alerts.messages import budget

    def explode(*args, **kwargs):
        raise fault

    make_alerts("Mine", text="{{ 'x' | explode }}")
    make_alerts("Others")
    monkeypatch.setattr(budget.BoundedEnvironment, "setup_tags_and_filters", _with_filter(explode))
    from alerts.messages import render

    render._environment.cache_clear()
    try:
        mine, others = sending.take_due(now=T0)
    finally:
        render._environment.cache_clear()
        render._parse.cache_clear()
    assert "Your own template could not be used, so this is ours. text: " in mine.content.text
    assert "If you can read this, alerts arrive here." in mine.content.text
    assert "could not be used" not in others.content.text


def _with_filter(explode):
    from alerts.messages.budget import BoundedEnvironment

    original = BoundedEnvironment.setup_tags_and_filters

    def set_up(self, *, extra=False):
        original(self, extra=extra)
        self.add_filter("explode", explode)

    return set_up


@pytest.mark.django_db
def test_a_team_that_has_spent_its_batch_is_told_so_by_our_words(monkeypatch):
    """Each of its templates is within its steps; together they would hold up the others' alerts."""
    costly = "{% for i in (1..1500) %}{{ i }}{% endfor %}"
    rows = make_alerts("Mine", count=40, text=costly, subject="Mine")
    make_alerts("Others", text="{{ headline }}")
    messages = sending.take_due(now=T0)
    mine, others = messages[: len(rows)], messages[-1]
    ours = [message for message in mine if "takes more than 100,000 steps" in message.content.text]
    assert mine[0].content.text.startswith("123")
    assert 0 < len(mine) - len(ours) <= MAX_TEAM_STEPS // 3_000
    assert others.content.text == others.content.subject


@pytest.mark.django_db
def test_a_name_of_a_template_that_is_none_of_ours_harms_nobody():
    rows = make_alerts("Mine", text="x", subject="{{ headline }}")
    Monitor.objects.all().delete()
    (message,) = sending.take_due(now=T0)
    assert (message.content.text, len(rows)) == ("x", 1)
