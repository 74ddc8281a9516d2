"""Configurations in the OpenAPI document."""

from sentrypulse.api.document_configs import monitor_configs


def test_a_configuration_is_described_by_the_whole_first_paragraph_of_its_struct():
    description = monitor_configs()["HeartbeatConfig"]["description"]
    assert description.startswith("When a job must call: ")
    assert description.endswith(" seconds after that.")
    assert "max_run_s" not in description  # it is in the second paragraph
