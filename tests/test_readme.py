"""The README is run: what it claims to print is what is printed."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
TEXT = README.read_text()
FILES = re.findall(r"<!-- file: (\S+) -->\n```\w+\n(.*?)```", TEXT, re.S)
BLOCKS = re.findall(r"```console\n(.*?)```", TEXT, re.S)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("readme")
    for name, body in FILES:
        (path / name).write_text(body)
    return path


NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]\d+)?(?!\w)")
BY_CHANCE = re.compile(r"│ (?:\[[\d, ]*\])? +│[^│]*│[^│]*│[^│]*│ pass *│")
"""Which entry is the worst is decided by rounding, where a check passes."""


def assert_same_screen(printed: str, expected: str) -> None:
    """Equal but for the last digits of numbers, which depend on the processor."""
    texts = [BY_CHANCE.sub("", text) for text in (printed, expected)]
    found, wanted = (
        [re.sub("─+", "─", word) for word in NUMBER.sub(" # ", text).split()] for text in texts
    )
    assert found == wanted, f"{printed}\n is not\n{expected}"
    numbers, wanted_numbers = ([float(n) for n in NUMBER.findall(text)] for text in texts)
    assert numbers == pytest.approx(wanted_numbers, rel=2e-5, abs=1e-8)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda b: b.partition("\n")[0][2:])
def test_console_blocks(block: str, folder: Path) -> None:
    env = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(README.parent),
        "LC_ALL": "C.UTF-8",
    }
    for command, expected in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", block, re.M):
        ran = subprocess.run(
            ["bash", "-c", command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env=env,
            check=False,
        )
        assert_same_screen(ran.stdout, expected)


def test_python_blocks() -> None:
    failed, attempted = doctest.testfile(str(README), module_relative=False)
    assert attempted > 10
    assert failed == 0


def test_it_starts_with_two_commands_for_a_fresh_clone() -> None:
    run, test = re.findall(r"```sh\n(.*?)\n```", TEXT, re.S)[:2]
    assert run.startswith("python3 -m venv .venv && ")
    assert run.endswith(".venv/bin/gradcli mse --in 3 --out 2 --act sigmoid")
    assert test.endswith("pytest -q")
