"""However a process is told to end, it ends in order."""

import signal
import subprocess
import sys

import pytest

from tests.e2e.harness import ROOT, wait_for


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_embedded_process_stops_in_order(sentrypulse, number):
    before = signal.signal(number, signal.default_int_handler)  # a suite under nohup ignores SIGHUP
    try:
        sentrypulse.start()
    finally:
        signal.signal(number, before)
    sentrypulse.process.send_signal(number)
    assert sentrypulse.process.wait(60) == 0
    wait_for(lambda: sentrypulse.output[-1] == "Stopped.\n")
    assert any("engine stopped results_left=0" in line for line in sentrypulse.output)


def test_a_process_that_was_started_to_outlive_its_terminal_does():
    ran = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
            "from sentrypulse.stopping import listen_for_stop\n"
            "stop = listen_for_stop()\n"
            "os.kill(os.getpid(), signal.SIGHUP); print(stop.is_set())\n"
            "os.kill(os.getpid(), signal.SIGTERM); print(stop.is_set())",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert ran.stdout.split() == ["False", "True"]
