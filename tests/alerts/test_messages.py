"""What an alert says, and what a team may make of it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings

from alerts.messages.phrases import say_duration, say_instant, say_phases
from alerts.messages.render import (
    PARTS,
    Renderer,
    TemplateFault,
    clean_html,
    read_default,
    render_part,
    render_parts,
)
from alerts.messages.samples import sample_facts
from alerts.models import Delivery, Event, MessageTemplate, OwnEvent, Trouble
from alerts.planning import plan_deliveries
from delivery.markup import read_markdown
from delivery.message import Tone
from incidents.reconcile import IncidentEvent
from incidents.services import close_incident, open_incident
from monitors.models import Monitor
from tests.alerts.factories import T0, drop_defaults, make_channel, make_rule
from tests.delivery.examples import NATIVE
from tests.factories import make_monitor, make_team

CAUSE = {"error": "Expected 200-299, got 503.", "timings": {"dns_ms": 3, "connect_ms": 4, "total_ms": 90}}


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59.4, "59 seconds"),
        (60, "1 minute"),
        (119, "1 minute"),
        (3600, "1 hour"),
        (7500, "2 hours 5 minutes"),
        (86_400, "1 day"),
        (90_000, "1 day 1 hour"),
        (-5, "0 seconds"),
    ],
)
def test_durations_are_said_as_people_say_them(seconds, said):
    assert say_duration(timedelta(seconds=seconds)) == said


def test_instants_are_told_in_the_readers_zone_which_is_named():
    assert say_instant(T0, ZoneInfo("Europe/Berlin")) == "Mon 2 Mar 2026, 13:00:00 CET"
    assert (
        say_instant(T0 + timedelta(days=60), ZoneInfo("America/New_York")) == "Fri 1 May 2026, 08:00:00 EDT"
    )


def test_phases_that_were_not_reached_are_left_out():
    assert say_phases({"dns_ms": 0, "connect_ms": 12, "tls_ms": None}) == "DNS 0 ms, connect 12 ms"
    assert say_phases(None) == ""


@pytest.mark.parametrize("event", [*Event.values, *OwnEvent.values])
def test_every_event_has_words_in_every_part(event):
    parts, faults = render_parts(sample_facts(event, now=T0), strict=True)
    assert faults == []
    assert set(parts) == set(PARTS)
    assert all(parts.values())
    assert parts["subject"] in parts["text"]
    assert "{{" not in "".join(parts.values())
    assert "None" not in "".join(parts.values())


def make_row(team, name="Shop", cause=CAUSE, **fields):
    drop_defaults(team)
    channel = make_channel(team)
    make_rule(channel)
    monitor = make_monitor(team, name=name, **fields)
    incident = open_incident(monitor, started_at=T0 - timedelta(minutes=4), cause=cause)
    assert incident is not None
    plan_deliveries([IncidentEvent("opened", incident)], now=T0)
    return Delivery.objects.select_related("team", "trouble__monitor", "trouble__incident").get()


def close(row, *, now=T0 + timedelta(minutes=2), **how):
    """End the incident of ``row``, and the row that tells of it."""
    incident = row.trouble.incident
    close_incident(incident, at=now, text="Over.", **how)
    Delivery.objects.update(status="sent")
    plan_deliveries([IncidentEvent("resolved", incident)], now=now)
    return Delivery.objects.select_related("team", "trouble__monitor", "trouble__incident").get(
        event="recovered"
    )


JOB = {"name": "Cron", "kind": "heartbeat", "url": "", "config": {"period_s": 300, "grace_s": 60}}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "sentence", "said", "over"),
    [
        (
            "heartbeat_failed",
            "The job ended with exit status 3.",
            "Cron failed: the job ended with exit status 3",
            "Cron has recovered after 6 minutes",
        ),
        (
            "heartbeat_failed",
            "The job reported failure.",
            "Cron failed: the job reported failure",
            "Cron has recovered after 6 minutes",
        ),
        (
            "heartbeat_overrun",
            "The run that started at 10:00 UTC had not ended by 10:05 UTC.",
            "Cron is late: its run did not end in time",
            "Cron pings again after 6 minutes",
        ),
        (
            "heartbeat_late",
            "No ping since 10:00 UTC; one was expected by 10:05 UTC.",
            "Cron is late: no ping came in time",
            "Cron pings again after 6 minutes",
        ),
    ],
)
def test_a_job_is_said_to_have_failed_or_to_be_late_as_it_was(code, sentence, said, over):
    row = make_row(make_team(), cause={"error_code": code, "error": sentence}, **JOB)
    content = render(row)
    assert (content.subject, content.data["event"]) == (said, "heartbeat_late")
    for part in (content.text, content.markdown.replace("\\", ""), content.html):
        assert said in part
        assert sentence in part
    assert render(close(row)).subject == over


def render(row):
    return Renderer([row]).render(row)


@pytest.mark.django_db
def test_an_alert_names_what_failed_since_when_how_long_and_the_phases():
    team = make_team(name="Ours", timezone="Europe/Berlin")
    content = render(make_row(team))
    assert content.subject == "Shop is down"
    for said in (
        "Expected 200-299, got 503.",
        "Since: Mon 2 Mar 2026, 12:56:00 CET",
        "Duration: 4 minutes",
        "Target: http://shop.test/",
        "Phases: DNS 3 ms, connect 4 ms, total 90 ms",
        "Acknowledge: http://127.0.0.1:8000/acknowledge/",
        "Details: http://127.0.0.1:8000/incidents/",
    ):
        assert said in content.text
    assert (content.tone, content.data["event"], content.data["monitor"]["name"]) == (
        Tone.BAD,
        "down",
        "Shop",
    )
    assert content.data["incident"]["started_at"] == "2026-03-02T11:56:00Z"


@pytest.mark.django_db
def test_names_are_text_in_html_and_one_line_in_the_subject():
    content = render(make_row(make_team(), name="<script>alert(1)</script>"))
    assert "<script>" not in content.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; is down" in content.html


@pytest.mark.django_db
def test_a_teams_own_words_are_used_and_meant_everywhere():
    team = make_team()
    row = make_row(team)
    MessageTemplate.objects.create(
        team=team,
        event="down",
        subject="ALARM {{ monitor.name | upcase }}",
        text="{{ what_failed }}\n\nRun <now>!",
    )
    content = render(row)
    assert content.subject == "ALARM SHOP"
    assert content.text == "Expected 200-299, got 503.\n\nRun <now>!"
    assert "\n".join(line.text for line in read_markdown(content.markdown)) == content.text
    assert content.html == "<p>Expected 200-299, got 503.</p><p>Run &lt;now&gt;!</p>"


BROKEN = [
    "{{ monitor.name ",
    "{% for x in (1..9999999) %}{% for y in (1..9999999) %}a{% endfor %}{% endfor %}",
    "{% include 'settings' %}",
    "{% render '/etc/passwd' %}",
    "{{ monitor | nosuchfilter }}",
    "{% if %}",
    "{{ 1 | divided_by: 0 }}",
    "   ",
]


@pytest.mark.django_db
@pytest.mark.parametrize("source", BROKEN)
def test_a_broken_template_falls_back_to_ours_and_says_so(source):
    team = make_team()
    row = make_row(team)
    MessageTemplate.objects.create(team=team, event="down", subject="Mine", text=source)
    content = render(row)
    assert content.subject == "Mine"
    assert "Expected 200-299, got 503." in content.text
    assert "Your own template could not be used, so this is ours. text: " in content.text


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ monitor.__init__ }}",
        "{{ team.delete }}",
        "{{ settings.SECRET_KEY }}",
    ],
)
def test_templates_reach_nothing_of_python(source):
    with pytest.raises(TemplateFault, match=r"is undefined|text: "):
        render_part("text", source, sample_facts("down", now=T0), strict=True)


def test_a_fault_names_the_part_and_the_line():
    with pytest.raises(TemplateFault, match=r"text: 'nobody' is undefined in line 2\."):
        render_part("text", "Hello\n{{ nobody.name }}", sample_facts("down", now=T0), strict=True)


HOSTILE = [
    "<script>x</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    '<p style="background:url(http://evil.test/x)">x</p>',
    "<iframe src=//evil.test></iframe>",
    "<svg onload=alert(1)>",
    "<form action=//evil.test><input name=p></form>",
    "<link rel=stylesheet href=//evil.test>",
    "<div onclick=alert(1)>x</div>",
    "<style>@import 'http://evil.test';</style>",
]


@pytest.mark.parametrize("html", HOSTILE)
def test_a_teams_html_cannot_run_or_fetch_anything(html):
    cleaned = clean_html(html)
    for bad in (
        "script",
        "onerror",
        "onload",
        "onclick",
        "javascript:",
        "evil.test",
        "<iframe",
        "<form",
        "<style",
    ):
        assert bad not in cleaned


def test_our_own_html_survives_the_cleaning_of_a_teams():
    """So a team that starts from ours sees what it saw."""
    rendered = render_part("html", read_default("html"), sample_facts("down", now=T0))
    cleaned = clean_html(rendered)
    assert "Shop is down" in cleaned
    assert "border-radius" in cleaned


@pytest.mark.django_db
@pytest.mark.parametrize("kind", NATIVE)
@pytest.mark.parametrize(
    "said", ["</html>", "[Acknowledge](https://evil.example/)", "*a* _b_ `c`", "<!here>"]
)
def test_what_a_target_said_comes_out_as_it_was_in_every_chat(kind, said):
    team = make_team()
    row = make_row(team)
    Trouble.objects.filter(pk=row.trouble_id).update(cause={"error": f"Expected {said!r} there."})
    Monitor.objects.filter(pk=row.trouble.monitor_id).update(name=f"Shop {said}")
    Trouble.objects.filter(pk=row.trouble_id).update(title=f"Shop {said} is down")
    content = render(Delivery.objects.get(pk=row.pk))
    write_message, read, find_links = NATIVE[kind]
    payload = write_message(content)
    seen = read(payload)
    assert f"Shop {said} is down" in seen
    assert f"Expected {said!r} there." in seen
    assert all(link.startswith(settings.PUBLIC_URL) for link in find_links(payload))
    assert len(find_links(payload)) == 2  # the details, and the link that acknowledges


@pytest.mark.parametrize(
    ("source", "markdown"),
    [
        ("{{ x }}", r"\*a\*"),
        ("**{{ x }}**", r"**\*a\***"),
        ("{% echo x %}", r"\*a\*"),
        ("{{ x | append: '_' }}", r"\*a\*\_"),
        ("{{ x | as_markdown }}", "*a*"),
        ("{% capture y %}**{{ x }}**{% endcapture %}{{ y | as_markdown }}", r"**\*a\***"),
        ("{{ x | as_markdown | append: '_' }}", r"\*a\*\_"),
        ("{{ 3 }}{{ nothing }}{{ true }}", "3true"),
    ],
)
def test_what_is_put_into_markdown_is_escaped(source, markdown):
    assert render_part("markdown", source, {"x": "*a*"}) == markdown
