"""Poison is listed for rows that have had some already: the soak puts in more at every kill."""

import pytest
from django.db import models

from tests.poison.hunting import undone
from tests.poison.lives import make_life
from tests.poison.poisons import list_models, list_poisons, rows_of

JSON = [
    (model, field.column)
    for model in list_models()
    for field in model._meta.concrete_fields
    if isinstance(field, models.JSONField)
]


@pytest.mark.django_db
@pytest.mark.parametrize(("model", "column"), JSON)
def test_more_poison_is_found_for_rows_that_have_had_some(model, column):
    team, taken = make_life("ill"), 0
    for poison in list(list_poisons(model, rows_of(model, team))):
        if poison.column == column:
            with undone():
                taken += poison.put(team)
                assert list(list_poisons(model, rows_of(model, team)))
    assert taken or not rows_of(model, team).exists()
