"""DRF's faults, however deep, by one name each."""

import pytest

from core.errors import flatten_faults


@pytest.mark.parametrize(
    ("detail", "flat"),
    [
        ({"name": ["Required."]}, {"name": ["Required."]}),
        ({"name": "Required."}, {"name": ["Required."]}),
        ({"config.auth.password": ["Too long."]}, {"config.auth.password": ["Too long."]}),
        ({"steps": [{}, {"channels": ["None."]}]}, {"steps.1.channels": ["None."]}),
        ({"steps": {"0": {"channels": {"1": ["No id."]}}}}, {"steps.0.channels.1": ["No id."]}),
        ({"steps": {"non_field_errors": ["Not a list."]}}, {"steps": ["Not a list."]}),
        ({"steps": [{"non_field_errors": ["Both."]}]}, {"steps.0": ["Both."]}),
        (["Of the whole."], {"non_field_errors": ["Of the whole."]}),
        ({"detail": "One sentence."}, {"detail": "One sentence."}),
    ],
)
def test_faults_have_one_name_each(detail, flat):
    assert flatten_faults(detail) == flat
