"""The map in the terminal: every mark told by a letter, whatever the terminal can show."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from gradcli.descent import Settings, descend
from gradcli.formula import Formula
from gradcli.formula.landscapes import LandscapeProblem
from gradcli.problem import Problem
from gradcli.report.map import Map

HIMMELBLAU = LandscapeProblem("himmelblau", (-4.0, 0.0))


def printed(width: int, problem: Problem = HIMMELBLAU, **console: object) -> str:
    walk = descend(problem, Settings(0.01, 50, 10))
    out = io.StringIO()
    settings = {"color_system": None, "force_terminal": True, **console}
    Console(file=out, width=width, **settings).print(Map(problem, walk))
    return out.getvalue()


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize(
    "console",
    [{}, {"color_system": "standard"}, {"color_system": "truecolor", "no_color": True}],
    ids=str,
)
def test_without_colours_enough_it_is_ascii(width: int, console: dict[str, object]) -> None:
    text = printed(width, **console)
    assert text.isascii()
    assert "\x1b" not in text
    lines = text.splitlines()
    assert all(cell_len(line) <= width for line in lines)
    rows = min(width, 72) // 3
    drawn, caption = lines[:rows], " ".join(line.strip() for line in lines[rows:])
    assert all(len(line) == min(width, 72) for line in drawn)
    for words in ("x -5.1", "S start", "o path", "E end", "m minimum", "low .:-=+*#%@ high"):
        assert words in caption
    letters = "".join(drawn)
    assert letters.count("S") == letters.count("E") == 1
    # Of the four minima the walk ends at the one below on the left, where E stands.
    assert letters.count("m") == 3
    row = next(i for i, line in enumerate(drawn) if "S" in line)
    assert rows / 3 <= row <= rows * 2 / 3  # it starts at y = 0, in the middle
    assert drawn[row].index("S") < width / 4  # and at x = -4, on the left
    low = next(line for line in drawn if "E" in line)
    assert low[low.index("E") + 1] == " "  # what is around a minimum is lowest
    assert drawn[0][0] == drawn[0][-1] == "@"


@pytest.mark.parametrize("colours", ["256", "truecolor"])
def test_in_colours_the_marks_are_letters_too(colours: str) -> None:
    text = printed(60, color_system=colours)
    assert "▀" in text
    assert "48;" in text
    plain = Console(file=io.StringIO(), width=60).render_str(text)
    for mark in ("S", "E", "m", "o"):
        assert mark in str(plain)
    assert "darker is lower" in text
    ascii_only = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=ascii_only, width=60, color_system=colours, force_terminal=True)
    console.print(Map(HIMMELBLAU, descend(HIMMELBLAU, Settings(0.01, 5, 1))))
    ascii_only.flush()


def test_where_there_is_no_value() -> None:
    formula = Formula("log(x)*y", {"x": 0.1, "y": 1.0})
    text = printed(40, formula)
    assert "? no value" in text
    assert text.splitlines()[0].startswith("??")
    assert "m minimum" not in text
    assert "?" not in printed(40)
