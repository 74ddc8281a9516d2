"""Is this container alive? ``python -m sentrypulse.healthcheck worker`` (or ``beat``, or ``web``).

A worker or the clock touches PULSE_FILE while its loop turns; the web server is asked over HTTP. Costs no
broker, no database and no Django, so that a container's health check may run every few seconds.
"""

import json
import sys
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from core.env import Env, SettingsError

STALE_AFTER_S = 60


def explain_dead(what: str, env: Env) -> str:
    """Why it is not alive, as a sentence; empty when it is. Raises ``SettingsError``."""
    if what == "web":
        return _ask_web(env.integer("PORT", 8000, low=1, high=65535))
    path = Path(env.text("PULSE_FILE"))
    if not path.is_file():
        return f"PULSE_FILE ({path}) is not there: the process has not started."
    age_s = time.time() - path.stat().st_mtime
    return f"The loop stood still for {age_s:.0f} s." if age_s > STALE_AFTER_S else ""


def _ask_web(port: int) -> str:
    """Only what a new start of the container could mend: not that the clock or the broker is away."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/api/v1/health", timeout=5) as answer:  # our own
            report = json.load(answer)
    except HTTPError as unwell:
        try:
            report = json.load(unwell)
        except ValueError:
            return f"Port {port} answers {unwell.code}: ALLOWED_HOSTS must name 127.0.0.1, too."
    except (URLError, TimeoutError, ConnectionError) as error:
        return f"Port {port} does not answer ({error})."
    return "" if report["database"]["ok"] else report["database"]["error"]


def main() -> int:
    if sys.argv[1:] not in (["web"], ["worker"], ["beat"]):
        print("usage: python -m sentrypulse.healthcheck web|worker|beat", file=sys.stderr)  # noqa: T201  # a command
        return 2
    try:
        fault = explain_dead(sys.argv[1], Env())
    except SettingsError as error:
        fault = str(error)
    if fault:
        print(fault, file=sys.stderr)  # noqa: T201  # a command
    return 1 if fault else 0


if __name__ == "__main__":
    sys.exit(main())
