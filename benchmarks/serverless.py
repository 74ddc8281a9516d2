"""How many messages should Lambda hand to the recorder at once? And what does a message on SQS weigh?

    python -m benchmarks.serverless      on the database server of DATABASE_URL, in a database of its own

For batches of 1 to 50 messages of 8 results each (what an edge finds in a second of a five-second span of a
thousand monitors) it tells the recorder's time a batch and a result, and how many functions a minute of 1,000
monitors every 60 s would be. Nothing of it is Lambda's own time: starts, network and SQS come on top.
"""

import os
import statistics
import time
from datetime import UTC, datetime, timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "sentrypulse.settings")

RESULTS_A_MESSAGE = 8
BATCHES = (1, 2, 5, 10, 20, 50)
ROUNDS = 12
MONITORS = 1_000
START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_monitors():
    from monitors.models import Monitor, RegionState
    from monitors.slots import phase_of
    from tests.factories import make_team

    team = make_team()
    Monitor.objects.bulk_create(
        Monitor(team=team, name=str(n), kind="http", url="http://shop.test/", interval_s=60)
        for n in range(MONITORS)
    )
    monitors = list(Monitor.objects.order_by("pk"))
    for monitor in monitors:
        monitor.phase_ms = phase_of(monitor.pk, 60)
    Monitor.objects.bulk_update(monitors, ["phase_ms"], batch_size=500)
    RegionState.objects.bulk_create(
        [RegionState(monitor=m, region="local", state="up", counted_from=START) for m in monitors]
    )
    return monitors


def make_bodies(monitors, messages, *, minute, offset):
    from pipeline.messages import Results, encode
    from tests.pipeline.factories import make_result

    at = START + timedelta(minutes=minute)
    bodies = []
    for number in range(messages):
        first = (offset + number * RESULTS_A_MESSAGE) % MONITORS
        chosen = (monitors * 2)[first : first + RESULTS_A_MESSAGE]
        bodies.append(encode(Results([make_result(monitor, at) for monitor in chosen])))
    return bodies


def measure():
    from django.db import connection

    from pipeline.stages.record import record_messages

    monitors = make_monitors()
    minute = 0
    print(f"{connection.vendor} {connection.mysql_version if connection.vendor == 'mysql' else ''}")
    print("messages  results  ms a batch  ms a result  batches a minute of 1,000 monitors")
    for messages in BATCHES:
        took = []
        for turn in range(ROUNDS):
            minute += 1
            bodies = make_bodies(monitors, messages, minute=minute, offset=turn * 37)
            now = START + timedelta(minutes=minute, seconds=2)
            began = time.perf_counter()
            record_messages(bodies, now=now)
            took.append((time.perf_counter() - began) * 1000)
        batch_ms, results = statistics.median(took), messages * RESULTS_A_MESSAGE
        per_result, a_minute = batch_ms / results, MONITORS / results
        print(f"{messages:8d}  {results:7d}  {batch_ms:10.1f}  {per_result:11.3f}  {a_minute:8.1f}")
    body = make_bodies(monitors, 1, minute=minute + 1, offset=0)[0]
    print(f"one result on the wire: {len(body) / RESULTS_A_MESSAGE:.0f} bytes")


def main():
    import django

    django.setup()
    from django.test.utils import setup_databases, teardown_databases

    old = setup_databases(verbosity=0, interactive=False)
    try:
        measure()
    finally:
        teardown_databases(old, verbosity=0)


if __name__ == "__main__":
    main()
