"""A file of tests is named after what it tests: the rule of CONTRIBUTING.md."""

from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def list_names(folder: Path) -> Iterator[str]:
    """Modules, packages, templates and folders in ``folder`` and below it, as names of tests spell them."""
    for path in folder.rglob("*"):
        if "__pycache__" not in path.parts:
            parts = path.relative_to(folder).with_suffix("").parts
            yield "_".join(part.strip("_").replace("-", "_") for part in parts)


def is_named_after_its_subject(file: Path) -> bool:
    folder = file.parent.relative_to(ROOT / "tests")
    names = {*list_names(ROOT / folder), *list_names(ROOT / "tests" / folder)}
    names -= {name for name in names if name.startswith("test_")}
    if len(folder.parts) == 1:
        names |= {"api", "admin"}  # of the app: sentrypulse/api/<app>, sentrypulse/admin/<app>.py
    subject = file.stem.removeprefix("test_")
    return any(subject == name or subject.startswith(f"{name}_") for name in names)


def test_a_file_of_tests_is_named_after_its_module():
    apps = [path for path in (ROOT / "tests").iterdir() if (ROOT / path.name).is_dir()]
    files = [file for app in apps for file in app.rglob("test_*.py")]
    assert len(files) > 200
    assert [str(file) for file in files if not is_named_after_its_subject(file)] == []
