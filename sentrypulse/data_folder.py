"""The folder of an embedded installation is its owner's alone: it holds keys and everybody's data."""

import logging
import stat
from collections.abc import Iterable
from pathlib import Path

logger = logging.getLogger(__name__)

FOLDER_MODE, FILE_MODE = 0o700, 0o600
_SYSTEM = frozenset(
    map(Path, ("/", "/etc", "/home", "/mnt", "/opt", "/root", "/run", "/srv", "/usr", "/usr/local", "/var"))
) | {Path("/var/lib")}
"""Folders that others live in, too, whoever owns them."""


def close_folder(folder: Path) -> None:
    """Make ``folder`` where it is missing, and shut it to everybody but its owner."""
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    if folder.stat().st_mode & stat.S_ISVTX or folder.resolve() in _SYSTEM:
        logger.warning(
            "%s is shared with others and stays as it is; give DATA_DIR a folder of its own.", folder
        )
    else:
        _close(folder, FOLDER_MODE)


def close_files(paths: Iterable[Path]) -> None:
    """Shut those of the files that exist to everybody but their owner."""
    for path in paths:
        if path.is_file():
            _close(path, FILE_MODE)


def close_database(path: Path, *, make: bool = False) -> None:
    """Shut a SQLite database and its companions. With ``make`` it is made, empty, where it is missing: SQLite
    would leave its mode to the umask, and gives the companions the database's."""
    if make and not path.exists():
        path.touch(mode=FILE_MODE)
    close_files([path, *(path.with_name(f"{path.name}{end}") for end in ("-wal", "-shm", "-journal"))])


def _close(path: Path, mode: int) -> None:
    """A folder that somebody else owns (a mounted volume) cannot be shut, and is usable all the same."""
    if stat.S_IMODE(path.stat().st_mode) == mode:
        return
    try:
        path.chmod(mode)
    except OSError as error:
        logger.warning("%s can be read by others: its mode could not be set (%s).", path, error.strerror)
