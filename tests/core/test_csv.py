"""What is written as CSV is read back as it was."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from core.csv import read_cell, split_list, write_csv

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)


@given(st.lists(TEXT.filter(str.strip), max_size=5), TEXT)
def test_lists_and_texts_come_back_as_they_were(items, text):
    table = write_csv(["list", "text"], [{"list": items, "text": text}])
    (row,) = csv.DictReader(io.StringIO(table.removeprefix("\ufeff"), newline=""))
    assert split_list(read_cell(row["list"])) == items
    assert read_cell(row["text"]) == text


def test_a_cell_that_looks_like_a_formula_gets_a_quote_even_behind_quotes():
    table = write_csv(["a", "b"], [{"a": "=1", "b": "'=1"}])
    assert table == "\ufeffa,b\r\n'=1,''=1\r\n"
