"""Celery's command line with faults built in; each process of a story that has faults is started by this.

python -m tests.stories.faulty_celery '{"double": true}' worker -Q core
"""

import json
import os
import random
import select
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

SHUFFLE_S = 1.5


def spoil(sender_class, faults):
    """Make every sender of this process send twice, and results late by chance, so that they overtake each
    other."""
    put, chance = sender_class.put, random.Random()

    def spoiled_put(self, queue, body, *, delay_s=0.0, **about):
        for _ in range(2 if faults.get("double") else 1):
            late_s = chance.uniform(0, SHUFFLE_S) if faults.get("shuffle") and queue == "results" else 0.0
            put(self, queue, body, delay_s=delay_s + late_s, **about)

    sender_class.put = spoiled_put


def die_at(deadly_body):
    """Kill the process that handles ``deadly_body``, as a bug in a C library does."""
    from pipeline.celery import worker

    load = worker._load

    def loaded(queue):
        handle = load(queue)

        def handle_or_die(bodies):
            if deadly_body.encode() in bodies:
                os.kill(os.getpid(), signal.SIGKILL)
            return handle(bodies)

        return handle_or_die

    worker._load = loaded


def note_modules(path):
    """After every task write which modules this process has loaded."""
    from celery import signals

    def note(**kwargs):
        draft = Path(f"{path}.{os.getpid()}")
        draft.write_text("\n".join(sorted(sys.modules)))
        draft.replace(path)

    signals.task_postrun.connect(note, weak=False)


def stop_at_first_message():
    """Tell the worker to stop while the first message is on its way from it to one of its processes, which
    takes it only when the worker's loop has ended."""
    from celery.concurrency.asynpool import AsynPool, Worker

    closed, close_pipe = os.pipe()  # before the processes are made, so that they share it
    close, prepare = AsynPool.close, Worker._make_child_methods

    def close_and_tell(pool):
        close(pool)
        os.write(close_pipe, b"closed")

    def prepare_to_stop(process):
        prepare(process)
        take = process.wait_for_job

        def stop_then_take():
            if process.inq._reader.poll(1) and not select.select([closed], [], [], 0)[0]:
                os.kill(os.getppid(), signal.SIGTERM)
                select.select([closed], [], [])
            return take()

        process.wait_for_job = stop_then_take

    AsynPool.close, Worker._make_child_methods = close_and_tell, prepare_to_stop


def main():
    faults, arguments = json.loads(sys.argv[1]), sys.argv[2:]
    if faults.get("skew_s"):
        import time_machine

        time_machine.travel(datetime.now(UTC) + timedelta(seconds=faults["skew_s"]), tick=True).start()
    from pipeline.celery.app import app
    from pipeline.celery.sender import CelerySender

    if faults.get("double") or faults.get("shuffle"):
        spoil(CelerySender, faults)
    if faults.get("die_at"):
        die_at(faults["die_at"])
    if faults.get("note_modules"):
        note_modules(faults["note_modules"])
    if faults.get("stop_at_first_message"):
        stop_at_first_message()
    app.start(arguments)


if __name__ == "__main__":
    main()
