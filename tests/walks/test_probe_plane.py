import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FORBIDDEN = ("django", "rest_framework", "celery", "MySQLdb", "sqlite3", "_sqlite3")


def run(code: str) -> str:
    # -S would hide the installed packages; an empty environment hides DJANGO_SETTINGS_MODULE.
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=True, timeout=30
    )
    return finished.stdout.strip()


def test_the_edge_plane_loads_no_django_and_no_database_driver():
    code = (
        "import sys, importlib, probes.run, probes.__main__, pipeline.entrypoints.aws_edge; "
        "from pipeline.queues.base import ROUTES; from probes.registry import KINDS; "
        "[ROUTES[queue].load() for queue in ('checks', 'deliveries')]; "
        "[importlib.import_module(module) for module in KINDS.values()]; "
        f"print([name for name in {FORBIDDEN!r} if name in sys.modules])"
    )
    assert run(code) == "[]"


def test_the_core_may_read_configurations_without_paying_for_probes():
    code = (
        "import sys, probes.errors, probes.spec, probes.result; from probes.registry import KINDS; "
        "from probes.config import check_config; [check_config(kind, {}) for kind in KINDS]; "
        "print([name for name in ('pycurl', 'dns', 'asyncio', 'cryptography') "
        "if name in sys.modules])"
    )
    assert run(code) == "[]"
