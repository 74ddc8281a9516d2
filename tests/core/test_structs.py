"""Reading into a new type by many threads at once, in a process of its own: what went wrong ended it."""

import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from core.structs import convert, read_struct

ROOT = Path(__file__).resolve().parents[2]
MANY_THREADS = """
import sys, threading
from typing import Annotated, Literal
import msgspec
from core import structs
sys.setswitchinterval(1e-6)
SHORT, CHOICE = Annotated[str, msgspec.Meta(max_length=20)], Literal["a", "b"]
FIELDS = [(f"f{n}", SHORT if n % 3 else CHOICE, "a") for n in range(30)]
given = {"f0": "b", "f1": "b", "inner": {"count": 1}}
read = {"ours": structs.convert, "msgspec's": msgspec.convert}[sys.argv[1]]
for number in range(60):
    Inner = msgspec.defstruct("Inner", [("count", int)])
    Form = msgspec.defstruct("Form", [*FIELDS, ("inner", Inner | None, None)])
    start, counts = threading.Barrier(8), []
    def count():
        start.wait()
        counts.append(read(given, Form).inner.count)
    threads = [threading.Thread(target=count) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counts == [1] * 8, counts
"""


def run(whose):
    command = [sys.executable, "-c", MANY_THREADS, whose]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_many_threads_read_into_a_new_type_at_once():
    finished = run("ours")
    assert finished.returncode == 0, finished.stderr


def test_what_is_not_of_the_type_is_refused():
    with pytest.raises(msgspec.ValidationError):
        convert({"a": 1}, list[str])
    with pytest.raises(msgspec.ValidationError):
        read_struct(b'["a", 1]', list[str])
    with pytest.raises(msgspec.DecodeError):
        read_struct(b'["a"', list[str])
    assert convert(("a",), list[str]) == read_struct('["a"]', list[str]) == ["a"]
