"""What a computation in few digits leaves of a gradient.

Every operation, forward and back, and every parameter is rounded at random, up or down, a few times
(Vignes, "A stochastic arithmetic for reliable scientific computation", Mathematics and Computers in
Simulation 35, 1993; Parker, "Monte Carlo arithmetic", UCLA report CSD-970002, 1997). By what the
gradient moves then, cancellation and relus that switch included, a right one may be off that was
computed in such digits. Sums are those of float64: a product of matrices is rounded once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.check.given import FloatFormat
from gradcli.engine.recording import Record
from gradcli.engine.tensor import Recorder, Tensor, active
from gradcli.errors import GradcliError
from gradcli.gradient import recorded
from gradcli.problem import Arrays, Problem, Result

Array = npt.NDArray[Any]

_RUNS = 8
_SMALL = 2.0**-20
"""Roundings that much shorter move the gradient in proportion: no relu switches."""


class Blur(NamedTuple):
    """How far entries of a gradient move where all is rounded."""

    smooth: float
    """At most, in proportion to the roundings,"""
    jumps: float
    """and with what switches on the way."""
    many: int
    """How many move by more than the bounds of the smooth part, at most."""


class Bounds(NamedTuple):
    """An entry in few digits may be off by ``tolerance`` of it, and ``floor``."""

    tolerance: float
    floor: float


def bounds(digits: FloatFormat, largest: float, moved: float) -> Bounds:
    """For a gradient with this ``largest`` entry, which was seen to be ``moved`` by rounding.

    The tolerance is 8 eps, 6 % of bfloat16 and 0.8 % of float16: that of sixteen roundings by
    eps / 2 on the way to an entry (Higham, "Accuracy and Stability of Numerical Algorithms", 2nd
    edition, 2002, lemma 3.1). Of more digits a thousand eps cost nothing; here each counts, and
    what else the computation asks for is measured.
    """
    return Bounds(8 * digits.eps, max(4 * digits.eps * largest, MARGIN * moved))


MARGIN = 1.25
"""Of the gradients by 6,720 parameters that torch computed in halves none was off by more."""


def blur(problem: Problem, result: Result, digits: FloatFormat) -> dict[str, Blur]:
    """What is left open of the gradient by each primal of the float64 ``problem``.

    Each rounding is by eps, twice as far as the worst that there is. Where the engine does not
    follow the problem only its primals are rounded.
    """
    rng = np.random.default_rng(0)
    small = digits._replace(eps=digits.eps * _SMALL, smallest=digits.smallest * _SMALL)
    smooth = dict.fromkeys(problem.primals, 0.0)
    for moved in _runs(problem, result, small, rng):
        for name, ways in moved.items():
            smooth[name] = float(np.max(ways, initial=smooth[name] * _SMALL)) / _SMALL
    found = {name: Blur(part, part, 0) for name, part in smooth.items()}
    for moved in _runs(problem, result, digits, rng):
        for name, ways in moved.items():
            sizes = np.abs(result.gradients[name])
            narrow = bounds(digits, float(np.max(sizes, initial=0.0)), smooth[name])
            beyond = int(np.count_nonzero(ways > narrow.tolerance * sizes + narrow.floor))
            jumps = float(np.max(ways, initial=found[name].jumps))
            found[name] = Blur(smooth[name], jumps, max(beyond, found[name].many))
    return found


def _runs(
    problem: Problem, result: Result, digits: FloatFormat, rng: np.random.Generator
) -> Iterator[Arrays]:
    """In each run how far the gradient by each primal has moved; 0 where it is not known."""
    for _ in range(_RUNS):
        gradients = _rounded(problem, _Rounding(digits, rng))
        own = result.gradients
        pairs = {n: (g, own[n]) for n, g in gradients.items() if g.shape == own[n].shape}
        yield {n: np.nan_to_num(np.abs(a - b), posinf=0.0) for n, (a, b) in pairs.items()}


_PICKED = frozenset(("max", "min", "max_pool"))
"""Operations that hand on entries as they are, and look for these on the way back."""


class _Rounding(Recorder):
    """Rounds the outcome of every operation that computes, up or down."""

    frozen: str | None = None

    def __init__(self, digits: FloatFormat, rng: np.random.Generator) -> None:
        self._digits, self._rng = digits, rng

    def record(self, record: Record) -> None:
        if record.out.dtype.kind == "f" and record.op.name not in _PICKED:
            record.out.value = self.rounded(record.out.value)

    def follows(self, tensor: Tensor) -> bool:
        return False

    def rounded(self, value: Any) -> Any:
        """What is 0 stays so."""
        signs = self._rng.integers(0, 2, np.shape(value)) * 2.0 - 1
        moved = value * (1 + self._digits.eps * signs)
        return moved + self._digits.smallest * signs * (value != 0)


def _rounded(problem: Problem, rounding: _Rounding) -> Arrays:
    """The gradients of ``problem`` in one such run."""
    at = {name: rounding.rounded(primal) for name, primal in problem.primals.items()}
    outer = active.recorders
    active.recorders = (*outer, rounding)
    try:
        tensors, tape, value = recorded(problem, at)
        if not isinstance(value, Tensor):  # it depends on none of them
            return {name: np.zeros_like(primal) for name, primal in at.items()}
        # While it hears of operations the sweep back is made of such, too.
        found = tape.gradient(value, tensors, unconnected_gradients="zero")
        return {name: np.asarray(gradient.value) for name, gradient in found.items()}
    except GradcliError:  # no code of the engine's
        return problem.stepper()(at)[1]
    finally:
        active.recorders = outer
