"""How finely the values of a problem are known that the engine does not follow: by its values."""

from __future__ import annotations

import math
import weakref
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.difference_table import noise_along, values_along, ways_of
from gradcli.check.digits import digits_of, left_open
from gradcli.check.lines import DOUBLE, Precision, Vector
from gradcli.errors import GradcliError
from gradcli.problem import Problem, same

_SINGLE = float(np.finfo(np.float32).eps)
_PART = 16
"""The noise of a line is at least the whole's divided by this."""
_COARSE = 1e-11
"""Noise of more than this part of the values is no rounding of doubles."""
_UNMOVED = 1e-11
"""By what part numbers move without a trace where they are rounded to singles."""
_OUTWARD = 1e-3 * 1.5 ** np.arange(52)
"""Steps at which a value that rests is looked for where it moves."""
_AT_ONCE = 1000
"""What begins to move at once has moved by so many times as much a thousandth of the way on."""


class Noise(NamedTuple):
    """By how much rounding moves the value, at most, and how finely it is known."""

    near: float
    precision: Precision
    least: float = 0.0
    """What moves it at least, whatever moves."""


_known: weakref.WeakKeyDictionary[Problem, Noise] = weakref.WeakKeyDictionary()


def noise_of(problem: Problem) -> Noise:
    """The noise of the value where all primals move, measured once; about thirty evaluations."""
    if problem not in _known:
        _known[problem] = _measured(problem)
    return _known[problem]


def entry_noise(problem: Problem, name: str, flat: Vector) -> float:
    """The noise where the entries ``flat`` of the primal ``name`` move; at most that of all."""
    known, primal = noise_of(problem), problem.primals[name]
    whole = ways_of({name: primal})[name]
    near = max(_noise_by(problem, name, whole, known.near), known.least)
    if len(flat) == primal.size:
        return near
    way = np.zeros(primal.size)
    way[flat] = whole.reshape(-1)[flat]
    # Along one line all may be exact by accident.
    found = _noise_by(problem, name, way.reshape(primal.shape), near)
    return max(found, near / _PART, known.least)


def _noise_by(problem: Problem, name: str, way: Vector, most: float) -> float:
    """The noise along ``way`` of the primal ``name``: ``most``, unless it is seen to be less."""
    found = noise_along(problem, {name: way}, noise_of(problem).precision.grid is not None)
    return most if found is None else min(most, found)


def swallowed(problem: Problem, name: str) -> bool:
    """Whether rounding may be why the gradient by the primal ``name`` is 0.

    Then far away the value moves, and it begins to by no more than its rounding: tanh at 20. It
    does not where relu is flat, which ends at once.
    """
    primal = problem.primals[name]
    way = np.maximum(1.0, np.abs(primal))
    for sign in (1.0, -1.0):
        at = values_along(problem, {name: sign * way})
        here = at(0.0)

        def moves(t: float, at: Any = at, here: float = here) -> bool:
            return bool(at(t) != here)

        steps = [0.0, *_OUTWARD]
        far = next((i for i, t in enumerate(steps) if moves(t)), None)
        if far is None:
            continue
        low, high = steps[far - 1], steps[far]
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (low, middle) if moves(middle) else (middle, high)
        first, beyond = abs(at(high) - here), abs(at(high + 1e-3 * (1 + high)) - here)
        if not beyond > _AT_ONCE * first:
            return True
    return False


def _measured(problem: Problem) -> Noise:
    outputs = np.asarray(problem.array(problem.primals, same))
    value = float(problem.forward(problem.primals, same))
    if not math.isfinite(max(abs(value), float(np.linalg.norm(outputs)))):
        return Noise(0.0, DOUBLE)  # nothing will be compared
    moved = _moved(problem, 1e-3, np.random.default_rng(2))
    alike = moved.shape == outputs.shape
    # Where terms cancel the value itself is no measure of what is rounded.
    ways = moved - outputs if alike else np.zeros(0)
    sizes = [abs(value), *[float(np.linalg.norm(some)) for some in (outputs, ways)]]
    size = max([size for size in sizes if math.isfinite(size)], default=0.0)
    # What stays as it is may be 1 or 0.5 exactly.
    digits = digits_of(moved[moved != outputs]) if alike else None
    few = None if digits is None else digits.few
    seen = noise_along(problem, ways_of(problem.primals))
    if digits is not None and few is not None:
        words = f"its values have {few}: print them with %.17g"
        precision = DOUBLE._replace(coarse=True, words=words)
        least = left_open(moved, digits)
        return Noise(max(seen or 0.0, least * math.sqrt(moved.size)), precision, least)
    single = outputs.dtype.itemsize < 8 or _casts(problem, outputs)
    if not single and (seen is None or seen <= _COARSE * size):
        return Noise(max(seen or 0.0, DOUBLE.eps * size), DOUBLE)
    words = "its values are rounded like float32"
    if not single:
        words = f"its values are noisy, by about {seen:.0e}, and taken as float32"
    precision = Precision(_SINGLE, 2e-3, True, np.dtype(np.float32), words)
    on_grid = noise_along(problem, ways_of(problem.primals), on_grid=True)
    # What is exact among singles by accident is still rounded between them.
    known = max(on_grid or 0.0, (seen or 0.0) / _PART) or _SINGLE * size
    return Noise(max(known, DOUBLE.eps * size), precision)


def _casts(problem: Problem, outputs: Vector) -> bool:
    """Whether the numbers may be handled as singles: a very small change does not show at all."""
    rng = np.random.default_rng(1)
    for _ in range(2):
        moved = _moved(problem, _UNMOVED, rng)
        if not np.array_equal(moved, outputs, equal_nan=True):
            return False
    # Nor does any change where nothing depends on them.
    return not np.array_equal(_moved(problem, 1e-3, rng), outputs, equal_nan=True)


def _moved(problem: Problem, part: float, rng: np.random.Generator) -> Vector:
    """The outputs with every number of the primals moved by about that ``part`` of it."""
    primals = problem.primals
    at = {
        n: p + part * w * rng.choice([-1.0, 1.0], p.shape)
        for (n, p), w in zip(primals.items(), ways_of(primals).values())
    }
    try:
        return np.asarray(problem.array(at, same))
    except GradcliError:
        return np.full((), np.nan)
