import json
import logging

import pytest

from core.json_logs import FieldsFormatter
from core.log_pace import LogPace
from core.logging import logging_setting


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


class Log:
    """What passes a pace, by a clock that the test sets."""

    def __init__(self):
        self.now_s, self.lines = 0.0, []
        handler = logging.Handler()
        handler.emit = lambda record: self.lines.append(record.getMessage())
        handler.addFilter(LogPace(clock=lambda: self.now_s))
        self._handler = handler

    def tell(self, message, *args, level=logging.WARNING):
        self._handler.handle(logging.LogRecord("pipeline", level, __file__, 1, message, args, None))


def test_a_loop_that_fails_each_round_fills_no_disk_and_says_how_much_it_kept_back():
    log = Log()
    for _ in range(10_000):
        log.tell("job postponed name=%r: %s", "send checks", "unable to open database file")
    assert len(log.lines) == 5
    log.now_s = 61.0
    log.tell("job postponed name=%r: %s", "send checks", "unable to open database file")
    assert log.lines[-1].endswith("unable to open database file held_back=9995")
    log.now_s = 122.0
    log.tell("job postponed name=%r: %s", "send checks", "again")
    assert "held_back" not in log.lines[-1]


def test_one_job_that_fails_each_round_hides_no_other():
    log = Log()
    for _ in range(100):
        log.tell("job failed name=%r", "publish pages")
    log.tell("job failed name=%r", "send alerts")
    log.tell("own network is down")
    assert log.lines[-2:] == ["job failed name='send alerts'", "own network is down"]


def test_a_line_that_names_something_else_each_time_is_held_back_as_well():
    log = Log()
    for number in range(1_000):
        log.tell("left out ids=%s", str(number))
    assert len(log.lines) == 50


def test_lines_that_tell_of_work_are_all_written():
    log = Log()
    for _ in range(100):
        log.tell("record results=%d", 50, level=logging.INFO)
    assert len(log.lines) == 100


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_log_of_each_process_is_paced(style):
    setting = logging_setting(level="INFO", style=style)
    assert setting["handlers"]["stderr"]["filters"] == ["pace"]
    assert setting["filters"]["pace"]["()"] == f"{LogPace.__module__}.{LogPace.__name__}"
