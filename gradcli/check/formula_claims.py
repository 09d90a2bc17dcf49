"""Derivatives that are claimed as formulas: judged at the point, and at random points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.check import check
from gradcli.check.given import Gradients
from gradcli.check.judge import FAIL, PASS
from gradcli.check.lines import EPS, index_of
from gradcli.check.plan import Options
from gradcli.check.rounding import value_rounding
from gradcli.errors import FormulaError, GradcliError, SpecError
from gradcli.formula import Formula
from gradcli.gradient import differentiate, quiet
from gradcli.problem import Arrays, Problem

POINTS = 32
"""Random points at which a claim is tried,"""
_DRAWN = 20 * POINTS
"""out of so many that are drawn: a domain may be small."""
_DOUBTED = 8
"""Points where a claim seems off that are looked at closely, at most."""


class ClaimVerdict(NamedTuple):
    """What was found of a claim at other points than the problem's own."""

    claim: str
    points: int
    """Where the value, its derivative and the claim are finite, real numbers."""
    verdict: str
    at: Arrays | None = None
    """Where it does not hold: the values of all names."""
    worst_index: Sequence[int] = ()
    """Of the entry that is off the most there; the figures that follow are its."""
    claimed: float = np.nan
    derivative: float = np.nan


def claimed(problem: Problem, claims: Mapping[str, str]) -> tuple[Formula, Gradients]:
    """The formula, to be differentiated by what claims are made of, and what they give there.

    Raises SpecError for a problem that is no formula, or for a name that it does not have, and
    FormulaError for a claim that cannot be read.
    """
    if not isinstance(problem, Formula):
        raise SpecError("claim", "goes with a formula")
    try:
        formula = problem.by(list(claims))
    except SpecError as error:
        raise SpecError("claim", error.problem) from None
    with quiet():
        found = {}
        for name, text in claims.items():
            try:
                found[name] = _given(formula, name, text)
            except FormulaError as error:
                told = f"the claim of {name}: {error.problem}"
                raise FormulaError(told, error.line, error.column) from None
        return formula, Gradients(found, {})


def elsewhere(
    formula: Problem, claims: Mapping[str, str], options: Options
) -> dict[str, ClaimVerdict]:
    """How ``claims``, that were ``claimed``, do at random points of the domain, always the same.

    What differs there from the gradient is called wrong where a check of that point fails it.
    """
    assert isinstance(formula, Formula)
    found = {name: ClaimVerdict(text, 0, PASS) for name, text in claims.items()}
    doubted = 0
    with quiet():
        for there in _points(formula):
            gradients = _gradients(there)
            for name, before in found.items():
                given = _finite(there, name, before.claim)
                if name not in gradients or given is None or before.verdict == FAIL:
                    continue
                found[name] = before._replace(points=before.points + 1)
                if doubted == _DOUBTED or _agrees(there, before.claim, given, gradients[name]):
                    continue
                doubted += 1
                if _fails(there, name, given, options):
                    found[name] = _off(found[name], there, given, gradients[name])
            if all(v.verdict == FAIL or v.points >= POINTS for v in found.values()):
                break
    return found


def rounding_of(formula: Formula, claims: Mapping[str, str]) -> float:
    """How far the largest of the claims may be off by its own rounding, where terms cancel."""
    found = [0.0]
    with quiet():
        for name, text in claims.items():
            given = _finite(formula, name, text)
            if given is not None and given.size:
                rounding = _rounding(formula, text)
                found.append(rounding if rounding > 1e-9 * np.max(np.abs(given)) else 0.0)
    return max(found)


def _given(formula: Formula, name: str, text: str) -> npt.NDArray[Any]:
    """What a claim gives at the formula's values, in the shape of what it is a derivative by."""
    value = np.asarray(formula.beside(text).value)
    if value.dtype.kind not in "fiu":
        raise SpecError("claim", f"{name}: {text} is no real number")
    shape = formula.primals[name].shape
    try:
        return np.broadcast_to(value, shape).astype(np.float64)
    except ValueError:  # the check says which shape is needed
        return value.astype(np.float64)


def _finite(formula: Formula, name: str, text: str) -> npt.NDArray[Any] | None:
    try:
        given = _given(formula, name, text)
    except GradcliError:
        return None
    fits = given.shape == formula.primals[name].shape
    return given if fits and np.all(np.isfinite(given)) else None


def _gradients(there: Formula) -> Arrays:
    """Those that are finite, where the value is."""
    try:
        if there.lacks_gradient():
            return {}
        result = differentiate(there)
    except GradcliError:
        return {}
    if not np.isfinite(result.value):
        return {}
    return {n: g for n, g in result.gradients.items() if np.all(np.isfinite(g))}


def _points(formula: Formula) -> Iterator[Formula]:
    """The formula at random values: near its own, and of either sign and any size."""
    rng = np.random.default_rng(0)
    here = formula.numbers
    others = {n: v for n, v in formula.values_given.items() if n not in here}
    for _ in range(_DRAWN):
        moved = {name: _drawn(rng, x) for name, x in here.items()}
        try:
            yield formula.at({**others, **moved})
        except GradcliError:  # there is no value
            continue


def _drawn(rng: np.random.Generator, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Other values in place of ``x``, in one of several ways: domains differ."""
    noise = rng.standard_normal(x.shape)
    signs = rng.choice([-1.0, 1.0], x.shape)
    ways = (
        x + 0.1 * np.maximum(1.0, np.abs(x)) * noise,
        signs * x * rng.uniform(0.5, 1.5, x.shape),
        2 * noise,
        rng.uniform(0, 1, x.shape),
        signs * 10 ** rng.uniform(-2, 2, x.shape),
    )
    return np.asarray(ways[rng.integers(len(ways))])


def _agrees(there: Formula, text: str, given: Any, gradient: Any) -> bool:
    """Whether a claim is the gradient, but for the rounding of either."""
    off = np.abs(given - gradient)
    size = np.maximum(np.abs(given), np.abs(gradient))
    return bool(np.all(off <= 1e-9 * size)) or bool(
        np.all(off <= 1e-6 * size + 8 * _rounding(there, text))
    )


def _rounding(formula: Formula, text: str) -> float:
    """A bound for the rounding of a claim's entries, all together."""
    try:
        beside = formula.beside(f"sum({text})")
        if beside.lacks_gradient():
            return 0.0
        return value_rounding(beside, differentiate(beside))
    except GradcliError:
        return 0.0


def _fails(there: Formula, name: str, given: Any, options: Options) -> bool:
    close = options._replace(sample=None)
    return check(there.by([name]), close, {name: given}).params[name].verdict == FAIL


def _off(before: ClaimVerdict, there: Formula, given: Any, gradient: Any) -> ClaimVerdict:
    size = np.maximum(np.abs(given), np.abs(gradient)) + EPS
    index = index_of(int(np.argmax(np.abs(given - gradient) / size)), given.shape)
    worst = tuple(index)
    return before._replace(
        verdict=FAIL,
        at=there.numbers,
        worst_index=index,
        claimed=float(given[worst]),
        derivative=float(gradient[worst]),
    )
