"""What we use and change of Zappa's private parts.

Written for Zappa 0.63 (``core.library_checks``). Zappa looks for WebSocket handlers in every file below the
project (``zappa.cli.ZappaCLI._detect_websocket_usage``, https://github.com/zappa/Zappa/pull/1430), and finds
its own ``zappa.websocket`` in the files that were packaged before. Then it would make a WebSocket API in
place of ours.
"""

import re
import zipfile
from pathlib import Path
from typing import Any, Protocol

MADE_BY_ZAPPA = ("handler.py", "zappa_settings.py", "django_zappa_app.py")
"""Files that Zappa writes to the root of its package for the stage. Our package needs them."""


class Zappa(Protocol):
    """The parts of ``zappa.cli.ZappaCLI`` that we use."""

    api_stage: str
    command: str
    vargs: dict[str, Any]
    lambda_name: str
    use_websocket: str | None
    aws_region: str | None

    @property
    def stage_config(self) -> dict[str, Any]: ...

    def override_stage_config_setting(self, key: str, val: Any) -> None: ...

    def load_settings(self, settings_file: str | None = None) -> Any: ...


def forget_websockets(zappa: Zappa) -> None:
    """Call this after each ``load_settings``, which finds them again."""
    zappa.use_websocket = None


def read_made_by_zappa(package: Path) -> dict[str, bytes]:
    """The files ``MADE_BY_ZAPPA``, without the WebSocket handlers."""
    with zipfile.ZipFile(package) as made:
        files = {name: made.read(name) for name in MADE_BY_ZAPPA if name in made.namelist()}
    files["zappa_settings.py"] = re.sub(
        rb"(?m)^WEBSOCKET_HANDLER_MODULE=.*\n", b"", files["zappa_settings.py"]
    )
    return files
