"""What goes to Lambda: its size, its bytes, what it loads and needs of the system, and how fast it starts."""

import hashlib
import os
import shutil
import statistics
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.aws.conftest import why_not
from tests.aws.runtime import Function, unzip
from tests.e2e.harness import ROOT

CORE_HANDLER, EDGE_HANDLER = (
    "pipeline.entrypoints.aws_function.handler",
    "pipeline.entrypoints.aws_edge.handler",
)
STARTS = 3


@pytest.fixture(scope="module")
def built():
    if reason := why_not():  # a fixture of the module comes before those that look for each test
        pytest.skip(reason)
    from infra.package import build
    from tests.aws.deployment import unpacked

    unpacked()  # which builds them, one worker for all
    return build()


def names(package):
    with zipfile.ZipFile(package) as archive:
        return archive.namelist()


def test_the_packages_are_within_their_bounds_and_the_sizes_are_printed(built, capsys):
    from infra.package import GLIBC_MOST, MOST_BYTES
    from infra.shared_objects import find_glibc

    for name, package in built.items():
        with zipfile.ZipFile(package) as archive:
            unzipped = sum(entry.file_size for entry in archive.infolist())
        with capsys.disabled():
            print(f"\n{name}: {package.stat().st_size / 1e6:.1f} MB zipped, {unzipped / 1e6:.1f} MB unzipped")
        assert package.stat().st_size <= MOST_BYTES[name][0]
        assert unzipped <= MOST_BYTES[name][1] < 250_000_000
        assert (2, 17) < find_glibc(package.parent / name) <= GLIBC_MOST


def test_the_same_sources_make_the_same_bytes(built, tmp_path):
    from infra.package import BUILD, compile_tree, copy_sources, prune, write_zip

    for name, package in built.items():
        tree = tmp_path / name
        copy_sources(name, tree)
        prune(name, tree)
        compile_tree(tree)
        shutil.copytree(BUILD / f"{name}-dependencies", tree, dirs_exist_ok=True)
        (tree / ".installed").unlink()
        again = tmp_path / f"{name}.zip"
        write_zip(tree, again)
        assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(package.read_bytes()).digest()


def test_the_edge_has_no_django_no_database_driver_and_none_of_our_apps(built):
    top = {name.split("/")[0] for name in names(built["edge"])}
    assert not top & {"django", "rest_framework", "MySQLdb", "mysqlclient.libs", "celery", "zappa"}
    assert not top & {"accounts", "monitors", "incidents", "alerts", "analytics", "outbox", "statuspages"}
    assert {"probes", "delivery", "pipeline", "boto3", "pycurl"} <= top
    assert "pipeline/models.py" not in names(built["edge"])


def test_nothing_of_ours_that_is_for_developers_goes_along(built):
    for package in built.values():
        found = names(package)
        assert not [
            name for name in found if name.split("/")[0] in {"tests", "docs", "benchmarks", "infra", "var"}
        ]
        assert not [name for name in found if name.endswith((".sqlite3", "secret_key", ".env"))]
        compiled = {name for name in found if name.endswith(".pyc")}
        ours = [name for name in found if name.startswith("pipeline/") and name.endswith(".py")]
        tag = f"cpython-{sys.version_info[0]}{sys.version_info[1]}"
        for name in ours:
            folder, _, file = name.rpartition("/")
            assert f"{folder}/__pycache__/{file[:-3]}.{tag}.pyc" in compiled


def test_bytecode_is_never_compared_with_its_source(built, tmp_path):
    tree = unzip(built["edge"], tmp_path / "edge")
    for compiled in (tree / "probes" / "__pycache__").glob("*.pyc"):
        flags = int.from_bytes(compiled.read_bytes()[4:8], "little")
        assert flags == 0b01  # PEP 552: hash-based, unchecked


QUEUES = {
    name: f"http://127.0.0.1:9/123456789012/sentrypulse-test-{queue}"
    for queue, name in {
        "results": "RESULTS_QUEUE_URL",
        "deliveries": "DELIVERIES_QUEUE_URL",
        "receipts": "RECEIPTS_QUEUE_URL",
    }.items()
} | {"CHECKS_QUEUE_URL": "local=http://127.0.0.1:9/123456789012/sentrypulse-test-checks"}
SETTINGS = QUEUES | {"ENGINE": "serverless", "LOG_FORMAT": "json"}


def core_settings(scratch):
    from cryptography.fernet import Fernet

    return SETTINGS | {
        "DATABASE_URL": "mysql://root:@127.0.0.1:3306/mysql",
        "SECRET_KEY": "s" * 50,
        "FIELD_ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "EDGE_FUNCTION": "sentrypulse-test-edge",
        "DATA_DIR": str(scratch / "data"),
        "INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1",
    }


def measure(make, event):
    """Seconds of the start, and from there to the first answer: the medians of a few."""
    starts, firsts = [], []
    for number in range(STARTS):
        function = make(number)
        answer = function.invoke(event)
        assert answer.ok, (answer.error, function.output())
        starts.append(function.sandbox.init_s)
        firsts.append(function.sandbox.first_s)
        function.close()
    return statistics.median(starts), statistics.median(firsts)


def http_event(path):
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "127.0.0.1", "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"},
        "requestContext": {
            "http": {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.9"},
            "stage": "$default",
            "requestId": "r",
        },
        "isBase64Encoded": False,
    }


def test_cold_starts_are_short_and_printed(tmp_path, capsys):
    from tests.aws.deployment import unpacked

    core, edge = unpacked()
    probe = {"call": "probe", "spec": _spec()}
    found = {
        "edge": measure(
            lambda n: Function(f"edge{n}", edge, EDGE_HANDLER, SETTINGS, scratch=tmp_path), probe
        ),
        "core": measure(
            lambda n: Function(f"core{n}", core, CORE_HANDLER, core_settings(tmp_path), scratch=tmp_path),
            http_event("/api/schema/?format=json"),
        ),
    }
    with capsys.disabled():
        for name, (start, first) in found.items():
            print(f"\n{name}: ready after {start:.2f} s, first answer {first:.2f} s later")
    assert all(start < 10 for start, _ in found.values())  # Lambda's limit; a loaded machine takes some


def _spec():
    return {
        "monitor_id": 1,
        "revision": 1,
        "kind": "tcp",
        "target": "127.0.0.1:9",
        "region": "local",
        "scheduled_at": "2026-11-23T08:00:00Z",
        "timeout_s": 2.0,
        "config": {},
    }


def test_a_start_that_fails_is_a_failed_start_and_the_next_is_tried_anew(tmp_path):
    from tests.aws.deployment import unpacked

    core, _ = unpacked()
    wrong = core_settings(tmp_path) | {"FIELD_ENCRYPTION_KEY": "no key"}
    function = Function("core", core, CORE_HANDLER, wrong, scratch=tmp_path)
    first = function.invoke(http_event("/api/v1/health"))
    assert not first.ok
    assert "FIELD_ENCRYPTION_KEY must be one or more Fernet keys" in function.output()
    function.environment = core_settings(tmp_path)
    second = function.invoke(http_event("/api/v1/"))
    assert second.ok
    assert second.value["statusCode"] in {301, 401, 403}
    assert function.starts == 2
    function.close()


def find_system_library():
    for line in subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True).stdout.splitlines():
        if "libmariadb.so.3" in line:
            return line.split("=> ")[1]
    return ""


def test_the_core_needs_no_client_library_of_the_systems(tmp_path, shared_database):
    """libmariadb is hidden in a mount namespace of the function's own; the package brings one along."""
    from django.db import connection

    from tests.aws.deployment import unpacked
    from tests.stories.engines import database_url

    library = find_system_library()
    if not library:
        pytest.skip("There is no libmariadb on this system that could be hidden.")
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode:
        pytest.skip("Hiding a library takes root and mount namespaces.")
    if connection.vendor == "sqlite":
        pytest.skip("The core's function needs MariaDB or MySQL (make test-aws).")
    real = os.path.realpath(library)
    hide = ["unshare", "-m", "sh", "-c", f'mount --bind /dev/null {real} && exec "$0" "$@"']
    broken = subprocess.run([*hide, sys.executable, "-c", "import ctypes; ctypes.CDLL('libmariadb.so.3')"])
    assert broken.returncode != 0  # it is hidden
    core, _ = unpacked()
    settings = core_settings(tmp_path) | {"DATABASE_URL": database_url()}
    function = Function("core", core, CORE_HANDLER, settings, scratch=tmp_path, prefix=hide)
    answer = function.invoke(http_event("/api/v1/health"))
    loaded = Path(f"/proc/{function.sandbox.process.pid}/maps").read_text()
    function.close()
    assert answer.ok, function.output()
    assert '"database": {"ok": true' in answer.value["body"]
    assert "mysqlclient.libs/libmariadb" in loaded
    assert str(ROOT) in loaded
