import pytest

from delivery.attempt import HttpAnswer
from delivery.chat import ask_to_wait, write_code_block, write_html, write_link
from delivery.markup import TextLine, TextSpan


def test_a_code_block_ends_where_it_should_and_links_stand_behind_it():
    link = "https://s.example/7"
    lines = [
        TextLine((TextSpan("got ```x```"),), marker="•"),
        TextLine(),
        TextLine((TextSpan("Details", link=link),)),
    ]
    assert write_code_block(lines, language="text") == (
        "```text\n• got `\u2060`\u2060`\u2060x`\u2060`\u2060`\u2060\n\nDetails\n```\n[Details](https://s.example/7)"
    )
    assert write_code_block([TextLine((TextSpan("up"),))]) == "```\nup\n```"


def test_links_behind_a_code_block_have_an_end():
    first = TextSpan("Details", link="https://s.example/7")
    many = [
        TextLine((TextSpan("x", link=f"https://s.example/{'a' * 400}/{number}"),)) for number in range(99)
    ]
    written = write_code_block([TextLine((first,)), *many]).rpartition("```\n")[2]
    assert written.startswith("[Details](https://s.example/7) · [x](")
    assert 1_000 < len(written) <= 1_500


@pytest.mark.parametrize(
    ("text", "link", "written"),
    [
        ("Details", "https://s.example/a_b?c=d#e", "[Details](https://s.example/a_b?c=d#e)"),
        ("a](b", "https://s.example/", "[s.example](https://s.example/)"),
        ("", "https://s.example/", "[s.example](https://s.example/)"),
        ("Größe 2", "https://s.example/(ü) x", "[Größe 2](https://s.example/%28%C3%BC%29%20x)"),
    ],
)
def test_a_link_cannot_end_early(text, link, written):
    assert write_link(text, link) == written


def test_html_has_code_only_where_the_chat_reads_it():
    line = TextLine(
        (TextSpan("<b>", bold=True), TextSpan("x", code=True, link='https://s.example/?a="&b')), marker="1."
    )
    linked = '<a href="https://s.example/?a=&quot;&amp;b">{}</a>'
    assert write_html(line) == "1. <b>&lt;b&gt;</b>" + linked.format("<code>x</code>")
    assert write_html(line, code="") == "1. <b>&lt;b&gt;</b>" + linked.format("x")


def test_a_wait_in_the_body_counts_where_no_header_says_more():
    answer = HttpAnswer(status=429)
    assert ask_to_wait(answer, 1.2).headers == {"retry-after": "2"}
    assert ask_to_wait(answer, None) is answer
    assert ask_to_wait(HttpAnswer(status=429, headers={"retry-after": "9"}), 1.0).headers == {
        "retry-after": "9"
    }
