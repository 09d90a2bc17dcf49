"""Pictures with matplotlib: what is on them, and that they are the same every time."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest

from gradcli.descent import Settings, descend
from gradcli.errors import SpecError
from gradcli.formula import Formula
from gradcli.formula.landscapes import LandscapeProblem

pytest.importorskip("matplotlib")

from gradcli.report.gradient_plots import gradients_figure
from gradcli.report.landscape_plots import problem_figure, walk_figure
from gradcli.report.plots import save_plot

ZERO = {"x": np.zeros(()), "y": np.zeros(())}


def himmelblau() -> object:
    problem = LandscapeProblem("himmelblau", (-4.0, 0.0))
    return walk_figure(problem, descend(problem, Settings(0.01, 30, 10)))


def test_a_walk_is_drawn_above_its_surface() -> None:
    solid, flat = himmelblau().axes
    assert solid.get_zlabel() == "value"
    assert (solid.get_xlabel(), flat.get_ylabel()) == ("x", "y")
    lines = {line.get_label(): line for line in solid.lines}
    x, y, z = lines["path"].get_data_3d()
    assert (x[0], y[0]) == (-4, 0)
    value = (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2
    assert ((z > value) & (z < value + 20)).all()
    assert not solid.computed_zorder
    assert all(line.zorder > solid.collections[0].zorder for line in lines.values())
    minima = np.array(lines["known minimum"].get_data_3d()[:2]).T
    assert {(round(a, 3), round(b, 3)) for a, b in minima} == {
        (3, 2), (-2.805, 3.131), (-3.779, -3.283), (3.584, -1.848),
    }  # fmt: skip
    styles = {line.get_marker() for name, line in lines.items() if not name.startswith("_")}
    assert len(styles) == 4  # told apart without colours
    assert len(flat.texts) > 3  # the values of contours
    assert {text.get_text() for text in flat.get_legend().texts} == {
        "path", "start", "end", "known minimum",
    }  # fmt: skip


def test_a_range_of_ones_own() -> None:
    formula = Formula("x^2 + y^2", {"x": 1.0, "y": 9.0})
    _, flat = problem_figure(formula, ZERO, [-2], [2, 3]).axes
    assert (flat.get_xlim(), flat.get_ylim()) == ((-2, 2), (-2, 3))
    [point] = [line for line in flat.lines if line.get_label() == "point"]
    assert np.isnan(point.get_ydata()).all()  # it lies outside
    [axes] = problem_figure(Formula("log(x)", {"x": 1.0}), {"x": np.ones(())}, [-1], [2]).axes
    assert axes.get_xlim() == (-1, 2)
    derivative = next(line for line in axes.lines if line.get_label() == "derivative")
    x, y = derivative.get_data()
    assert np.isnan(y[x < 0]).all()
    with pytest.raises(SpecError, match="from: must be below"):
        problem_figure(formula, ZERO, [2], [-2])


def test_gradients_of_a_model_are_heat_maps_and_bars() -> None:
    w = np.array([[1.0, -2.0, np.nan], [0.0, 4.0, np.inf]])
    figure = gradients_figure("a $title$", {"w": w, "b": np.array([1.0, -3.0]), "s": np.ones(())})
    heat, bars, scalars, _colours = figure.axes
    [image] = heat.images
    np.testing.assert_array_equal(image.get_array().filled(9), [[1, -2, 9], [0, 4, 9]])
    assert (image.norm.vmin, image.norm.vmax) == (-4, 4)  # 0 is in the middle
    assert [text.get_text() for text in heat.texts][:2] == ["1", "-2"]
    assert [patch.get_height() for patch in bars.patches] == [1, -3]
    assert [patch.get_height() for patch in scalars.patches] == [1]
    assert "w  2x3" in heat.get_title()
    assert figure.get_suptitle() == r"a \$title\$"


def test_many_parameters_are_shown_by_their_norm() -> None:
    [axes] = gradients_figure("", {f"w{i}": np.full((3, 3), i / 3) for i in range(20)}).axes
    assert [patch.get_height() for patch in axes.patches] == pytest.approx(range(20))
    with pytest.raises(SpecError, match="no gradient to draw"):
        gradients_figure("", {"x": np.zeros((0, 2))})


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_the_same_picture_has_the_same_bytes(kind: str, tmp_path: Path) -> None:
    digests = set()
    for name in ("a", "b"):
        path = tmp_path / f"{name}.{kind}"
        formula = Formula("x^2", {"x": 1.0})
        save_plot(str(path), lambda formula=formula: problem_figure(formula, {"x": np.ones(())}))
        data = path.read_bytes()
        digests.add(hashlib.sha256(data).digest())
        assert not re.search(rb"CreationDate|<dc:date>", data)
    assert len(digests) == 1
