"""What is left of an SLO's error budget, how fast it burns, and when that is worth an alert. Pure and exact.

The rule is Google's: The Site Reliability Workbook, chapter 5, "Multiwindow, Multi-Burn-Rate Alerts"
(https://sre.google/workbook/alerting-on-slos/).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from math import floor

from analytics.models import Speed

BURN_WINDOWS: Mapping[str, timedelta] = {
    "5m": timedelta(minutes=5),
    "30m": timedelta(minutes=30),
    "1h": timedelta(hours=1),
    "6h": timedelta(hours=6),
    "3d": timedelta(days=3),
}


@dataclass(frozen=True, slots=True)
class BurnRule:
    """An alert when ``share`` of the budget burns within the window ``long``, and does so still in
    ``short``."""

    long: str
    short: str
    share: Fraction

    def threshold(self, window_days: int) -> Fraction:
        """The burn rate that is worth an alert; never below 1, at which the budget lasts just the window."""
        long_s = BURN_WINDOWS[self.long] // timedelta(seconds=1)
        return max(Fraction(1), self.share * window_days * 86_400 / long_s)


RULES: Mapping[Speed, BurnRule] = {
    Speed.FAST: BurnRule("1h", "5m", Fraction(2, 100)),
    Speed.MEDIUM: BurnRule("6h", "30m", Fraction(5, 100)),
    Speed.SLOW: BurnRule("3d", "6h", Fraction(10, 100)),
}


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a target lets its subject be down in the time that was measured, and what is left of it."""

    total_ms: Fraction
    left_ms: Fraction

    @property
    def left_ratio(self) -> Fraction:
        """1: nothing of the budget is used. 0: all is used, uptime is exactly the target. Below 0: the target
        is missed."""
        return self.left_ms / self.total_ms


def find_budget(target: Decimal, *, measured_ms: int, down_ms: int) -> Budget | None:
    """None where nothing was measured."""
    if not measured_ms:
        return None
    total_ms = (1 - Fraction(target)) * measured_ms
    return Budget(total_ms, total_ms - down_ms)


def find_burn_rate(target: Decimal, *, measured_ms: int, down_ms: int) -> Fraction | None:
    """How many times faster the budget burns than the target allows; None where nothing was measured."""
    return Fraction(down_ms, measured_ms) / (1 - Fraction(target)) if measured_ms else None


def is_burning(
    *, was_burning: bool, long: Fraction | None, short: Fraction | None, threshold: Fraction
) -> bool:
    """Whether the alert is to be open, by the burn rates in both windows.

    It opens when both reach the threshold, and closes when the short one is below it again. Where nothing
    was measured it stays as it is: a gap of ours neither opens nor closes.
    """
    if short is None:
        return was_burning
    if was_burning:
        return short >= threshold
    return long is not None and min(long, short) >= threshold


def round_down(figure: Fraction | None) -> float | None:
    """To six decimals, so that 0 and 1 are never said of less."""
    return None if figure is None else floor(figure * 1_000_000) / 1_000_000
