"""The house: a module imports only from floors below its own."""

from __future__ import annotations

import ast
import configparser
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gradcli"

FLOORS = {
    "__main__": 9,
    "cli": 8,
    "report": 7,
    "export": 6,
    "check": 5,
    "descent": 5,
    "problems": 5,
    "model": 4,
    "formula": 4,
    "layers": 3,
    "answer": 2.3,
    "nonfinite": 2.2,
    "problem": 2.1,
    "trace": 2.05,
    "steps": 2,
    "inputs": 1,
    "engine": 1,
    "catalogue": 0.5,
    "suggest": 0,
    "errors": 0.1,
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


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_libraries_stay_where_they_belong(path: Path) -> None:
    allowed = {"gradcli", *sys.stdlib_module_names}
    where = place(path)
    if where not in ("cli", "errors", "suggest", "catalogue", "__main__"):
        allowed.add("numpy")
    if where == "cli":
        allowed |= {"click", "rich"}
    if where == "report":
        allowed |= {"rich", "matplotlib"}
    for module in imports(path):
        assert module.partition(".")[0] in allowed, f"{path.name} imports {module}"


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
