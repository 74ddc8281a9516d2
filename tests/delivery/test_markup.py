"""Any text that is quoted in a message arrives in every chat as it was typed."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from delivery.kinds import discord, slack, telegram
from delivery.markup import escape_markdown, read_markdown
from delivery.message import Content, Tone
from tests.delivery.examples import NATIVE

LINK = "https://s.example/incidents/7"
QUOTED = [
    "</html>", '<a href="https://evil.example/">Acknowledge</a>', "a < b && c > d", "&lt;", "&amp;amp;",
    "[Acknowledge](https://evil.example/)", "<https://evil.example/|Acknowledge>", "*", "a*b*c", "__init__",
    "## Resolved", "`rm -rf`", "~~gone~~", "||spoiler||", "<!channel> @everyone <@U123>", "1. one", "- x",
    "> quote", "\\", "\\*", "a\\", "```", "![x](https://evil.example/i.png)", "{{DATE(2017)}}", "*_~`[](){}",
    "tab\there", "Überfällig ß 日本 🎉", "x" * 300, "_", "**", "http://evil.example/", "a_b_c", ":smile:",
]  # fmt: skip
typed = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("*_`~[]()<>&\\#|!-+.@:\"'{}"), min_size=1
)


def same(text):
    return " ".join(text.split())


def write(value):
    quoted = escape_markdown(value)
    return Content(
        subject=f"Shop {same(value)} is down"[:300],
        text=value or "x",
        markdown=f"**{quoted}**\n\n{quoted}\n\n- Target: {quoted}\n- {quoted}\n\n"
        f"[Details]({LINK})\n\n_{quoted}_",
        link=LINK,
        tone=Tone.BAD,
    )


@pytest.mark.parametrize("kind", NATIVE)
@settings(max_examples=150, deadline=None)
@given(value=typed.filter(lambda text: text.strip()))
def test_any_text_comes_out_as_typed(kind, value):
    write_message, read, find_links = NATIVE[kind]
    payload = write_message(write(value[:200]))
    seen, quoted = same(read(payload)), same(value[:200])
    assert f"Target: {quoted}" in seen
    assert seen.count(quoted) >= 4
    assert find_links(payload) == {LINK}


@pytest.mark.parametrize("kind", NATIVE)
def test_what_people_have_met_comes_out_as_typed(kind):
    write_message, read, find_links = NATIVE[kind]
    for value in QUOTED:
        payload = write_message(write(value))
        assert f"Target: {same(value)}" in same(read(payload)), value
        assert find_links(payload) == {LINK}, value


@pytest.mark.parametrize("kind", NATIVE)
def test_plain_text_comes_out_as_typed_where_there_is_no_markdown(kind):
    write_message, read, _ = NATIVE[kind]
    for value in QUOTED:
        payload = write_message(Content(subject="Shop is down", text=f"Expected {value} there.", link=LINK))
        assert f"Expected {same(value)} there." in same(read(payload)), value


@settings(max_examples=300, deadline=None)
@given(value=typed.filter(lambda text: text.strip()))
@example(value="0\xa0")
@example(value="a\nb")
def test_an_escaped_text_is_read_as_itself_wherever_it_stands(value):
    for frame in ("**{}**", "- x: {}", "{}", "x {} y", "1. {}"):
        lines = read_markdown(frame.format(escape_markdown(value)))
        shown = frame.replace("*", "").replace("- ", "• ").format(value)
        assert same("\n".join(line.text for line in lines)) == same(shown)


def test_markdown_that_is_meant_is_kept():
    content = Content(subject="S", text="t", markdown="Some **bold** and [a link](https://x.example/) `code`")
    (block,) = slack.write_message(content)["attachments"][0]["blocks"]
    elements = block["elements"][0]["elements"]
    assert {"type": "text", "text": "bold", "style": {"bold": True}} in elements
    assert {"type": "link", "text": "a link", "url": "https://x.example/"} in elements
    assert "**bold**" in discord.write_message(content)["embeds"][0]["description"]
    html = telegram.write_message({"chat_id": "1", "topic_id": ""}, content)["text"]
    assert '<b>bold</b> and <a href="https://x.example/">a link</a> <code>code</code>' in html


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd", "tg://user?id=1", "//x"])
def test_a_link_that_is_no_web_address_is_text(address):
    content = Content(subject="S", text="t", markdown=f"[here]({address})", link=LINK)
    for write_message, read, find_links in NATIVE.values():
        payload = write_message(content)
        assert "here" in read(payload)
        assert find_links(payload) <= {LINK}


def digest(count):
    items = "\n".join(f"- {escape_markdown(f'Shop_{n} <b> is down')} {'ä' * 90}" for n in range(count))
    return Content(
        subject=f"{count} changes at once",
        text="t",
        markdown=f"**{count} changes at once**\n\nTold together.\n\n{items}\n\n"
        f"[Details]({LINK})\n\n_The end\\._",
        link=LINK,
    )


@pytest.mark.parametrize("kind", NATIVE)
def test_a_long_digest_keeps_its_beginning_its_end_and_its_link(kind):
    write_message, read, find_links = NATIVE[kind]
    payload = write_message(digest(300))
    seen = read(payload)
    assert "Shop_0 <b> is down" in seen
    assert "more lines …" in seen
    assert seen.rstrip().endswith("The end.")
    assert find_links(payload) == {LINK}


@pytest.mark.parametrize("kind", NATIVE)
@pytest.mark.parametrize(
    "text", ["x" * 50_000, "\n" * 9_000 + "x", "<&>" * 9_000, "\\" * 20_000, "🎉" * 9_000, "`" * 20_000]
)
def test_one_endless_line_is_cut_and_taken(kind, text):
    write_message, read, find_links = NATIVE[kind]
    for content in (
        Content(subject="S" * 900, text=text, link=LINK),
        Content(subject="S", text="t", markdown=text, link=LINK),
    ):
        payload = write_message(content)
        assert read(payload)
        assert LINK in find_links(payload)
