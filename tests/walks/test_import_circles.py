"""The contracts of import-linter hold the order of the apps; this holds the order of all modules."""

import tomllib
from graphlib import TopologicalSorter
from pathlib import Path

import grimp

ROOT = Path(__file__).parents[2]


def test_no_module_imports_itself_by_way_of_others():
    """Neither at its top nor in a function. Imports for type checkers alone may go in circles."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    graph = grimp.build_graph(
        *settings["tool"]["importlinter"]["root_packages"],
        exclude_type_checking_imports=True,
        cache_dir=None,
    )
    imports = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    TopologicalSorter(imports).prepare()  # raises CycleError, which names the circle
