"""Arrays as tables: every entry under its own column, in blocks, or elided and said so."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from rich.cells import cell_len

from gradcli.report.arrays import array_table
from gradcli.report.numbers import text
from gradcli.report.report import Screen
from tests.report.test_layout import printed


def entries(shown: str) -> dict[tuple[str, str], str]:
    """What stands at each row's label and column's head."""
    found: dict[tuple[str, str], str] = {}
    heads: list[str] = []
    for line in shown.splitlines():
        cells = [cell.strip() for cell in line.strip("│").split("│")]
        if line.startswith("╭"):
            heads = []
        elif line.startswith("│") and not heads:
            heads = cells[1:]
        elif line.startswith("│"):
            found |= {(cells[0], head): cell for head, cell in zip(heads, cells[1:], strict=True)}
    return found


def array(rows: int, columns: int) -> npt.NDArray[Any]:
    return np.random.default_rng(7).normal(size=(rows, columns)).astype(np.float32)


@pytest.mark.parametrize("width", [20, 40, 60, 80, 120, None])
@pytest.mark.parametrize("digits", [6, None])
def test_every_entry_is_in_its_place(width: int | None, digits: int | None) -> None:
    grid, screen = array(4, 6), Screen(width, digits)
    shown = printed([array_table("w", grid, screen)], width)
    wanted = {(str(i), str(j)): text(v, screen) for (i, j), v in np.ndenumerate(grid)}
    assert entries(shown) == wanted
    if width is not None:
        assert max(map(cell_len, shown.splitlines())) <= width
    assert ("columns 0 to" in shown or "column 0" in shown) == (shown.count("╭") > 1)


def test_blocks_are_named_by_their_columns() -> None:
    shown = printed([array_table("w", np.arange(20).reshape(2, 10), Screen(40))], 40)
    assert re.findall("columns? .*", shown) == ["columns 0 to 6", "columns 7 to 9"]


def test_an_array_of_too_many_blocks_keeps_both_ends() -> None:
    grid = array(30, 400)
    shown = printed([array_table("w", grid, Screen(80))], 80)
    found = entries(shown)
    for i, j in ((0, 0), (0, 399), (29, 0), (29, 399)):
        assert found[str(i), str(j)] == text(grid[i, j], Screen())
    assert found["0", "..."] == found["...", "0"] == "..."
    norm = np.linalg.norm(grid.astype(np.float64))
    *_, last = shown.splitlines()
    assert last.startswith(f"norm {norm:.6g}  min {grid.min():.6g}  max {grid.max():.6g}  ")
    assert last.endswith("(full shows every entry)")


def test_on_the_narrowest_screen_no_block_is_all_gap() -> None:
    shown = printed([array_table("w", array(4, 400), Screen(20))], 20)
    assert entries(shown) == {(str(i), "0"): text(array(4, 400)[i, 0], Screen()) for i in range(4)}


@pytest.mark.parametrize("width", [None, 80])
@pytest.mark.parametrize("digits", [6, None])
def test_a_hundred_thousand_numbers_take_ten_times_as_long_as_a_tenth_of_them(
    width: int | None, digits: int | None
) -> None:
    """And no more than that: with twice as much again for what else the machine does."""
    grid = array(1000, 100).astype(np.float64)

    def shown_in(rows: int) -> tuple[float, str]:
        start = time.process_time()
        shown = printed([array_table("w", grid[-rows:], Screen(width, digits))], width)
        return time.process_time() - start, shown

    few = min(shown_in(100)[0] for _ in range(3))
    seconds, shown = min(shown_in(1000) for _ in range(3))
    assert seconds < 30 * few
    if digits is None or width is None:
        lines = [line.split() for line in shown.splitlines() if not line.startswith("column")]
        values = {float(word) for line in lines[2:] for word in line[1:]}
        assert {float(text(v, Screen(width, digits))) for v in grid[-1]} <= values


@pytest.mark.parametrize("width", [40, 80])
def test_a_large_array_is_written_in_blocks_under_its_indices(width: int) -> None:
    grid = array(300, 8)
    lines = printed([array_table("w", grid, Screen(width, None))], width).splitlines()
    assert max(map(cell_len, lines)) <= width
    found = {}
    heads: list[str] = []
    for before, line in pairwise(lines):
        if before.startswith("column"):
            heads = line.split()
        elif heads and not line.startswith("column"):
            label, *numbers = line.split()
            found |= {(label, head): number for head, number in zip(heads, numbers, strict=True)}
    assert found == {(str(i), str(j)): str(v) for (i, j), v in np.ndenumerate(grid)}
