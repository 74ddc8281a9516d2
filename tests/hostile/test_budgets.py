"""What people and targets hand in costs a bounded number of steps, counted as calls of functions; where the
work is one call of a regular expression, by its own time: there is nothing else to count."""

import sys
import time
from datetime import UTC, datetime

import pytest

from delivery.markup import MAX_OPENED, MAX_SOURCE_CHARS, is_readable, read_markdown
from delivery.outcomes import plain
from monitors.models import Monitor
from probes import heartbeat_schedule
from probes.charsets import find_encoding
from probes.kinds.domain import _read_instant
from sentrypulse.api.monitors.exchange import name_keys
from statuspages.markdown import render_markdown
from statuspages.rendering import sources
from statuspages.stylesheets import MAX_CHARS, CssRefused, clean_css


def count_steps(do):
    """How many functions ``do`` calls, and what it returns."""
    steps = 0

    def note(frame, event, argument):
        nonlocal steps
        steps += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        made = do()
    finally:
        sys.setprofile(before)
    return steps, made


def measure_s(do):
    """Of this thread alone, whoever else is at work."""
    started = time.thread_time()
    do()
    return time.thread_time() - started


def refuse(read, text):
    with pytest.raises(ValueError, match="cron expression"):
        read(text)


EVERY_MINUTE = (
    "* * * * *",
    "0-59 * * * *",
    "*/2 0-23 1-31 * *",
    "59 23 31 12 *",
    "0 0 29 2 SUN",
    "0 0 29 2 1#5",
)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Lord_Howe", "UTC"])
@pytest.mark.parametrize("cron", EVERY_MINUTE)
def test_the_longest_gap_of_a_cron_expression(cron, zone):
    """Before: 26 days of each zone minute by minute, 4.2 million steps and a second for ``* * * * *``."""
    heartbeat_schedule._longest_gap_s.cache_clear()
    steps, _ = count_steps(lambda: heartbeat_schedule._longest_gap_s(cron, zone))
    assert steps < 450_000


@pytest.mark.parametrize("cron", EVERY_MINUTE)
def test_the_next_moment_of_a_rare_cron_expression(cron):
    config = {"cron": cron, "timezone": "Europe/Berlin"}
    steps, _ = count_steps(lambda: heartbeat_schedule.next_expected(config, datetime(2026, 3, 1, tzinfo=UTC)))
    assert steps < 20_000


def test_a_day_that_never_comes_is_refused_after_few_steps():
    steps, _ = count_steps(lambda: refuse(heartbeat_schedule.check_cron, "0 0 31 2 *"))
    assert steps < 20_000


COSTLY = {
    "brackets": "[" * 10_000,
    "pictures": "![" * 5_000,
    "quotes": ">" * 5_000 + "a\n" * 2_500,
    "links": "[a](<b" * 1_666,
    "link ends": "[" * 5_000 + "](x)" * 1_250,
    "stars": "*a_" * 3_333,
    "ticks": "".join("`" * n + "a" for n in range(1, 140)),
    "autolinks": "<a " * 3_333,
    "lists": "\n".join("  " * n + "- a" for n in range(95)),
    "definitions": "[a]:\n" * 2_000,
}


@pytest.mark.parametrize("kind", COSTLY)
def test_a_post_of_markdown(kind):
    """Before: 1.1 million steps for brackets, pictures and quotes."""
    text = COSTLY[kind][:10_000]
    steps, html = count_steps(lambda: render_markdown.__wrapped__(text))
    assert steps < 300_000
    assert len(html) < 6 * len(text) + 100


def test_a_post_that_opens_too_much_is_shown_as_it_is_and_one_below_that_is_read():
    shown = render_markdown("[<b>" + "[" * MAX_OPENED)
    assert shown.startswith("<pre>[&lt;b&gt;[[")
    assert render_markdown("**a** " + "[" * MAX_OPENED).startswith("<p><strong>a</strong>")


@pytest.mark.parametrize("kind", COSTLY)
def test_a_message_of_markdown(kind):
    """Before: 40,000 brackets held the thread that sends for three seconds."""
    text = (COSTLY[kind] * 40)[:MAX_SOURCE_CHARS]
    if is_readable(text):
        assert count_steps(lambda: read_markdown(text))[0] < 1_200_000
    else:
        assert kind not in {"stars", "ticks", "lists"}


SHEETS = {
    "selectors": "a," * 9_990 + "a{}",
    "rules": "a{}" * 6_666,
    "declarations": "a{" + "b:c;" * 4_990 + "}",
    "comments": "a" + "/**/" * 4_990 + "{}",
    "functions": "a{b:" + "calc(" * 10 + "1 " * 9_000 + ")" * 10 + "}",
    "media": "@media x{" * 10 + "a{}" * 6_000 + "}" * 10,
    "numbers": "a{b:" + "1e" * 9_990 + "}",
    "marks": "a{b:" + "!" * 19_990 + "}",
    "open": "'" * 20_000,
    "at": "@" * 20_000,
    "escapes": "\\" * 20_000,
}


@pytest.mark.parametrize("kind", SHEETS)
def test_a_pages_own_style(kind):
    text = SHEETS[kind][:MAX_CHARS]

    def clean():
        try:
            return clean_css(text)
        except CssRefused:
            return ""

    steps, css = count_steps(clean)
    assert steps < 1_000_000
    assert len(css) < 5 * MAX_CHARS


def test_a_pages_own_style_is_cleaned_once_and_not_each_minute():
    sources._clean.cache_clear()
    first, _ = count_steps(lambda: sources._clean(SHEETS["rules"]))
    again, _ = count_steps(lambda: sources._clean(SHEETS["rules"]))
    assert again < 10 < first


def test_names_of_an_export_that_are_all_the_same():
    """Before, the 5,000th asked for all names 5,000 times: 12 million look-ups."""
    monitors = [Monitor(pk=number, name="Shop") for number in range(1, 5_001)]
    monitors.append(Monitor(pk=5_001, name="Shop #7"))
    steps, keys = count_steps(lambda: name_keys(monitors))
    assert (keys[1], keys[7]) == ("Shop", "Shop #7")
    assert keys[5_001] == "Shop #7 #2"
    assert len(set(keys.values())) == 5_001
    assert steps < 50_000


@pytest.mark.parametrize(
    "do",
    [
        lambda: find_encoding(b"x", "text/html; charset=" + " " * 100_000 + ";"),
        lambda: find_encoding(b"x", "text/html; charset" + " " * 100_000 + ";"),
        lambda: find_encoding(b"<meta charset=" + b" " * 16_000 + b";>", ""),
        lambda: _read_instant("a" + " " * 100_000 + "b"),
        lambda: plain("<script" * 15_000),
        lambda: plain("<script></script" + " " * 100_000),
        lambda: plain("<" * 100_000),
    ],
    ids=["header", "header without =", "meta", "domain's date", "scripts", "script's end", "tags"],
)
def test_patterns_that_look_at_what_a_target_says(do):
    """Before: a hundred seconds for the first, on the thread of all checks; 90 s for the date, 10 s for the
    scripts."""
    assert measure_s(do) < 1


def test_a_script_that_never_ends_is_no_text():
    assert plain("before <script>alert(1)") == "before"
    assert plain("before <style>x</style >after") == "before after"
