import webencodings
from hypothesis import given
from hypothesis import strategies as st

from probes.charsets import decode_text, find_codec, find_encoding, read_label, read_text

PYTHONS_OWN = (
    "undefined", "idna", "punycode", "utf-7", "unicode_escape", "raw_unicode_escape", "utf-8-sig", "rot13",
    "zlib", "hex", "base64", "bz2", "quopri", "uu", "mbcs", "oem", "charmap", "foo", "null", "binary", "",
)  # fmt: skip


def test_a_label_is_one_of_the_standards_and_none_of_pythons_own():
    assert [label for label in PYTHONS_OWN if find_codec(label)] == []
    assert {label: find_codec(label) for label in ("Latin1", " SHIFT_JIS ", "ks_c_5601-1987", "gb2312")} == {
        "Latin1": "cp1252",
        " SHIFT_JIS ": "cp932",
        "ks_c_5601-1987": "cp949",
        "gb2312": "gb18030",
    }


def test_every_label_of_the_standard_reads_every_byte():
    junk = bytes(range(256)) + bytes(range(255, -1, -1)) + b"\x1b$B\x2d\x21\x1b(B\x8f"
    for label in webencodings.labels.LABELS:
        name = find_codec(label)
        assert name or label in ("ascii", "us-ascii", "ansi_x3.4-1968", "iso-ir-6")
        for length in (0, 1, 2, 3, len(junk)):
            decode_text(junk[:length], name or "utf-8")


@given(st.binary(max_size=80), st.text(max_size=40))
def test_reading_raises_nothing(body, label):
    read_text(body, f"text/html; charset={label}")
    read_text(b"<meta charset='" + label.encode(errors="replace") + b"'>" + body, "text/html")
    read_text(b"<?xml version='1.0' encoding='" + label.encode(errors="replace") + b"'?>" + body)


def test_the_label_of_a_header_is_read_as_it_is_written():
    assert [
        read_label(header)
        for header in (
            "text/html; charset=utf-8",
            'text/html;CHARSET="Shift_JIS"; x=y',
            "text/html; charset = 'euc-jp'",
            "text/html; charset=utf-8,gbk",
            "text/html; x=charset",
            "text/html",
            "",
        )
    ] == ["utf-8", "Shift_JIS", "euc-jp", "utf-8", "", "", ""]


def test_a_byte_order_mark_comes_before_the_header_and_the_header_before_the_document():
    meta = b"<meta charset=koi8-r>"
    assert find_encoding(b"\xef\xbb\xbf" + meta, "text/html; charset=gbk") == ("utf-8", 3)
    assert find_encoding("x".encode("utf-16"), "text/html; charset=gbk") == ("utf-16-le", 2)
    assert find_encoding("x".encode("utf-32"), "") == ("utf-32-le", 4)
    assert find_encoding(meta, "text/html; charset=gbk") == ("gb18030", 0)
    assert find_encoding(meta, "text/html; charset=foo") == ("koi8-r", 0)
    assert find_encoding(meta, "text/plain") == ("", 0)
    assert find_encoding(meta, "") == ("koi8-r", 0)


def test_the_document_is_asked_as_browsers_ask_it():
    for head, name in (
        (b"<meta charset=euc-jp>", "euc_jp"),
        (b"<META  CharSet = 'Shift_JIS' />", "cp932"),
        (b'<meta http-equiv="Content-Type" content="text/html; charset=iso-8859-2">', "iso8859-2"),
        (b"<meta content='text/html;charset=big5' http-equiv=content-type>", "big5hkscs"),
        (b"<!-- <meta charset=gbk> --><meta charset=koi8-r>", "koi8-r"),
        (b'<a title="<meta charset=gbk>"><meta charset=koi8-r>', "koi8-r"),
        (b"<meta charset=foo><meta charset=koi8-r>", "koi8-r"),
        (b"<!doctype html><?x <meta charset=gbk>?><meta charset=koi8-r>", "koi8-r"),
        (b"<meta name=x content='charset=gbk'>", ""),
        (b"<!-- <meta charset=gbk>", ""),
        (b"<meta charset=utf-16>", "utf-8"),  # it was read as ASCII
        (b"<meta charset=x-user-defined>", "cp1252"),
        (b" " * 2_000 + b"<meta charset=koi8-r>", "koi8-r"),
        (b"<?xml version='1.0' encoding=\"windows-1251\"?><html/>", "cp1251"),
        ("<?xml version='1.0'?>".encode("utf-16-le"), "utf-16-le"),
        ("<?xml version='1.0'?>".encode("utf-16-be"), "utf-16-be"),
    ):
        assert find_encoding(head, "text/html")[0] == name, head


def test_characters_beyond_pythons_codecs_are_read_as_browsers_read_them():
    assert decode_text(b"\xad\xa1\xfc\xe2\xa4\xa2", "euc_jp") == "①髙あ"
    assert decode_text(b"\x1b$B\x2d\x21\x1b(Bok", "iso2022_jp_ext") == "①ok"
    assert decode_text(b"\xa3\xe1", "big5hkscs") == "€"
    assert decode_text(b"\x80", find_codec("gbk")) in ("€", "\ufffd")
    assert decode_text("①髙".encode("cp932"), find_codec("Shift_JIS")) == "①髙"


def test_hostile_documents_are_read_in_no_time_worth_mentioning():
    """A loop over them would take minutes, were it to look again at what it has seen."""
    for piece in (b"<", b"<a ", b'<a b="', b"<meta charset ", b"<!--", b"/", b" ", b"<a x=' "):
        read_text(b"charset<a " + piece * (1_000_000 // len(piece)), "text/html")
