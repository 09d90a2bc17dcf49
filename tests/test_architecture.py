"""The house: a module imports only from floors below its own."""

from __future__ import annotations

import ast
import configparser
import graphlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gradcli"

HOUSE = """
    __main__
    cli
    report
    export
    check descent problems
    model formula code
    layers
    conventions
    answer stepping
    gradient nonfinite trace
    problem
    steps
    engine inputs naming
    layer_kinds spec_keys verb_keys
    catalogue
    keys
    ending errors
    suggest
"""
"""Floor by floor, from above; those on one floor do not know each other."""
FLOORS = {
    name: floor for floor, names in enumerate(reversed(HOUSE.split("\n"))) for name in names.split()
}

MODULES = [p for p in sorted(PACKAGE.rglob("*.py")) if p != PACKAGE / "__init__.py"]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_point_down(path: Path) -> None:
    for module in imports(path):
        top, _, rest = module.partition(".")
        if top == "gradcli" and rest:
            other = rest.partition(".")[0]
            same = other == place(path)
            assert same or FLOORS[other] < FLOORS[place(path)], f"{path.name} imports {module}"


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def test_no_module_needs_itself() -> None:
    """Outside the engine not even within functions, where an import would hide a circle."""
    names = {_module(path) for path in MODULES}

    def needed(path: Path) -> set[str]:
        inner = place(path) != "engine"
        tree = ast.parse(path.read_text())
        blocks = [n for n in ast.walk(tree) if isinstance(n, ast.If)]
        typed = [n for n in blocks if "TYPE_CHECKING" in ast.unparse(n.test)]
        skipped = {id(n) for block in typed for n in ast.walk(block)}
        nodes = [n for n in (ast.walk(tree) if inner else tree.body) if id(n) not in skipped]
        found = [
            [f"{n.module}.{a.name}", str(n.module)]
            for n in nodes
            if isinstance(n, ast.ImportFrom)
            for a in n.names
        ]
        return {next((m for m in both if m in names), "") for both in found} & names

    graphlib.TopologicalSorter({_module(path): needed(path) for path in MODULES}).prepare()


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_libraries_stay_where_they_belong(path: Path) -> None:
    allowed = {"gradcli", *sys.stdlib_module_names}
    where = place(path)
    if where not in ("cli", "errors", "suggest", "catalogue", "keys", "__main__"):
        allowed.add("numpy")
    if where == "cli":
        allowed |= {"click", "rich"}
    if where == "report":
        allowed |= {"rich", "matplotlib"}
    for module in imports(path):
        assert module.partition(".")[0] in allowed, f"{path.name} imports {module}"


def test_flags_are_spelt_by_the_command_line_alone() -> None:
    for path in MODULES:
        if place(path) != "cli":
            nodes = list(ast.walk(ast.parse(path.read_text())))
            prose = {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
            texts = [n for n in nodes if isinstance(n, ast.Constant) and id(n) not in prose]
            flags = [t.value for t in texts if re.search(r"(^|\s)--[a-z]", str(t.value))]
            assert not flags, f"{path}: {flags}"


def test_the_package_itself_imports_nothing() -> None:
    assert list(imports(PACKAGE / "__init__.py")) == []


def test_runtime_dependencies_are_three() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg")
    required = config["options"]["install_requires"].split()
    assert sorted(r.partition(">")[0] for r in required) == ["click", "numpy", "rich"]
    assert set(config["options.extras_require"]) == {"plot", "test", "bench"}


def test_nothing_in_the_engine_prints() -> None:
    for path in MODULES:
        if place(path) != "cli":
            calls = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)]
            names = {n.func.id for n in calls if isinstance(n.func, ast.Name)}
            assert "print" not in names, path
