import pkgutil

import pytest

import delivery.kinds
from delivery.registry import KINDS, is_pager, load_kind, load_sender


def test_each_file_of_a_kind_has_a_row_and_each_row_a_file():
    assert sorted(module.name for module in pkgutil.iter_modules(delivery.kinds.__path__)) == sorted(KINDS)


def test_pagers_are_those_that_keep_an_alert_open():
    assert {kind for kind in KINDS if is_pager(kind)} == {"pagerduty", "opsgenie"}
    assert not is_pager("fax")


@pytest.mark.parametrize("load", [load_kind, load_sender])
def test_a_kind_that_is_none_is_not_looked_for_among_modules(load):
    with pytest.raises(KeyError):
        load("..markup")
