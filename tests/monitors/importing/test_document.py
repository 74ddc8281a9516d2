"""Poison for each format, and the limits of what is read."""

import pytest

from monitors.importing.document import MAX_TEXT_BYTES, Document, Unreadable, decode_text

SECRET = "hunter2"
BILLION = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
)
MERGES = "m0: &m0 {k: v}\n" + "".join(
    f"m{n}: &m{n} {{<<: [{','.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 12)
)


def refusal(read):
    with pytest.raises(Unreadable) as why:
        read()
    assert SECRET not in str(why.value)
    return str(why.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"password": "hunter2",', "This is no JSON: line 1, column 24 cannot be read."),
        ('{"a": hunter2}', "This is no JSON: line 1, column 7 cannot be read."),
        ("[" * 100_000, "The file nests deeper than 50 levels."),
        ("[" * 60 + "]" * 60, "Nests deeper than 50 levels"),
        (f'{{"n": {"9" * 5_000}}}', "This is no JSON: it has a number that is too long."),
        ('{"n": NaN}', "The file at n: Must be a finite number."),
        ('{"n": 1e999}', "The file at n: Must be a finite number."),
        (r'{"n": "\ud800"}', "The file at n: Must not hold U+D800"),
        (r'{"\u0000": 1}', "U+0000"),
    ],
)
def test_poison_in_json_is_one_sentence(text, sentence):
    assert sentence in refusal(lambda: Document(text).json)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("password: hunter2\n  - x: [", "This is no YAML: line 2"),
        ("endpoints: !!python/object/apply:os.system ['echo hunter2']", "This is no YAML"),
        ("a: *hunter2", "This is no YAML: line 1, column 4 cannot be read."),
        ("a: &a [*a]", "an alias that contains itself"),
        ("a: &a {<<: *a}", "an alias that contains itself"),
        (BILLION, "more than 200,000 values, aliases written out"),
        (MERGES, "more than 200,000 values, aliases written out"),
        ("[" * 100_000, "nests deeper than 50 levels"),
        ("- " * 100_000 + "x", "nests deeper than 50 levels"),
        ("a: 1\n---\nb: 2", "This is no YAML: line 2"),
        ("? [a, b]\n: 1", "This is no YAML"),
        (r'a: "\ud800"', ""),
    ],
)
def test_poison_in_yaml_is_one_sentence(text, sentence):
    assert sentence in refusal(lambda: Document(text).yaml)


def test_yaml_has_text_as_it_is_written():
    text = "a: no\nb: 22:22\nc: 2024-99-99\nd: 0o17\ne: ~\ng: !!str 5\n"
    assert Document(text).yaml == {
        "a": "no",
        "b": "22:22",
        "c": "2024-99-99",
        "d": "0o17",
        "e": "~",
        "g": "5",
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name,url\n" + '"' + "hunter2" * 30_000 + '",x', "This is no CSV: line 2 cannot be read."),
        ("name,Name\n1,2", "Two columns of the table have the same heading."),
        (",".join(f"c{n}" for n in range(201)) + "\n1", "more than 200 columns"),
    ],
)
def test_poison_in_a_table_is_one_sentence(text, sentence):
    assert sentence in refusal(lambda: Document(text).table)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_a_table_is_read_as_excel_writes_it(delimiter, ending):
    lines = [["Name", '"a, b; c\td"'], ['"x\n""y"""', "1"], ["", ""], ["only"]]
    text = ending.join(delimiter.join(line) for line in lines)
    assert Document(text).table == [{"name": 'x\n"y"', "a, b; c d": "1"}, {"name": "only"}]


def test_excels_line_that_names_the_delimiter_is_no_heading():
    assert Document("sep=;\r\nname;url\r\na,b;c").table == [{"name": "a,b", "url": "c"}]
    assert Document("sep=|\nname|url\na|b").table == [{"name": "a", "url": "b"}]


@pytest.mark.parametrize(
    "codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_bytes_are_decoded_as_programs_on_windows_write_them(codec):
    assert Document(decode_text("name,url\nZürich,x".encode(codec))).table == [{"name": "Zürich", "url": "x"}]


def test_what_is_no_text_or_too_long_is_refused():
    assert "no text in UTF-8" in refusal(lambda: decode_text(b"\xff\xfe\x00\xd8x"))
    assert "U+0000" in refusal(lambda: Document("a\0b"))
    assert "U+D800" in refusal(lambda: Document("a\ud800"))
    assert "perhaps UTF-16" in refusal(lambda: Document("\ufffd\ufffdn a m e"))
    assert refusal(lambda: Document(" \n")) == "The file is empty."
    assert "2,000,000 bytes" in refusal(lambda: Document("x" * (MAX_TEXT_BYTES + 1)))
    assert "2,000,000 bytes" in refusal(lambda: Document("ü" * (MAX_TEXT_BYTES // 2 + 1)))
    assert "2,000,000 bytes" in refusal(lambda: decode_text(b"x" * (2 * MAX_TEXT_BYTES + 5)))
