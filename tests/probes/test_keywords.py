import unicodedata

import pytest

from probes.keywords import contains_keyword, contains_plainly

HTML = "text/html"
JAPANESE, GERMAN = "本日は正常です", "Verfügbar"


@pytest.mark.parametrize(
    ("text", "codec", "label", "keyword"),
    [
        (JAPANESE, "shift_jis", "Shift_JIS", "正常"),
        (JAPANESE, "euc_jp", "EUC-JP", "正常"),
        (JAPANESE, "iso2022_jp", "ISO-2022-JP", "正常"),
        ("系统正常", "gb2312", "gb2312", "正常"),
        ("系统正常㐀", "gb18030", "GB18030", "㐀"),
        ("系統正常", "big5", "Big5", "正常"),
        ("香港𠝹", "big5hkscs", "Big5-HKSCS", "𠝹"),
        ("한국 뷁", "cp949", "EUC-KR", "뷁"),
        ("Всё готово", "cp1251", "windows-1251", "готово"),
        ("Всё готово", "koi8_r", "KOI8-R", "готово"),
        ("Příliš žluťoučký", "iso8859-2", "latin2", "žluťoučký"),
        (GERMAN, "latin-1", "ISO-8859-1", GERMAN),
        ("5 € – “ok”", "cp1252", "iso-8859-1", "€ – “ok”"),
        (GERMAN, "utf-16-le", "utf-16", GERMAN),
        (GERMAN, "utf-32-be", "utf-32be", GERMAN),
        ("سلام", "cp1256", "windows-1256", "سلام"),
        ("สวัสดี", "tis_620", "TIS-620", "สวัสดี"),
    ],
)
def test_a_keyword_is_found_in_every_encoding_that_a_header_names(text, codec, label, keyword):
    body = f"<p>{text}</p>".encode(codec)
    assert contains_keyword(body, keyword, f"text/html; charset={label}")
    assert not contains_keyword(body, "故障X", f"text/html; charset={label}")


@pytest.mark.parametrize("declared", ["<meta charset={}>", '<?xml version="1.0" encoding="{}"?>'])
@pytest.mark.parametrize("codec", ["euc_jp", "shift_jis", "iso2022_jp"])
def test_a_keyword_is_found_in_the_encoding_that_the_document_names(declared, codec):
    body = (declared.format(codec.replace("iso2022_", "iso-2022-")) + JAPANESE).encode(codec)
    assert contains_keyword(body, "正常", HTML)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_is_enough(codec):
    assert contains_keyword(f"{GERMAN} ok".encode(codec), GERMAN, "text/html; charset=iso-8859-1")


@pytest.mark.parametrize("codec", ["latin-1", "shift_jis", "euc_jp", "gb18030", "cp1251", "koi8_r"])
def test_where_nothing_is_declared_browsers_guess(codec):
    text = {"latin-1": "Café", "cp1251": "готово", "koi8_r": "готово"}.get(codec, "正常")
    assert contains_keyword(f"<p>{text}".encode(codec), text, HTML)
    assert contains_keyword(f"<p>{text}".encode(codec), text, "text/html; charset=undefined")


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        ("Verf&uuml;gbar", GERMAN),
        ("Verf&#252;gbar &#xFC;", GERMAN),
        (unicodedata.normalize("NFD", GERMAN), GERMAN),
        (GERMAN, unicodedata.normalize("NFD", GERMAN)),
        ("All&nbsp;systems\n\t normal", "All systems normal"),
        ("All\u00a0systems\u3000normal", "All systems normal"),
        ("status:\n\n ok", "status: ok"),
        ("is  ok now", " ok "),
        ("AT&amp;T", "AT&T"),
        ("&lt;b&gt;", "<b>"),
        ("Donau&shy;dampf\u00adschiff", "Donaudampfschiff"),
        ("head\u200bless", "headless"),
        ("Verf&uuml;gbar", "Verf&uuml;gbar"),  # the source as it is
        ("<title>OK</title>", "<title>OK</title>"),
    ],
)
def test_a_keyword_is_found_as_a_person_would_find_it(body, keyword):
    assert contains_keyword(body.encode(), keyword, HTML)


@pytest.mark.parametrize(
    ("body", "keyword"),
    [
        (rb'{"state": "St\u00f6rung"}', "Störung"),
        (rb'{"state": "St\u00F6rung behoben"}', "Störung behoben"),
        (rb'{"state": "Sto\u0308rung"}', "Störung"),
        (rb'["\ud83d\ude00 fine"]', "\U0001f600 fine"),
        (rb'{"next": "https:\/\/shop.example\/"}', "https://shop.example/"),
        (rb'{"said": "\"ok\"\tthen"}', '"ok" then'),
        (rb'{"path": "C:\\new"}', "C:\\new"),
        (rb'{"state": "St\u00f6rung"}', r"St\u00f6rung"),  # the source as it is
    ],
)
def test_escapes_in_json_are_read(body, keyword):
    for content_type in ("application/json; charset=utf-8", "application/problem+json", "text/plain", ""):
        assert contains_keyword(b"\n " + body, keyword, content_type)


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (rb'<script>a = "St\u00f6rung"</script>', HTML),
        (rb'{"a": "St\u00f6rung"}', HTML),
        (rb"St\u00f6rung", "text/plain"),
        (rb'{"a": "St\\u00f6rung"}', "application/json"),  # a backslash, and no escape behind it
        (rb'{"a": "St\u00f"}', "application/json"),
    ],
)
def test_what_only_looks_like_an_escape_is_not_read(body, content_type):
    assert not contains_keyword(body, "Störung", content_type)


@pytest.mark.parametrize(
    ("body", "keyword", "content_type"),
    [
        (b"healthy", "Healthy", HTML),
        (b"token", " ok", HTML),
        (b"a b", "ab", HTML),
        (b"AT&amp;T", "AT&T", "text/plain"),
        (GERMAN.encode(), GERMAN, "text/html; charset=iso-8859-1"),  # on the page it is VerfÃ¼gbar
        (JAPANESE.encode("euc_jp"), "故障", HTML),
        (b"", "x", HTML),
        (b"\xff\xfe", "x", HTML),
        ("정상".encode("iso2022_kr"), "정상", "text/html; charset=iso-2022-kr"),  # browsers show nothing
    ],
)
def test_what_is_not_there_is_not_found(body, keyword, content_type):
    assert not contains_keyword(body, keyword, content_type)


@pytest.mark.parametrize("label", ["utf-8", "no-such-charset", "ascii", "rot13"])
def test_a_keyword_is_found_even_under_a_nonsensical_charset(label):
    assert contains_keyword("Grüße".encode(), "Grüße", f"text/html; charset={label}")


def test_a_charset_that_has_no_such_letters_is_not_believed():
    assert contains_keyword("正常".encode(), "正常", "text/html; charset=iso-8859-1")


def test_the_quick_look_finds_nothing_that_the_long_one_does_not():
    assert contains_plainly(GERMAN.encode(), GERMAN, HTML)
    assert not contains_plainly(GERMAN.encode("latin-1"), GERMAN, "text/html; charset=latin1")
    assert not contains_plainly("ab".encode("utf-16"), "ab", HTML)


def test_hostile_texts_are_searched_without_taking_the_square_of_their_length():
    """Each of these took minutes, were it searched naively."""
    marks, blanks = "a" + "\u0316\u0301" * 250_000, " " * 1_000_000
    for text in (marks, blanks, "a" + blanks, "&" * 1_000_000, "&amp;é" * 100_000):
        for keyword in ("nicht dä", " x", "a b", "x "):
            assert not contains_keyword(text.encode(), keyword, HTML)
