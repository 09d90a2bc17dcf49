"""A walk on the screen: rows as they come, whole numbers at every width, the end's parameters."""

from __future__ import annotations

import io
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from gradcli.descent import Descent, Settings, descend
from gradcli.formula import Formula, LandscapeProblem
from gradcli.model import Model
from gradcli.problem import Problem
from gradcli.report.report import Screen
from gradcli.report.running import RunningTable
from gradcli.report.walks import WalkLines, WalkReport
from tests.conftest import Gradcli


def printed(renderables: Any, screen: Screen, encoding: str = "utf-8") -> list[str]:
    out = io.TextIOWrapper(io.BytesIO(), encoding)
    console = Console(file=out, width=screen.width or 1 << 20, color_system=None)
    for renderable in renderables:
        console.print(renderable, soft_wrap=screen.width is None)
    out.seek(0)
    return out.read().splitlines()


def walked(problem: Problem, settings: Settings, screen: Screen) -> tuple[Descent, list[Any]]:
    lines = WalkLines(problem, settings, screen)
    shown: list[Any] = []
    walk = descend(problem, settings, lambda row: shown.extend(lines.row(row)))
    shown.extend(lines.end())
    report = WalkReport(problem, walk)
    return walk, [*shown, *report.tables(screen._replace(begun=lines.begun))]


FLOATS = st.floats(allow_subnormal=False)


@settings(max_examples=50)
@example([0.0, 12345.6, -123456.0], 6)
@given(st.lists(FLOATS, min_size=1, max_size=8), st.sampled_from([6, 3, None]))
def test_points_stand_under_each_other(values: list[float], digits: int | None) -> None:
    screen = Screen(None, digits)
    numbers = [np.float64(v) for v in values]
    table = RunningTable(["step", "value"], numbers[:1], 100, screen)
    made = [*table.top(), *(table.row(i, [v]) for i, v in enumerate(numbers)), table.bottom()]
    lines = printed(made, screen)
    assert len({len(line) for line in lines}) == 1, lines
    points = set()
    for line, value in zip(lines[3:-1], values):
        shown = line.split("│")[2]
        back = float(shown)
        if not math.isfinite(value):
            assert back == value or math.isnan(value)
            continue
        assert back == (value if digits is None else float(f"{value:.{digits}g}"))
        if value and not 1e-99 < abs(value) < 1e99:
            continue  # its exponent takes the place of a space
        # A number without a point has one at its end, or before its exponent.
        end = len(shown.rstrip())
        points.add(next((i for i, c in enumerate(shown) if c in ".e"), end))
    assert len(points) <= 1, lines


@pytest.mark.parametrize("digits", [6, None])
@pytest.mark.parametrize("width", [None, 120, 80, 60, 40, 20])
def test_no_number_is_folded(width: int | None, digits: int | None) -> None:
    """Each of the first column's numbers is in one line, whatever the width."""
    screen = Screen(width, digits)
    walk, shown = walked(LandscapeProblem("himmelblau"), Settings(0.01, 20, 10), screen)
    lines = printed(shown, screen)
    assert all(len(line) <= (width or 200) for line in lines if digits or (width or 200) > 40)
    found = " ".join(lines).replace("│", " ").split()
    for row in walk.path:
        assert row.at is not None
        for number in (*row.at.values(), row.value, row.grad_norm):
            text = float(str(number)) if digits is None else float(f"{number:.6g}")
            assert any(_is(word, text) for word in found), (number, lines)


def _is(word: str, number: float) -> bool:
    try:
        return float(word) == number
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("width", "heads"),
    [
        (80, ["step x y value grad norm"]),
        (60, ["step value grad norm", "step x y"]),
        (40, ["step value grad norm", "step x y"]),
        (20, ["step x", "step y", "step value", "step grad norm"]),
    ],
)
def test_where_the_screen_is_narrow_the_point_comes_last(width: int, heads: list[str]) -> None:
    problem = LandscapeProblem("himmelblau", None, "float64")
    _, shown = walked(problem, Settings(0.01, 3, 1), Screen(width))
    lines = [line.replace("│", " ").split() for line in printed(shown, Screen(width))]
    assert [" ".join(line) for line in lines if line[0] == "step"] == heads


def test_a_row_is_shown_before_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = LandscapeProblem("sphere")
    step = problem.stepper()
    seen: list[int] = []
    lines: list[Any] = []
    monkeypatch.setattr(problem, "stepper", lambda: lambda at: seen.append(len(lines)) or step(at))
    running = WalkLines(problem, Settings(0.1, 3, 1), Screen(80))
    descend(problem, running.settings, lambda row: lines.extend(running.row(row)))
    # Title, how and three lines above the first row.
    assert seen == [0, 6, 7, 8]


def test_without_unicode_the_frame_is_of_ascii() -> None:
    _, shown = walked(LandscapeProblem("sphere"), Settings(0.1, 3, 1), Screen(80))
    text = "\n".join(printed(shown, Screen(80), "ascii"))
    assert "| step |" in text


def test_the_parameters_at_the_end_are_shown() -> None:
    """The small ones as arrays, the large ones by norm and range, unless all is asked for."""
    model = Model.from_spec({"loss": "mse", "in": 2, "hidden": 40, "out": 1})
    walk, shown = walked(model, Settings(0.01, 2, 1), Screen(80))
    text = "\n".join(printed(shown, Screen(80)))
    told = re.search(r"^w1  2x40  norm (\S+)  min", text, re.M)
    assert told is not None
    assert float(told[1]) == pytest.approx(np.linalg.norm(walk.end["w1"]), rel=1e-5)
    shown_there = [f"{walk.end[name].reshape(-1)[0]:.6g}" in text for name in ("w1", "w2", "b2")]
    assert shown_there == [False, True, True]
    whole = Screen(None, None)
    text = "\n".join(printed(WalkReport(model, walk).tables(whole), whole))
    assert all(str(number) in text for number in walk.end["w1"].reshape(-1))


def test_one_step_is_one() -> None:
    """x^2 at 3, of slope 6, with rate 0.5: one step to the minimum."""
    _, shown = walked(Formula("x^2", {"x": 3.0}), Settings(0.5, 1, 1), Screen(80))
    lines = printed(shown, Screen(80))
    assert "gd, lr 0.5, 1 step" in lines
    assert "after 1 step: value 0.0 at x 0.0" in lines


def test_a_fit_shows_what_was_fitted() -> None:
    """Through (1, 1), (2, 2), (3, 4): slope 3/2, intercept -2/3, by the normal equations."""
    given = {"t": [1, 2, 3], "s": [1, 2, 4], "a": 0, "b": 0}
    problem = Formula("mean((a*t + b - s)^2)", given, ["a", "b"])
    walk, shown = walked(problem, Settings(0.1, 2000, 1000), Screen(80))
    assert walk.converged
    assert "after 2000 steps: value 0.0555556 at a 1.5, b -0.666667" in printed(shown, Screen(80))


def test_a_fit_to_columns_of_a_file(gradcli: Gradcli, tmp_path: Path) -> None:
    """What a file gives is data, and stays where it is; the numbers move."""
    (tmp_path / "d.csv").write_text("t,s\n1,1\n2,2\n3,4\n")
    data = f"t={tmp_path}/d.csv:t s={tmp_path}/d.csv:s"
    fit = f"descend formula 'mean((a*t + b - s)^2)' {data} a=0 b=0 --lr 0.1 --steps 2000"
    answer = gradcli(f"{fit} --json").json
    assert list(answer["end"]) == ["a", "b"]
    assert answer["end"]["a"] == pytest.approx(1.5, rel=1e-6)
    assert answer["end"]["b"] == pytest.approx(-2 / 3, rel=1e-6)
    assert answer["converged"] is True
    assert "value 0.0555556 at a 1.5, b -0.666667\n" in gradcli(fit).out


def test_rows_for_a_file() -> None:
    walk = descend(Formula("x*y", {"x": 3, "y": 4}), Settings(0.5, 1, 1))
    rows = [*WalkReport(Formula("x*y", {"x": 3, "y": 4}), walk).rows()]
    assert rows == [["step", "x", "y", "value", "grad_norm"], [0, 3, 4, 12, 5],
                    [1, 1, 2.5, 2.5, math.hypot(1, 2.5)]]  # fmt: skip
