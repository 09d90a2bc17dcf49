"""Grids, surfaces and profiles: what pictures and maps are drawn from."""

from __future__ import annotations

import numpy as np
import pytest

from gradcli.descent import grid
from gradcli.descent.grid import of_single_entries, slopes_at, values_at
from gradcli.descent.profile import profile
from gradcli.descent.surface import NOWHERE, spans, surface
from gradcli.engine import REGISTRY
from gradcli.errors import SpecError
from gradcli.formula import Formula
from gradcli.formula.landscapes import LandscapeProblem

X = np.array([[0.5, 2.0, -1.5], [3.0, 0.25, 7.0]])
Y = np.array([[1.0, -2.0, 4.0], [0.5, 1.5, -3.0]])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x^2*y", X**2 * Y),
        ("sum([x, y]) + mean(x)", 2 * X + Y),  # not of single entries: one after another
        ("x if x > 1 else y^2", np.where(X > 1, X, Y**2)),
        ("z = x*y; log(z)", np.where(X * Y > 0, np.log(np.abs(X * Y)), np.nan)),
        ("sort([x, y])[0]", np.minimum(X, Y)),
        ("x/x + 0*y", np.ones_like(X)),
    ],
)
def test_values_on_a_grid(text: str, expected: np.ndarray) -> None:
    formula = Formula(text, {"x": 1.0, "y": 2.0})
    np.testing.assert_allclose(values_at(formula, {"x": X, "y": Y}), expected, rtol=1e-14)


def test_values_of_single_entries_are_computed_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "_one_by_one", None)
    formula = Formula("erf(x)*y + relu(x) + 2^y", {"x": 1.0, "y": 2.0})
    assert values_at(formula, {"x": X, "y": Y}).shape == X.shape
    with pytest.raises(TypeError):
        values_at(Formula("sum([x, y])", {"x": 1.0, "y": 2.0}), {"x": X, "y": Y})


@pytest.mark.parametrize("name", [name for name, op in REGISTRY.items() if of_single_entries(op)])
def test_every_op_of_single_entries_is_one(name: str) -> None:
    op = REGISTRY[name]
    rng = np.random.default_rng(0)
    integers = name.startswith("bitwise") or name in ("invert",)
    arrays = [
        rng.integers(0, 5, 6) if integers else domain.sample(rng, (6,))
        for domain in (*op.domains, *[op.domains[-1]] * op.arrays)[: op.arrays]
    ]
    if name == "where":
        arrays[0] = arrays[0] > 0
    together = op(*arrays)
    single = [op(*[array[i] for array in arrays]) for i in range(6)]
    np.testing.assert_allclose(together, single, rtol=1e-13)


@pytest.mark.parametrize("text", ["log(x)*y", "sum([log(x)])*y"])
def test_slopes_where_there_is_a_value(text: str) -> None:
    value, slopes = slopes_at(Formula(text, {"x": 1.0, "y": 2.0}), {"x": X, "y": Y})
    there = X > 0
    np.testing.assert_allclose(value[there], (np.log(np.abs(X)) * Y)[there], rtol=1e-14)
    np.testing.assert_allclose(slopes["x"][there], (Y / X)[there], rtol=1e-14)
    np.testing.assert_allclose(slopes["y"][there], np.log(np.abs(X))[there], rtol=1e-14)
    assert all(np.isnan(slope[~there]).all() for slope in slopes.values())


def test_surface_of_himmelblau() -> None:
    found = surface(
        LandscapeProblem("himmelblau", (-4, 0), "float64"), [(-4.0, 0.0), (-3.0, -3.0)], 41, 31
    )
    x, y = np.meshgrid(found.x, found.y)
    np.testing.assert_allclose(found.z, (x**2 + y - 11) ** 2 + (x + y**2 - 7) ** 2, rtol=1e-12)
    assert found.minima.shape == (4, 2)
    np.testing.assert_allclose(found.depths, 0, atol=1e-9)
    np.testing.assert_allclose(found.heights, [25 + 121, 25 + 1])
    assert found.x[0] < -4 < 3.58 < found.x[-1]
    row, column = found.cell((-4.0, 0.0))
    assert abs(found.x[column] + 4) < 0.13
    assert abs(found.y[row]) < 0.15
    assert found.cell((100.0, 0.0)) is None
    counts = np.bincount(found.bands().reshape(-1))
    assert counts.min() >= 41 * 31 // 12 - 1
    assert np.unravel_index(found.bands().argmax(), found.z.shape) is not None


def test_where_a_surface_has_no_value() -> None:
    found = surface(Formula("log(x)*y", {"x": 1.0, "y": 2.0}), [(1.0, 2.0)], 9, 5, [-2], [2])
    np.testing.assert_array_equal(found.bands()[:, :5], NOWHERE)
    assert (found.bands()[:, 5:] >= 0).all()
    assert (found.x[0], found.x[-1], found.y[0], found.y[-1]) == (-2, 2, -2, 2)
    nowhere = surface(Formula("log(0*x-1)*y", {"x": 1.0, "y": 2.0}), [(1.0, 2.0)], 9, 5)
    assert (nowhere.bands() == NOWHERE).all()


def test_spans() -> None:
    points = [(0.0, 1.0), (10.0, 1.0), (np.nan, 5.0)]
    (x0, x1), (y0, y1) = spans(points)
    assert (x0, x1) == pytest.approx((-1.5, 11.5))
    assert (y0, y1) == pytest.approx((0.85, 1.15))
    assert spans(points, [2], [3]) == [(2, 3), (2, 3)]
    assert spans(points, [2, -1], [3, 0]) == [(2, 3), (-1, 0)]
    (x0, x1), _ = spans(points, [50, 0])
    assert x0 == 50 < x1
    for low, high in (([3], [2]), ([1, 2, 3], []), ([], [np.inf]), ([1], [1])):
        with pytest.raises(SpecError):
            spans(points, low, high)


def drawn(text: str, low: float = -1, high: float = 2) -> tuple[np.ndarray, np.ndarray]:
    found = profile(Formula(text, {"x": 1.0}), [(1.0,)], 101, [low], [high])
    return np.array(found.value), np.array(found.derivative)


@pytest.mark.parametrize(
    ("text", "torn"),
    [("1/x", 0), ("log(x)", 0), ("sqrt(x)", 0), ("floor(x + 0.49)", 0.51), ("tan(x)", np.pi / 2)],
)
def test_no_line_is_drawn_across_what_is_not_there(text: str, torn: float) -> None:
    found = profile(Formula(text, {"x": 1.0}), [(1.0,)], 101, [-1], [2])
    for line in (found.value, found.derivative):
        across = np.flatnonzero((line.x[:-1] < torn) & (line.x[1:] > torn))
        if np.isfinite(line.y[across]).all() and np.isfinite(line.y[across + 1]).all():
            # As many-sided as 1/x^2, or a slope of 0 on both sides: nothing of it is seen.
            assert line is found.derivative
            low, high = found.reach or (-1, 1)
            assert line.y[across] == line.y[across + 1]
            assert line.y[across] == 0 or not low < line.y[across] < high


def test_lines_reach_the_edge_of_the_domain() -> None:
    value, _ = drawn("sqrt(x - 1/3)")
    x = value[0][np.isfinite(value[1])]
    assert x[0] == pytest.approx(1 / 3, abs=1e-12)
    value, _ = drawn("floor(x*3)")
    at = np.flatnonzero(np.isnan(value[1]))
    np.testing.assert_allclose(value[0][at], np.arange(-2, 7) / 3, atol=1e-9)


@pytest.mark.parametrize("text", ["tanh(1000*x)", "x^3", "exp(20*x)", "sin(300*x)", "abs(x)"])
def test_what_is_continuous_is_drawn_in_one(text: str) -> None:
    value, derivative = drawn(text)
    assert np.isfinite(value).all()
    assert np.isnan(derivative).any() == (text == "abs(x)")


@pytest.mark.parametrize(
    ("text", "bounded"),
    [("1/x", True), ("1/x^2", True), ("tan(x)", True), ("x^3", False), ("exp(20*x)", False)],
)
def test_poles_do_not_flatten_the_rest(text: str, bounded: bool) -> None:
    found = profile(Formula(text, {"x": 1.0}), [(1.0,)], 101, [-1], [2])
    assert (found.reach is not None) == bounded
    if found.reach is not None:
        low, high = found.reach
        assert low < found.path.y[0] < high
        assert high - low < 1000
        assert np.nanmax(np.abs(np.array([found.value.y, found.derivative.y], object)[0])) < 1e5
