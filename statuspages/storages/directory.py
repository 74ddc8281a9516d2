"""Published copies in a directory, which any web server can serve.

The files are in ``<place>/``. The file ``.versions/<place>`` holds their version, and is locked while they
are written. It stays when the files are removed, so that no older version is written again.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from core.storage import StorageError, write_whole
from statuspages.rendering.files import PageFile


class DirectoryStorage:
    def __init__(self, root: Path) -> None:
        self.root, self._versions = root, root / ".versions"

    def write(self, place: str, files: Mapping[str, PageFile], *, version: int) -> bool:
        try:
            with self._claim(place, version) as claimed:
                if claimed:
                    self._write(self.root / place, files)
                return claimed
        except OSError as error:
            raise StorageError(f"Cannot write to {self.root}: {error.strerror}.") from None

    def remove(self, place: str, *, version: int) -> bool:
        try:
            with self._claim(place, version) as claimed:
                if claimed and (self.root / place).exists():
                    shutil.rmtree(self.root / place)
                return claimed
        except OSError as error:
            raise StorageError(f"Cannot remove from {self.root}: {error.strerror}.") from None

    def read(self, place: str, name: str) -> PageFile | None:
        folder = self.root / place
        try:
            told = json.loads((folder / ".types").read_text())
            return PageFile(body=(folder / name).read_bytes(), **told[name])
        except (OSError, KeyError, ValueError):
            return None

    @contextmanager
    def _claim(self, place: str, version: int) -> Iterator[bool]:
        """Lock the place; yield whether ``version`` is newer than all before.

        A newer version is stored before any file is written. So when a writer dies half-way, only a newer
        version can follow.
        """
        self._versions.mkdir(parents=True, exist_ok=True)
        with (self._versions / place).open("a+") as sidecar:
            fcntl.flock(sidecar, fcntl.LOCK_EX)
            sidecar.seek(0)
            text = sidecar.read().strip()
            if text and int(text) >= version:
                yield False
                return
            sidecar.seek(0)
            sidecar.truncate()
            sidecar.write(str(version))
            sidecar.flush()
            os.fsync(sidecar.fileno())
            yield True

    def _write(self, folder: Path, files: Mapping[str, PageFile]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        types = {
            name: {"media_type": f.media_type, "policy": f.policy, "embeddable": f.embeddable}
            for name, f in files.items()
        }
        write_whole(folder / ".types", json.dumps(types).encode())
        for name, file in files.items():
            write_whole(folder / name, file.body)
        for old in folder.iterdir():
            if old.name not in files and old.name != ".types":
                with suppress(FileNotFoundError):
                    old.unlink()
