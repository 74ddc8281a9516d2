import json
import logging

from pipeline.json_lines import FieldsFormatter


def write(message, *args):
    record = logging.LogRecord("pipeline.stages.record", logging.INFO, __file__, 1, message, args, None)
    formatter = FieldsFormatter(
        ["asctime", "levelname", "name", "message"],
        rename_fields={"asctime": "at", "levelname": "level", "name": "logger"},
    )
    return json.loads(formatter.format(record))


def test_the_figures_of_a_line_are_fields_of_their_own():
    line = write("record results=%d changes=%d path=%s", 50, 1, "/api/v1/health")
    assert (line["results"], line["changes"], line["path"]) == (50, 1, "/api/v1/health")
    assert (line["level"], line["logger"]) == ("INFO", "pipeline.stages.record")
    assert line["message"] == "record results=50 changes=1 path=/api/v1/health"


def test_a_figure_cannot_overwrite_what_a_line_says_of_itself():
    line = write("request message=forged level=forged")
    assert (line["message"], line["level"]) == ("request message=forged level=forged", "INFO")
