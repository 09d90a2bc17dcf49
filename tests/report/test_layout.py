"""Tables on screens of every width: no number is cut, every number is there."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from gradcli.report.layout import grid
from gradcli.report.numbers import text
from gradcli.report.report import Screen

WIDTHS = [20, 40, 60, 80, 120, None]


def printed(parts: Iterable[Any], width: int | None) -> str:
    console = Console(file=io.StringIO(), width=width or 1 << 20, highlight=False)
    for part in parts:
        console.print(part, crop=False)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def cells(shown: str) -> list[list[str]]:
    """The cells of every row below a header, without padding."""
    rows = [line for line in shown.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in row.strip("│").split("│")] for row in rows]


def test_one_table() -> None:
    rows = [["w1", 6, -0.125, "pass"], ["b", 12, 3.5, "fail"], ["c", None, "...", None]]
    [table] = grid(["", "entries", "error", "verdict"], rows, Screen(80))
    assert (
        printed([table], 80)
        == """\
╭────┬─────────┬────────┬─────────╮
│    │ entries │  error │ verdict │
├────┼─────────┼────────┼─────────┤
│ w1 │       6 │ -0.125 │ pass    │
│ b  │      12 │  3.5   │ fail    │
│ c  │         │    ... │         │
╰────┴─────────┴────────┴─────────╯
"""
    )


def test_blocks_repeat_the_labels() -> None:
    rows = [["w1", 1.25, 1000.5], ["w2", 12.5, 2.0]]
    assert (
        printed(grid(["", "given", "numeric"], rows, Screen(20)), 20)
        == """\
╭────┬───────╮
│    │ given │
├────┼───────┤
│ w1 │  1.25 │
│ w2 │ 12.5  │
╰────┴───────╯
╭────┬─────────╮
│    │ numeric │
├────┼─────────┤
│ w1 │  1000.5 │
│ w2 │     2.0 │
╰────┴─────────╯
"""
    )


def test_a_head_folds_where_its_numbers_do_not_need_the_room() -> None:
    rows = [["w1", 1e-9, 2e-9]]
    heads = ["", "max abs error", "max rel error"]
    assert "max abs error │ max rel error" in printed(grid(heads, rows, Screen(60)), 60)
    narrow = printed(grid(heads, rows, Screen(30)), 30)
    assert narrow.count("╭") == 1
    assert " max abs │  max rel │\n" in narrow


def test_without_heads_there_is_no_header() -> None:
    assert printed(grid(["", ""], [["loss", 2.0]], Screen(80)), 80).count("\n") == 3


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text("abcdefgh_", min_size=1, max_size=25),
            *[st.floats(width=32)] * 3,
            st.integers(0, 10**9),
            st.text("xyz ", max_size=30),
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(WIDTHS),
)
def test_no_number_is_folded_or_cut_and_no_line_too_wide(
    rows: list[tuple[Any, ...]], width: int | None
) -> None:
    screen = Screen(width)
    heads = ["", "given", "numeric", "max abs error", "entries", "cause"]
    parts = list(grid(heads, [[n, *map(np.float32, f), i, w] for n, *f, i, w in rows], screen))
    shown = printed(parts, width)
    assert len(parts) == 1 or width is not None
    if width is not None:
        assert max(cell_len(line) for line in shown.splitlines()) <= width
    words = shown.replace("│", " ").split()
    for _, *floats, whole, _ in rows:
        assert str(whole) in words
        for number in floats:
            if not np.isfinite(number):
                assert text(number, screen) in words
    numbers = [float(w) for w in words if _is_number(w)]
    wanted = [np.float32(v) for _, *floats, _, _ in rows for v in floats if np.isfinite(v)]
    for value in wanted:
        assert any(abs(n - float(value)) <= 5.0001e-6 * abs(float(value)) for n in numbers)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("width", [20, 40])
def test_words_fold(width: int) -> None:
    rows = [["softmax_cross_entropy", "the gradient of each row by its own logits"]]
    shown = printed(grid(["op", "rule"], rows, Screen(width)), width)
    assert max(map(cell_len, shown.splitlines())) <= width
    assert "".join(row[0] for row in cells(shown)[1:]) == "softmax_cross_entropy"
    assert " ".join(row[1] for row in cells(shown)[1:]).split() == rows[0][1].split()


def test_numbers_wider_than_the_screen_stay_whole() -> None:
    value = -1.2345678901234567e-101
    shown = printed(grid(["", "value"], [["w", value]], Screen(20, digits=None)), 20)
    assert repr(value) in shown
