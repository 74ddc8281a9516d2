from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
from django.core import checks

from core import library_checks
from core.library_checks import OVERRIDES, check_libraries

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def installed(monkeypatch):
    """Versions in place of those that are installed."""
    versions = {library: f"{written_for}.9" for library, (written_for, _) in OVERRIDES.items()}

    def version(library):
        if library not in versions:
            raise PackageNotFoundError(library)
        return versions[library]

    monkeypatch.setattr(library_checks, "version", version)
    return versions


def test_what_is_installed_is_what_the_overrides_were_written_for():
    assert [found.id for found in checks.run_checks() if found.id == "sentrypulse.W001"] == []


@pytest.mark.parametrize("library", OVERRIDES)
def test_another_minor_version_is_told_with_the_file_to_look_at(installed, library):
    written_for, file = OVERRIDES[library]
    major, minor = written_for.split(".")
    for other in (f"{major}.{int(minor) + 1}.0", f"{int(major) + 1}.{minor}.0", f"{major}.{minor}1.0"):
        installed[library] = other
        (found,) = [found for found in checks.run_checks() if found.id == "sentrypulse.W001"]
        assert found.msg == f"{library} {other} is installed; {file} was written for {written_for}."


def test_patches_of_a_version_and_libraries_that_are_not_installed_are_no_news(installed):
    assert check_libraries(None) == []
    del installed["zappa"], installed["celery"]
    assert check_libraries(None) == []


@pytest.mark.parametrize("library", OVERRIDES)
def test_each_file_names_the_library_and_the_version(library):
    written_for, file = OVERRIDES[library]
    text = (ROOT / file).read_text()
    assert f"{library} {written_for}" in text.lower()
    assert "core.library_checks" in text
