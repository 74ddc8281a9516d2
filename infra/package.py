"""What goes to Lambda: ``make package`` builds it, and Zappa's zip callback puts it in place of its own.

Two packages. ``core`` is the whole product without what only a server or a developer needs; ``edge`` is
probes, delivery and our handler, without Django and without a database driver. Built twice, they are the same
bytes.
"""

import argparse
import fcntl
import hashlib
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from types import MappingProxyType
from typing import Any

from infra.pruning import APPS, is_needed
from infra.shared_objects import CannotRepair, find_glibc, repair_mysqlclient
from infra.zappa_overrides import read_made_by_zappa

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
PYTHONS = ((3, 12), (3, 13))
"""Lambda's runtimes on Amazon Linux 2023, whose C library is new enough for our wheels."""
PLATFORMS = ("manylinux_2_34_x86_64", "manylinux_2_28_x86_64", "manylinux2014_x86_64")
GLIBC_MOST = (2, 34)
"""Amazon Linux 2023's."""
MOST_BYTES = {"core": (43_000_000, 120_000_000), "edge": (30_000_000, 82_000_000)}
"""Zipped and unzipped. Lambda takes 250 MB unzipped; what is loaded slowly is paid at every cold start."""
OF_ZAPPA = ("zappa", "durationpy", "werkzeug", "markupsafe")
"""What Zappa's handler needs at run time; the rest of Zappa deploys."""


class CannotPackage(Exception):
    """Its text says what to do."""


def check_builder() -> None:
    """Raises ``CannotPackage`` where the packages cannot be built."""
    if sys.version_info[:2] not in PYTHONS or not sys.platform.startswith("linux"):
        raise CannotPackage(
            "Packages for Lambda are built with Python 3.12 or 3.13 on Linux (x86_64): set "
            "PYTHON_AWS=/path/to/python3.12, or run `make package-container`, which needs Docker alone."
        )


# Building


def build(target: Path = BUILD) -> dict[str, Path]:
    """Both packages, ``sentrypulse-core.zip`` and ``sentrypulse-edge.zip``, by name; nothing is done where
    nothing has changed. Raises ``CannotPackage``."""
    target.mkdir(exist_ok=True)
    with (target / "build.lock").open("w") as lock:  # of two that build, one waits and finds it done
        fcntl.flock(lock, fcntl.LOCK_EX)
        return {name: _build(name, target) for name in ("core", "edge")}


def _build(name: str, target: Path) -> Path:
    tree, package, stamp = target / name, target / f"sentrypulse-{name}.zip", target / f"{name}.digest"
    digest = digest_sources()
    if package.is_file() and stamp.is_file() and stamp.read_text() == digest:
        return package
    check_builder()
    dependencies = install_pins(name, target / f"{name}-dependencies")
    rmtree(tree, ignore_errors=True)
    copy_sources(name, tree)
    prune(name, tree)
    compile_tree(tree)
    copytree(dependencies, tree, dirs_exist_ok=True, ignore=ignore_patterns(".installed"))
    zip_package(name, tree, package)
    stamp.write_text(digest)
    return package


def digest_sources() -> str:
    """A digest of everything that the packages are made from."""
    # The minor version alone: what a container built serves whoever deploys from outside it.
    digest = hashlib.sha256(f"{sys.version_info[0]}.{sys.version_info[1]}".encode())
    files = [path for app in APPS for path in (ROOT / app).rglob("*") if "__pycache__" not in path.parts]
    files += [
        *(ROOT / "infra").glob("*.py"),
        *(ROOT / "infra").glob("*.pem"),
        *ROOT.glob("requirements*.txt"),
    ]
    for path in sorted(path for path in files if path.is_file()):
        digest.update(f"{path.relative_to(ROOT)}\0{len(path.read_bytes())}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def install_pins(name: str, folder: Path) -> Path:
    """The package's pinned dependencies in ``folder``, without what is not needed and compiled; once, until
    the pins or the rules change."""
    wanted = [hashlib.sha256((ROOT / "infra" / "pruning.py").read_bytes()).hexdigest(), *read_pins(name)]
    if name == "core":
        pin = _pin("mysqlclient", "requirements-mysql.txt")
        wanted.append(str(repair_mysqlclient(pin, folder.parent / "wheels")))
    stamp = folder / ".installed"
    if stamp.is_file() and stamp.read_text() == "\n".join(wanted):
        return folder
    rmtree(folder, ignore_errors=True)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    platforms = [part for platform in PLATFORMS for part in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-compile"]
    command += ["--disable-pip-version-check", "--target", str(folder), "--only-binary=:all:"]
    _run([*command, *platforms, "--python-version", version, "--implementation", "cp", *wanted[1:]])
    prune(name, folder)
    compile_tree(folder)
    stamp.write_text("\n".join(wanted))
    return folder


def read_pins(name: str) -> list[str]:
    """What is installed into the package: all of the product's pins and Zappa's few, or the edge's."""
    if name == "edge":
        return _read_requirements("requirements-edge.txt")
    return [
        *_read_requirements("requirements.txt"),
        *(_pin(one, "requirements-aws.txt") for one in OF_ZAPPA),
    ]


def _read_requirements(file: str) -> list[str]:
    """Without those of other systems: a marker is kept for pip, which drops what does not apply."""
    lines = (ROOT / file).read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _pin(name: str, file: str) -> str:
    for line in _read_requirements(file):
        if line.lower().startswith(f"{name}=="):
            return line
    raise CannotPackage(f"{file} does not pin {name}; run: make lock")


def copy_sources(name: str, tree: Path) -> None:
    """Our own code: every app for the core, and only what the edge loads for the edge."""
    tree.mkdir(parents=True)
    if name == "core":
        for app in (app for app in APPS if (ROOT / app).is_dir()):
            copytree(ROOT / app, tree / app, ignore=ignore_patterns("__pycache__"))
        collect_static(tree / "staticfiles")
        for file in (ROOT / "infra").glob("*.pem"):  # the database's certificates, where somebody put them
            (tree / file.name).write_bytes(file.read_bytes())
        return
    for file in find_edge_sources():
        (tree / file).parent.mkdir(parents=True, exist_ok=True)
        (tree / file).write_bytes((ROOT / file).read_bytes())


def find_edge_sources() -> list[Path]:
    """The files of ours that the edge loads, lazily loaded ones included, as a bare interpreter tells."""
    code = (
        "import importlib, pkgutil, sys, delivery, probes, pipeline.entrypoints.aws_edge\n"
        "for package in (probes, delivery):\n"
        "    for found in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        importlib.import_module(found.name)\n"
        "from pipeline.queues.base import ROUTES\n"
        "for queue in ('checks', 'deliveries'): ROUTES[queue].load()\n"
        "print('\\n'.join(m.__file__ for m in sys.modules.values() if getattr(m, '__file__', None)))\n"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={}, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    files = {Path(line).relative_to(ROOT) for line in loaded if line.startswith(f"{ROOT}/")}
    ours = {file for file in files if file.parts[0] in APPS}
    # A package whose __init__.py says nothing has a file all the same.
    return sorted(ours)


def collect_static(folder: Path) -> None:
    """The static files of the admin, the browsable API and the documentation, where WhiteNoise finds them."""
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(BUILD / "data"), "STATIC_ROOT": str(folder)}
    rmtree(folder, ignore_errors=True)
    _run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v", "0"], env=environment)


def zip_package(name: str, tree: Path, package: Path) -> None:
    """Look at it, zip it, tell how large it is. Raises ``CannotPackage``."""
    glibc = find_glibc(tree)
    if glibc > GLIBC_MOST:
        raise CannotPackage(
            f"{name} needs glibc {'.'.join(map(str, glibc))}, and Lambda has "
            f"{'.'.join(map(str, GLIBC_MOST))}: run make package-container, or build on an older system,"
            " such as Debian 12."
        )
    compile_tree(tree)
    write_zip(tree, package)
    zipped, unzipped = package.stat().st_size, sum(path.stat().st_size for path in _files(tree))
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    print(  # noqa: T201  # a command
        f"{package.name}: {zipped / 1e6:.1f} MB zipped, {unzipped / 1e6:.1f} MB unzipped, "
        f"glibc {'.'.join(map(str, glibc))}, sha256 {digest[:16]}"
    )
    if zipped > MOST_BYTES[name][0] or unzipped > MOST_BYTES[name][1]:
        raise CannotPackage(f"{package.name} is larger than infra/package.py allows; see what was added.")


def prune(name: str, tree: Path) -> None:
    for path in list(_files(tree)):
        if not is_needed(path.relative_to(tree).as_posix(), package=name):
            path.unlink()
    for folder in sorted((path for path in tree.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def compile_tree(tree: Path) -> None:
    """Bytecode that is never compared with its source: dates in a zip do not survive, and Python would
    compile everything anew at every cold start (PEP 552, unchecked hash). In a process of its own, with a
    fixed hash seed, so that the same sources make the same bytes."""
    command = [sys.executable, "-m", "compileall", "-q", "-j", "1", "--invalidation-mode", "unchecked-hash"]
    _run(
        [*command, "-s", str(tree), "-p", "/var/task", str(tree)],
        env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"},
        may_fail=True,  # templates of modules that are no Python
    )


def write_zip(tree: Path, package: Path, *, extra: Mapping[str, bytes] = MappingProxyType({})) -> None:
    """Sorted, dated 1980, all files readable by everybody: nothing in it tells when, where or by whom."""
    contents = {path.relative_to(tree).as_posix(): path.read_bytes for path in _files(tree)}
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as out:
        for name in sorted({*contents, *extra}):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o100755 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, extra[name] if name in extra else contents[name]())


def _files(tree: Path) -> Iterator[Path]:
    return (path for path in tree.rglob("*") if path.is_file())


def _run(command: list[str], *, env: dict[str, str] | None = None, may_fail: bool = False) -> None:
    finished = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    if finished.returncode and not may_fail:
        last = (finished.stderr or finished.stdout).strip().splitlines()[-3:]
        raise CannotPackage(f"{Path(command[0]).name} {' '.join(command[1:4])} … failed: {' '.join(last)}")


# Zappa


def zip(zappa: Any) -> None:  # the name that zappa_settings.json calls
    """Zappa's callback: put our package in the place of the one that it has just made.

    Of Zappa's are kept its handler and the settings that it wrote for the stage. The packages are built
    unless that was done for the same sources.
    """
    made = Path(zappa.zip_path)
    packages = build()
    if zappa.api_stage.endswith("_edge"):
        made.write_bytes(packages["edge"].read_bytes())
        return
    write_zip(BUILD / "core", made, extra=read_made_by_zappa(made))


def main() -> int:
    parser = argparse.ArgumentParser(description="Build the packages for Lambda under build/.")
    parser.parse_args()
    try:
        build()
    except (CannotPackage, CannotRepair) as reason:
        print(reason, file=sys.stderr)  # noqa: T201  # a command
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
