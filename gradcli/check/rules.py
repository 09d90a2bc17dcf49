"""What the rules of others make of the same gradients: their step, their figure, their word.

Each is declared once, with ``@rule``; what help says of it stands in RULES of the catalogue.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.claims import choose
from gradcli.check.cost import is_large
from gradcli.check.lines import Entries, Point, Vector, index_of
from gradcli.gradient import differentiate, quiet
from gradcli.problem import Problem

Figures = Callable[[Vector, Vector], Vector]
"""The figure of each entry, of gradients and their numeric derivatives; it is bad if large."""


class Theirs(NamedTuple):
    """Somebody's verdict, and the figure behind it: one parameter's, its worst entry's."""

    figure: float
    """nan where there is no gradient of the right shape."""
    verdict: str
    """In their words."""
    worst_index: Sequence[int] = ()
    gradient: float = np.nan
    numeric: float = np.nan


class Comparison(NamedTuple):
    """What a rule of somebody else's gives, by parameter."""

    rule: str
    formula: str
    params: dict[str, Theirs]
    verdict: str
    """The worst of them."""


class Rule(NamedTuple):
    """A rule of somebody else's."""

    figures: Figures
    step: float
    """Of the central difference, the same for every x."""
    formula: str
    words: Sequence[tuple[float, str]]
    """Up to which figure they say what, in order; the last for all above, and for nan."""

    def word(self, figure: float) -> str:
        return next((word for most, word in self.words if figure <= most), self.words[-1][1])


MOST_ENTRIES = 256
"""Of each parameter of a large problem."""
RULES: dict[str, Rule] = {}


def rule(
    name: str, step: float, formula: str, words: Sequence[tuple[float, str]]
) -> Callable[[Figures], Figures]:
    """Declare the decorated function as the figures of a rule."""

    def declare(figures: Figures) -> Figures:
        RULES[name] = Rule(figures, step, formula, words)
        return figures

    return declare


@rule(
    "cs231n",
    1e-5,
    "max |a - n| / max(1e-8, |a| + |n|), n = (f(x + 1e-5) - f(x - 1e-5)) / 2e-5",
    (
        (1e-7, "happy"),
        (1e-4, "okay where there are kinks"),
        (1e-2, "uncomfortable"),
        (np.inf, "probably wrong"),
    ),
)
def cs231n(gradient: Vector, numeric: Vector) -> Vector:
    """``rel_error`` of Stanford CS231n's assignments, with ``eval_numerical_gradient``.

    The words are those of its notes, "Gradient checks".
    """
    size = np.abs(gradient) + np.abs(numeric)
    return np.asarray(np.abs(gradient - numeric) / np.maximum(1e-8, size))


@rule(
    "torch",
    1e-6,
    "max |a - n| / (1e-5 + 1e-3 |n|) <= 1, n = (f(x + 1e-6) - f(x - 1e-6)) / 2e-6",
    ((1.0, "pass"), (np.inf, "fail")),
)
def torch(gradient: Vector, numeric: Vector) -> Vector:
    """``torch.autograd.gradcheck`` with its defaults: ``allclose(a, n, rtol=1e-3, atol=1e-5)``.

    It says yes or no; the figure is by how much of what is allowed an entry is off.
    """
    return np.asarray(np.abs(gradient - numeric) / (1e-5 + 1e-3 * np.abs(numeric)))


def compare(
    problem: Problem,
    name: str,
    against: Mapping[str, npt.NDArray[Any]] | None = None,
    sample: int | None = None,
) -> Comparison:
    """What the rule ``name`` makes of the gradients of ``problem``, or of those of ``against``.

    In float64, as they ask for, at the data as given. Of a large problem it is so many entries of
    each parameter, ``MOST_ENTRIES``, if no ``sample`` is asked for.
    """
    theirs = RULES[name]
    formula = theirs.formula
    if sample is None and is_large(problem):
        sample = MOST_ENTRIES
        formula += f"; {sample} entries of each parameter, for the size of the problem"
    found = {}
    with quiet():
        exact = problem.in_float64()
        result = differentiate(exact)
        point = Point(exact, float(result.value.item()))
        for parameter, flat in choose(exact, sample).items():
            own = result.gradients[parameter]
            given = own if against is None else against.get(parameter)
            found[parameter] = _found(theirs, Entries(point, parameter, flat), given)
    worst = max(found.values(), key=_badness, default=Theirs(0.0, theirs.word(0.0)))
    return Comparison(name, formula, found, worst.verdict)


def _found(theirs: Rule, entries: Entries, given: npt.NDArray[Any] | None) -> Theirs:
    shape = entries.primal.shape
    if given is None or given.shape != shape:
        return Theirs(np.nan, theirs.word(np.nan))
    if not entries.flat.size:
        return Theirs(0.0, theirs.word(0.0))
    h = theirs.step
    up, down = entries.at(np.stack([entries.x + h, entries.x - h], axis=1)).T
    numeric = (up - down) / (2 * h)
    gradient = given.astype(np.float64).reshape(-1)[entries.flat]
    figures = theirs.figures(gradient, numeric)
    worst = int(np.argmax(np.nan_to_num(figures, nan=np.inf)))
    figure = float(figures[worst])
    return Theirs(
        figure,
        theirs.word(figure),
        index_of(entries.flat[worst], shape),
        float(gradient[worst]),
        float(numeric[worst]),
    )


def _badness(found: Theirs) -> float:
    return np.inf if np.isnan(found.figure) else found.figure
