"""A place with the networks that a test wants: a network namespace of its own, and a prober in it.

Run as ``unshare -nm python -m tests.probes.place``: place and specs come in as JSON, results go out.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import msgspec
import pytest

from probes.result import CheckResult
from probes.spec import CheckSpec

HOSTS = """127.0.0.1 localhost
2001:db8::7 six.test
192.0.2.7 four.test
2001:db8::7 both.test
127.0.0.1 both.test
"""


def _can_unshare() -> bool:
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    wanted = ["unshare", "-nm", "ip", "link", "add", "d0", "type", "veth", "peer", "name", "d1"]
    return subprocess.run(wanted, capture_output=True, check=False).returncode == 0


needs_namespaces = pytest.mark.skipif(
    not _can_unshare(), reason="needs the right to make network namespaces (root) and the command ip"
)


def probe_at(place, specs: list[CheckSpec], *, name_server="127.0.0.1", **bounds) -> list[CheckResult]:
    """``place``: lines of shell, run in the namespace before the prober starts. At 127.0.0.1 nobody answers
    for names, which is told at once."""
    files = {"hosts": HOSTS, "resolv.conf": f"nameserver {name_server}\n"}
    asked = {"place": place, "specs": msgspec.to_builtins(specs), "bounds": bounds, "files": files}
    done = subprocess.run(
        ["unshare", "-nm", sys.executable, "-m", "tests.probes.place"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return msgspec.json.decode(done.stdout.splitlines()[-1], type=list[CheckResult])


def main() -> None:
    from probes.run import Prober

    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        for name, text in asked["files"].items():
            Path(folder, name).write_text(text)
            subprocess.run(["mount", "--bind", f"{folder}/{name}", f"/etc/{name}"], check=True)
        for line in asked["place"]:
            subprocess.run(line, shell=True, check=True, capture_output=True)  # noqa: S602  # a test's own words
        specs = msgspec.convert(asked["specs"], list[CheckSpec])
        prober = Prober(allow_private=True, **asked["bounds"])
        found = {r.monitor_id: r for results in prober.run(specs) for r in results}
        prober.close()
        for name in asked["files"]:
            subprocess.run(["umount", f"/etc/{name}"], check=True)
    sys.stdout.write(msgspec.json.encode([found[spec.monitor_id] for spec in specs]).decode() + "\n")


if __name__ == "__main__":
    main()
