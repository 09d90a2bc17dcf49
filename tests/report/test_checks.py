"""The table of a check: whole numbers at every width, and the same figures as a file."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from gradcli.check.besides import Besides
from gradcli.check.check import check
from gradcli.check.plan import Options
from gradcli.check.sweep import sweep
from gradcli.errors import GradcliError
from gradcli.formula import Formula
from gradcli.model import Model
from gradcli.report.checks import CheckReport
from gradcli.report.report import Report, Screen

NET = Model.from_spec({"loss": "mse", "in": 3, "hidden": 4, "out": 2, "act": "sigmoid", "batch": 4})
CHECKED = check(NET)


def lines(report: Report, width: int | None) -> list[str]:
    console = Console(file=io.StringIO(), width=width or 1 << 20)
    for part in report.tables(Screen(width)):
        console.print(part)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [None, 120, 80, 60, 40, 20])
def test_no_number_is_folded(width: int | None) -> None:
    shown = lines(CheckReport(CHECKED), width)
    assert all(len(line) <= (width or 1 << 20) for line in shown)
    cells = {cell.strip() for line in shown for cell in line.split("│")}
    for verdict in CHECKED.params.values():
        for number in (verdict.backprop, verdict.numeric):
            assert {f"{number:.6g}", f"{number:.5e}"} & cells
        error = float(f"{verdict.rel_error:.2e}")
        assert f"{error:g}" in cells
    assert " ".join(" ".join(shown).split()).endswith("pass: 26 entries of 4 parameters")


def test_a_usual_model_takes_one_table_of_80_columns() -> None:
    shown = lines(CheckReport(CHECKED), 80)
    assert len(shown) == 1 + 3 + 4 + 1 + 1
    assert [line.split()[1] for line in shown[4:8]] == ["w1", "b1", "w2", "b2"]
    assert "entries" in lines(CheckReport(CHECKED), 120)[2]
    sampled = CheckReport(check(NET, Options(sample=3)))
    heads = [line for line in lines(sampled, 80) if line.startswith("│")]
    assert "entries" in heads[0]  # their shape does not tell


def test_rows_are_the_table() -> None:
    heads, *rows = CheckReport(CHECKED, given=True).rows()
    assert heads == [
        "parameter", "shape", "entries", "worst", "given", "numeric", "error", "verdict", "cause",
    ]  # fmt: skip
    assert [row[:3] for row in rows] == [
        ["w1", "3x4", 12], ["b1", "4", 4], ["w2", "4x2", 8], ["b2", "2", 2],
    ]  # fmt: skip
    assert [row[4] for row in rows] == [v.backprop for v in CHECKED.params.values()]


def test_only_what_did_not_pass_has_details() -> None:
    given = dict(NET.in_float64().evaluate().gradients)
    given["w2"] = given["w2"].T
    given["b1"] = given["b1"] * [1, 1, 2, 1]
    given["w1"] = given["w1"].reshape(-1)
    shown = lines(CheckReport(check(NET, against=given), given=True), None)
    details = [line for line in shown if re.match(r"[wb]\d: ", line)]
    assert details == [
        "w1: has shape 12, not 3x4",
        "b1: 1 of 4 entries off: [2]",
        "w2: has shape 2x4, not 4x2: transposed",
    ]
    assert shown[-1] == "fail: 3 of 4 parameters, 6 entries compared"


def test_what_is_below_noise_is_counted_where_it_passes() -> None:
    problem = Formula("sum(a*x)", {"x": [1.0, 1.0], "a": [1e9, 1e-9]}, ["x"])
    _, *table, last = lines(CheckReport(check(problem)), None)
    assert all(line[0] in "╭│├╰" for line in table)
    assert last == "pass: 2 entries of 1 parameter, 1 below noise"


def test_one_is_one_entry_of_one_parameter() -> None:
    shown = lines(CheckReport(check(Formula("x^2", {"x": 3.0}))), None)
    assert shown[-1] == "pass: 1 entry of 1 parameter"


def test_the_figure_is_that_of_the_sweep() -> None:
    with pytest.raises(GradcliError, match="without a sweep"):
        CheckReport(CHECKED).figure()
    pytest.importorskip("matplotlib")
    problem = Formula("log(x)", {"x": 1e-3})
    [axes] = (
        CheckReport(check(problem), besides=Besides(sweep=sweep(problem, "central"))).figure().axes
    )
    errors = [y for line in axes.lines for y in line.get_ydata()]
    assert max(errors) < 1  # where the step leaves the domain there is no error to draw
