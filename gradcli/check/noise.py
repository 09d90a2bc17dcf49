"""How finely the values of a problem are known that the engine does not follow: by its values.

Beside a point a smooth function is a polynomial, about, and differences of a high order leave
nothing of it; what is left is its noise (More & Wild, "Estimating computational noise", SIAM J.
Sci. Comput. 33, 2011; Hamming, "Introduction to Applied Numerical Analysis", 1971).
"""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gradcli.check.digits import digits_of, left_open
from gradcli.check.lines import DOUBLE, Precision, Vector
from gradcli.errors import GradcliError
from gradcli.problem import Problem, same

_SINGLE = float(np.finfo(np.float32).eps)
_COUNT = 10
"""Points on a line; its noise is looked for in differences up to the order 7."""
_SPACINGS = (1e-6, 1e-4, 1e-2)
"""Between them, as parts of the numbers: the shortest counts that tells. A coarse step of rounding
shows in long ones only, but these cross the kinks of a maximum, too."""
_ON_GRID = (1e-4, 1e-3, 1e-2)
"""The same where the numbers are singles."""
_ALIKE = 4
"""The factor within which the noise that three orders show is one."""
_BOUND = 5
"""Of how many standard deviations the noise is taken to be at most."""
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
    whole = _ways({name: primal})[name]
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
    found = _noise(problem, {name: way}, noise_of(problem).precision.grid is not None)
    return most if found is None else min(most, found)


def swallowed(problem: Problem, name: str) -> bool:
    """Whether rounding may be why the gradient by the primal ``name`` is 0.

    Then far away the value moves, and it begins to by no more than its rounding: tanh at 20. It
    does not where relu is flat, which ends at once.
    """
    primal = problem.primals[name]
    way = np.maximum(1.0, np.abs(primal))
    for sign in (1.0, -1.0):
        at = _along(problem, {name: sign * way})
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
    seen = _noise(problem, _ways(problem.primals))
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
    on_grid = _noise(problem, _ways(problem.primals), on_grid=True)
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
        for (n, p), w in zip(primals.items(), _ways(primals).values())
    }
    try:
        return np.asarray(problem.array(at, same))
    except GradcliError:
        return np.full((), np.nan)


def _ways(primals: Mapping[str, Vector]) -> dict[str, Vector]:
    """How far each number moves for a unit of way: as far as those of its array lie apart.

    And by its own size if that is less, between one and two times that, in either direction, from a
    fixed seed.
    """
    rng, found = np.random.default_rng(0), {}
    for name, primal in primals.items():
        apart = float(np.std(primal)) if primal.size else 0.0
        size = np.where(primal == 0, apart or 1.0, np.minimum(np.abs(primal), apart or np.inf))
        found[name] = size * rng.uniform(1, 2, primal.shape) * rng.choice([-1, 1], primal.shape)
    return found


def _along(problem: Problem, ways: Mapping[str, Vector]) -> Callable[[float], float]:
    """The value as a function of the way along ``ways``; nan where there is none."""

    def at(t: float) -> float:
        return _value(problem, {name: problem.primals[name] + t * w for name, w in ways.items()})

    return at


def _value(problem: Problem, at: Mapping[str, Vector]) -> float:
    try:
        return float(problem.forward({**problem.primals, **at}, same))
    except GradcliError:
        return math.nan


def _noise(problem: Problem, ways: Mapping[str, Vector], on_grid: bool = False) -> float | None:
    """A bound for the noise along ``ways``, near the point; None where it cannot be told.

    ``on_grid`` all points are singles, and equally far apart.
    """
    for spacing in _ON_GRID if on_grid else _SPACINGS:
        points = {}
        for name, way in ways.items():
            x, step = problem.primals[name], spacing * way
            if on_grid:
                unit = 4.0 * np.spacing(np.abs(x).astype(np.float32)).astype(np.float64)
                size = np.maximum(np.round(np.abs(step) / unit), 1.0) * unit
                step = np.where(way == 0, 0.0, np.copysign(size, step))
                x = np.where(way == 0, x, np.round(x / unit) * unit)
            points[name] = x, step
        moved = range(-(_COUNT // 2), _COUNT - _COUNT // 2)
        found = [_value(problem, {n: x + i * step for n, (x, step) in points.items()})
                 for i in moved]  # fmt: skip
        # Where few of them differ they are too near to each other to tell.
        if np.all(np.isfinite(found)) and len(np.unique(found)) > _COUNT // 2:
            deviation = _deviation(np.array(found))
            if deviation is not None:
                return _BOUND * deviation
    return None


def _deviation(values: Vector) -> float | None:
    """The standard deviation of what is not smooth in ``values``; None where no order tells."""
    deviations, signs = [], []
    differences = values
    for order in range(1, _COUNT - 2):
        differences = np.diff(differences)
        factor = math.factorial(order) ** 2 / math.factorial(2 * order)
        deviations.append(math.sqrt(factor * float(np.mean(differences**2))))
        signs.append(bool(differences.min() < 0 < differences.max()))
    for i in range(len(deviations) - 2):
        some = deviations[i : i + 3]
        if max(some) == 0:  # exact
            return 0.0
        if signs[i] and max(some) <= _ALIKE * min(some):
            return some[0]
    return None
