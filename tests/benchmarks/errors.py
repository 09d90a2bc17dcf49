"""Errors to plant in right gradients, as people make them, and the cause that each has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any, NamedTuple

import numpy as np

from gradcli.gradient import differentiate
from gradcli.model.single import SingleLayer
from gradcli.problem import Problem


class Right(NamedTuple):
    """A problem in float64 with its gradients, which are right, and one of them."""

    problem: Problem
    gradients: Mapping[str, Any]
    name: str
    rng: np.random.Generator

    @property
    def gradient(self) -> Any:
        return self.gradients[self.name]

    @property
    def largest(self) -> float:
        return float(np.max(np.abs(self.gradient), initial=0.0))


class Planted(NamedTuple):
    """A wrong gradient, and what a cause of it may say; nothing where there is none to name."""

    gradient: Any
    causes: tuple[str, ...] = ()


def sign(right: Right) -> Planted:
    return Planted(-right.gradient, ("sign flipped",))


def double(right: Right) -> Planted:
    return Planted(2 * right.gradient, ("2.000 times too large",))


def slight(right: Right) -> Planted:
    return Planted(1.001 * right.gradient, ("1.00100 times too large",))


def transpose(right: Right) -> Planted | None:
    """Its axes in another order, where they are as long."""
    g = right.gradient
    orders = [o for o in permutations(range(g.ndim)) if o != (*range(g.ndim),)]
    same = [o for o in orders if g.transpose(o).shape == g.shape]
    if not same:
        return None
    order = same[right.rng.integers(len(same))]
    return Planted(g.transpose(order), ("transposed", "axes are in another order"))


def entry(right: Right) -> Planted:
    """One entry: two of five just above what must be found."""
    off = np.array(right.gradient)
    part = float(right.rng.choice([1.01e-4, -1.01e-4, 1e-3, -2.0, -1.0]))
    off.reshape(-1)[right.rng.integers(off.size)] += part * right.largest
    # Where it is the only one, or the others are 0, a multiple by a known number is a cause.
    return Planted(off, ("times too", "sign flipped") if np.count_nonzero(off) < 2 else ())


def noise(right: Right) -> Planted:
    size = 10 ** right.rng.uniform(-4, -1) * right.largest
    return Planted(right.gradient + size * right.rng.standard_normal(right.gradient.shape))


def rounded(right: Right) -> Planted:
    return Planted(np.round(right.gradient, 3), ("rounded", "decimals"))


def unsummed(right: Right) -> Planted | None:
    """That of one row of the batch alone, or the rows side by side."""
    problem = right.problem
    if not isinstance(problem, SingleLayer) or len(problem.x) < 2 or right.name == "x":
        return None
    rows = []
    for row in range(len(problem.x)):
        arrays = dict(problem.arrays)
        for name in problem.spec.targets:
            only = np.zeros_like(arrays[name])
            only[row] = arrays[name][row]
            arrays[name] = only
        of_row = SingleLayer(problem.built._replace(arrays=arrays, exact=arrays))
        rows.append(differentiate(of_row).gradients[right.name])
    causes = ("not summed over the batch",)
    return Planted(np.stack(rows) if right.rng.random() < 0.3 else rows[0], causes)


def stale(right: Right) -> Planted:
    """That before a step."""
    lr = 10 ** right.rng.uniform(-3, 0)
    primals = right.problem.primals
    before = {n: p + lr * right.gradients[n] for n, p in primals.items()}
    return Planted(differentiate(right.problem, before).gradients[right.name])


def known(right: Right) -> Planted | None:
    """A mistake in a backward pass, as the problem itself knows them."""
    found = [
        (told, gradients[right.name])
        for told, gradients in right.problem.mistakes()
        if right.name in gradients and np.any(gradients[right.name] != right.gradient)
    ]
    if not found:
        return None
    told, gradient = found[right.rng.integers(len(found))]
    return Planted(gradient, (told,))


def shifted(right: Right) -> Planted | None:
    """Each entry in its neighbour's place, as where an index is off by one."""
    g = right.gradient
    axes = [axis for axis in range(g.ndim) if g.shape[axis] > 1]
    if not axes:
        return None
    return Planted(np.roll(g, 1, axes[right.rng.integers(len(axes))]), ("another order", "transp"))


ERRORS: dict[str, Callable[[Right], Planted | None]] = {
    "sign": sign,
    "factor 2": double,
    "factor 1.001": slight,
    "transpose": transpose,
    "one entry": entry,
    "noise": noise,
    "3 decimals": rounded,
    "no sum over batch": unsummed,
    "stale": stale,
    "known mistake": known,
    "shifted": shifted,
}
"""None where an error cannot be made of that gradient."""


def true(cause: str, right: Right, planted: Planted) -> bool:
    """Whether ``cause`` is what was planted, or as good a reason for the same numbers."""
    if any(told in cause for told in planted.causes):
        return True
    given, g = planted.gradient, right.gradient
    if given.shape != g.shape:
        return "shape" in cause
    near = {"rtol": 1e-3, "atol": 1e-4 * right.largest}
    if "times too" in cause or "sign flipped" in cause:
        ratio = np.vdot(g, given) / np.vdot(g, g)
        return bool(np.allclose(given, ratio * g, **near))
    if "swapped" in cause:
        return any(
            o.shape == g.shape and np.allclose(given, o, **near) for o in right.gradients.values()
        )
    if "transposed" in cause or "another order" in cause:
        turned = [g.transpose(order) for order in permutations(range(g.ndim))]
        if any(t.shape == g.shape and np.allclose(given, t, **near) for t in turned):
            return True
    return any(
        told == cause and np.allclose(given, gradients[right.name], **near)
        for told, gradients in right.problem.mistakes()
        if right.name in gradients
    )
