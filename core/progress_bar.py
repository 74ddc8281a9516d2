"""How far has a command come? On a terminal, a bar that is redrawn; elsewhere, such as in a log, a few
lines."""

from typing import Protocol

WIDTH = 30


class Output(Protocol):
    """What Django's commands write to."""

    def isatty(self) -> bool: ...

    def write(self, msg: str = "", style_func: None = None, ending: str | None = None) -> None: ...


class ProgressBar:
    """One line for each thing that is being done: redrawn at each percent, or written at each tenth."""

    def __init__(self, out: Output) -> None:
        self._out, self._on_terminal = out, out.isatty()
        self._label, self._shown = "", 0

    def show(self, label: str, done: int, total: int) -> None:
        """Show ``done`` of ``total``. ``label`` names the work; another label begins a new line."""
        percent = done * 100 // total if total else 100
        if label != self._label:
            self.close()
            self._label, self._shown = label, -1 if self._on_terminal else 0
        if self._on_terminal and percent > self._shown:
            bar = "#" * (percent * WIDTH // 100)
            self._out.write(f"\r{label:<18} [{bar:<{WIDTH}}] {percent:3} % of {total:,}", ending="")
            self._shown = percent
        elif percent // 10 > self._shown // 10:
            self._out.write(f"{label} {percent} % of {total:,}")
            self._shown = percent

    def close(self) -> None:
        """End the line, so that later output begins on a line of its own."""
        if self._label and self._on_terminal:
            self._out.write()
        self._label = ""
