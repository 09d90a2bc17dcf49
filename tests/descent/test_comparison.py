"""Several optimizers side by side: a table, a document that is repeated, a picture."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from gradcli.cli.main import cli
from gradcli.descent import Descent, Settings, descend
from gradcli.descent.comparison import compare
from gradcli.formula import Formula, LandscapeProblem
from gradcli.model import Model
from gradcli.problem import Problem
from gradcli.report.comparison_plots import comparison_figure
from tests.conftest import Gradcli

HALVED = "descend formula (x-1)^2 x=3 --lr 0.25 --steps 4 --every 2"
"""By gd the distance to 1 is halved each step, and the value quartered from 4 on."""


def test_a_table_of_values_by_step(gradcli: Gradcli) -> None:
    """Momentum by hand: v = -1, -1.4; x = 2, 0.6; from there the values are 4, 1, 0.16."""
    walk = "descend formula (x-1)^2 x=3 --lr 0.25 --steps 2 --every 1 --optimizer gd,momentum"
    ran = gradcli(f"{walk} --tol 1.0")
    rows = [line.replace("│", " ").split() for line in ran.out.splitlines() if "│" in line]
    assert rows == [["step", "gd", "momentum"], ["0", "4.0", "4.0"], ["1", "1.0", "1.0"],
                    ["2", "0.25", "0.16"]]  # fmt: skip
    told = ran.out.splitlines()
    first = told.index("gd, lr 0.25")
    assert told[first + 1] == "after 2 steps: value 0.25 at x 1.5"
    assert told[first + 2] == "converged: gradient norm 1.0, at most tol 1"
    second = told.index("momentum, lr 0.25")
    assert told[second + 1] == "after 2 steps: value 0.16 at x 0.6"
    assert ran.code == 0


def test_a_walk_that_ends_early_leaves_its_cells_empty(gradcli: Gradcli) -> None:
    ran = gradcli("descend formula (x-1)^2 x=3 --optimizer lbfgs,gd --steps 6 --every 3 --lr 0.25")
    rows = [line.split("│")[1:-1] for line in ran.out.splitlines() if line.startswith("│")]
    cells = {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}
    assert cells["0"] == ["4.0", "4.0"]
    assert cells["6"] == ["", "0.000976562"]
    assert len({len(row[1]) for row in rows}) == 1
    path = gradcli("descend formula (x-1)^2 x=3 --optimizer lbfgs,gd --digits 3")
    assert path.code == 0


def test_the_document_is_one_of_walks_and_is_repeated(gradcli: Gradcli) -> None:
    several = gradcli(f"{HALVED} --optimizer gd,adam --beta-1 0.5 --json").json
    assert list(several) == ["runs", "spec"]
    for run, name in zip(several["runs"], ("gd", "adam"), strict=True):
        keys = " --beta-1 0.5" if name == "adam" else ""
        one = gradcli(f"{HALVED} --optimizer {name}{keys} --json").json
        del one["spec"]
        assert run == {"optimizer": name, **one}
    assert [row["value"] for row in several["runs"][0]["path"]] == [4, 0.25, 4.0**-3]
    assert several["spec"]["optimizer"] == ["gd", "adam"]
    assert several["spec"]["beta_1"] == 0.5
    again = gradcli("run - --json", stdin=json.dumps(several).encode())
    assert again.json == several
    spec = {**several["spec"], "optimizer": "gd, adam"}
    toml = gradcli("descend run - --json", stdin=json.dumps(spec).encode())
    assert toml.json == several


def test_from_a_toml_file(gradcli: Gradcli, tmp_path: Path) -> None:
    (tmp_path / "walk.toml").write_text(
        'landscape = "sphere"\nverb = "descend"\noptimizer = ["gd", "nesterov"]\nsteps = 3\n'
    )
    answer = gradcli(f"run {tmp_path / 'walk.toml'} --json").json
    assert [run["optimizer"] for run in answer["runs"]] == ["gd", "nesterov"]


def test_files(gradcli: Gradcli, tmp_path: Path) -> None:
    csv, npz = tmp_path / "a.csv", tmp_path / "a.npz"
    gradcli(f"{HALVED} --optimizer gd,momentum --save {csv}")
    lines = csv.read_text().splitlines()
    assert lines[0] == "step,gd,momentum"
    assert [line.split(",")[:2] for line in lines[1:3]] == [["0", "4.0"], ["2", "0.25"]]
    gradcli(f"{HALVED} --optimizer gd,momentum --save {npz}")
    with np.load(npz) as file:
        np.testing.assert_array_equal(file["runs.start.x"], [3, 3])
        assert file["runs.path.value"].shape == (2, 3)


def test_markdown_has_a_table(gradcli: Gradcli) -> None:
    ran = gradcli(f"{HALVED} --optimizer gd,momentum --markdown")
    assert "| step | gd | momentum |\n| --: | --: | --: |\n| 0 | 4.0 | 4.0 |" in ran.out


def test_names_after_a_comma_are_completed() -> None:
    words = "gradcli descend formula --optimizer gd,ada"
    env = {"_GRADCLI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": "4"}
    found = CliRunner().invoke(cli, [], env=env, prog_name="gradcli").output
    assert re.findall(r"plain,(\S+)", found) == ["gd,adam", "gd,adamw", "gd,adagrad"]


def test_models_are_compared(gradcli: Gradcli) -> None:
    ran = gradcli("descend mse --x 1;2;3 --y 3;5;7 --w 0 --optimizer gd,lbfgs --steps 20")
    assert ran.code == 0
    assert "lbfgs\nafter 5 steps: value " in ran.out
    assert "gd, lr 0.01\nafter 20 steps: value " in ran.out


def test_what_goes_wrong_with_one_is_said_of_it(gradcli: Gradcli) -> None:
    ran = gradcli("himmelblau --optimizer gd,adam --lr 1 --steps 50")
    assert ran.code == 1
    assert ran.err.startswith("gradcli: gd: the value or its gradient is not finite at step")
    assert "adam, lr 1\nafter 50 steps" in ran.out
    for view in ("--trace", "--graph a.dot"):
        told = gradcli(f"himmelblau --optimizer gd,adam {view}")
        assert (told.code, told.out) == (2, "")
        assert told.err == f"gradcli: error: {view.split()[0]}: goes with one optimizer, not 2\n"


def test_an_interrupt_leaves_what_there_is(interrupt: Callable[[Problem, int], None]) -> None:
    """In the second of three walks: the first is whole, and the third is not begun."""
    problem = LandscapeProblem("sphere")
    interrupt(problem, 15)
    several = [Settings(0.1, 10, 5, name) for name in ("gd", "adam", "rmsprop")]
    walks = compare(problem, several)
    assert [(walk.steps, walk.stopped) for walk in walks] == [(10, None), (2, "interrupted")]


def walked(problem: Problem, names: str, lr: float = 0.05) -> list[Descent]:
    return [descend(problem, Settings(lr, 60, 20, name)) for name in names.split(",")]


def test_every_path_is_drawn_on_one_picture() -> None:
    pytest.importorskip("matplotlib")
    names = "gd,adam,lbfgs"
    himmelblau = LandscapeProblem("himmelblau", (-4, 0), "float64")
    walks = walked(himmelblau, names)
    assert walks[0].stopped == "nonfinite"
    solid, flat = comparison_figure(himmelblau, walks).axes
    lines = {line.get_label(): line for line in flat.lines}
    assert {"gd", "adam", "lbfgs", "start", "known minimum"} <= set(lines)
    np.testing.assert_array_equal(np.array(lines["adam"].get_data()).T, walks[1].points)
    # A walk that diverges does not stretch the picture, and ends at its edge.
    assert flat.get_xlim()[1] < 10
    assert np.isnan(lines["gd"].get_xdata()[-1])
    assert solid.get_zlim()[1] < 1e4
    looks = {(lines[n].get_color(), lines[n].get_linestyle()) for n in names.split(",")}
    assert len(looks) == 3

    line = Formula("(x - 1)^2", {"x": 3})
    [axes] = comparison_figure(line, walked(line, names)).axes
    assert {"gd", "adam", "lbfgs", "start"} <= {curve.get_label() for curve in axes.lines}
    for curve in axes.lines:
        if curve.get_label() in names.split(","):
            x, y = np.array(curve.get_data())
            np.testing.assert_allclose(y, (x - 1) ** 2, atol=1e-12)


def test_values_by_step_are_drawn_for_a_model() -> None:
    pytest.importorskip("matplotlib")
    model = Model.from_spec({"loss": "mse", "x": "1;2;3", "y": "3;5;7", "w": 0})
    walks = walked(model, "gd,lbfgs", 0.01)
    [axes] = comparison_figure(model, walks).axes
    assert axes.get_yscale() == "log"
    for curve, walk in zip(axes.lines, walks, strict=True):
        np.testing.assert_array_equal(curve.get_ydata(), walk.values)
        assert curve.get_label() == walk.settings.optimizer
