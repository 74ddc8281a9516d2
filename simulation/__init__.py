"""Plausible history by the million: for demos, tests and benchmarks.

``cast`` makes the monitors, ``spells`` draws what befalls them, ``rows`` makes their raw results, ``effects``
what the spells leave behind, ``older`` the rollups before raw results; ``history`` does it in order.
"""

from simulation.history import NotEmpty, Simulated, simulate
from simulation.rows import insert_results

__all__ = ["NotEmpty", "Simulated", "insert_results", "simulate"]
