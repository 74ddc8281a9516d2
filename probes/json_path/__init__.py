"""JSONPath (RFC 9535) without regular expressions. Every step of a search is counted.

It is our own because libraries cannot be bounded. They keep every node with its parents and its path as text,
so that 150 characters over 25 bytes of JSON take gigabytes (decision 22).
"""

from probes.json_path.finding import MAX_STEPS, PathSteps, TooCostly, find_values
from probes.json_path.parsing import Path, PathError, parse_path

__all__ = ["MAX_STEPS", "Path", "PathError", "PathSteps", "TooCostly", "find_values", "parse_path"]
