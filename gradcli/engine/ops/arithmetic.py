"""Arithmetic, elementwise and broadcasting."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from gradcli.engine.domain import above_zero, case, distinct, distinct_too, nonzero, real
from gradcli.engine.op import elementwise, op
from gradcli.engine.ops.choice import keep, where
from gradcli.engine.ops.comparison import zeros_like
from gradcli.engine.tensor import Array, Outcome

# Python's operators are the ufuncs' own for arrays, and for NumPy's numbers several times faster.


@op(lambda g, y, a, b: g, lambda g, y, a, b: g, rule=("g", "g"), operator="add", numpy=np.add)
def add(a: Array, b: Array) -> Outcome:
    """a + b."""
    return operator.add(a, b)


@op(
    lambda g, y, a, b: g, lambda g, y, a, b: -g, rule=("g", "-g"), operator="sub", numpy=np.subtract
)
def subtract(a: Array, b: Array) -> Outcome:
    """a - b."""
    return operator.sub(a, b)


@op(
    lambda g, y, a, b: g * b,
    lambda g, y, a, b: g * a,
    rule=("g * b", "g * a"),
    operator="mul",
    numpy=np.multiply,
)
def multiply(a: Array, b: Array) -> Outcome:
    """a * b, entry by entry."""
    return operator.mul(a, b)


divide = elementwise(
    np.divide,
    lambda g, y, a, b: g / b,
    lambda g, y, a, b: -g * y / b,
    rule=("g / b", "-g * y / b"),
    domain=(real, nonzero),
    operator="truediv",
)
negative = elementwise(np.negative, lambda g, y, x: -g, rule="-g", operator="neg")
positive = elementwise(np.positive, lambda g, y, x: g, rule="g")
reciprocal = elementwise(np.reciprocal, lambda g, y, x: -g * y * y, rule="-g * y^2", domain=nonzero)


def _power_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    # Where b is 0 the derivative is 0, even at a = 0: 0 ** -1 must not come in.
    if isinstance(b, (int, float)):
        return g * b * power(a, b - 1) if b else zeros_like(g * a)
    if b.dtype.kind == "u":  # b - 1 would wrap
        b = b.astype(np.int64)
    return g * b * power(a, where((a == 0) & (b == 0), b, b - 1))


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    from gradcli.engine.ops.exponential import log

    # y log a; 0 where a is not positive, as in TensorFlow, and nan where y is not finite.
    return where(a > 0, g * y * log(where(a > 0, a, 1)), y - y)


@op(
    _power_base,
    _power_exponent,
    numpy=np.power,
    rule=("g * b * a^(b-1)", "g * y * log(a)"),
    domain=(above_zero, real),
    operator="pow",
)
def power(a: Array, b: Array) -> Outcome:
    """a to the power b; whole numbers to a negative power are floats."""
    if isinstance(b, int) and b < 0:
        b = float(b)
    return np.power(a, b)


@op(lambda g, y, x: g * 2 * x, rule="g * 2 * x", numpy=np.square)
def square(x: Array) -> Outcome:
    """x * x."""
    return x * x


sqrt = elementwise(np.sqrt, lambda g, y, x: g / (2 * y), rule="g / (2 * y)", domain=above_zero)
cbrt = elementwise(
    np.cbrt, lambda g, y, x: g / (3 * y * y), rule="g / (3 * y^2)", domain=nonzero, analytic=False
)
sign = elementwise(np.sign, lambda g, y, x: zeros_like(g), rule="0", domain=nonzero, analytic=False)


@op(
    lambda g, y, x: where(x > 0, g, where(x < 0, -g, 0)),
    rule="g * sign(x)",
    domain=nonzero,
    numpy=(np.absolute, np.fabs),
    operator="abs",
    analytic=False,
)
def abs(x: Array) -> Outcome:
    """|x|, with the slope 0 at 0."""
    return np.abs(x)


@op(
    lambda g, y, a, b: g * _twice(a - b),
    lambda g, y, a, b: g * _twice(b - a),
    rule=("g * 2 * (a - b)", "g * 2 * (b - a)"),
)
def squared_difference(a: Array, b: Array) -> Outcome:
    """(a - b)^2."""
    difference = a - b
    return difference * difference


def _twice(difference: Any) -> Any:
    return difference + difference


# Where the two are equal, the first takes the whole gradient, as in TensorFlow.
maximum = elementwise(
    np.maximum,
    lambda g, y, a, b: keep(a >= b, g),
    lambda g, y, a, b: where(a >= b, 0, g),
    rule=("g where a >= b", "g where a < b"),
    domain=(distinct, distinct_too),
    analytic=False,
)
minimum = elementwise(
    np.minimum,
    lambda g, y, a, b: keep(a <= b, g),
    lambda g, y, a, b: where(a <= b, 0, g),
    rule=("g where a <= b", "g where a > b"),
    domain=(distinct, distinct_too),
    analytic=False,
)


def _bounded(x: Any, low: Any, high: Any) -> Any:
    if low is None or high is None:
        return x <= high if low is None else x >= low
    return (x >= low) & (x <= high)


@op(
    lambda g, y, x, low, high: keep(_bounded(x, low, high), g),
    lambda g, y, x, low, high: keep((x < low) if high is None else (x < low) & (low <= high), g),
    lambda g, y, x, low, high: keep((x > high) if low is None else (x > high) | (low > high), g),
    rule=("g where low <= x <= high", "g where x < low <= high", "g where x or low > high"),
    numpy=np.clip,
    aliases={
        "a_min": "low",
        "min": "low",
        "clip_value_min": "low",
        "a_max": "high",
        "max": "high",
        "clip_value_max": "high",
    },
    domain=(distinct, real),
    analytic=False,
    cases=(
        case((3,), np.array(-0.9), np.array(-0.2)),
        case((2, 3), np.array(-0.1), None),
        case((2, 3), None, np.array(0.9)),
    ),
)
def clip(x: Array, low: Array | None = None, high: Array | None = None) -> Outcome:
    """``x`` cut off at ``low`` and at ``high``, numbers or arrays; None for no bound."""
    if low is not None:
        x = np.maximum(x, low)
    return np.asarray(x if high is None else np.minimum(x, high))[()]


# Other spellings.
absolute = abs
clip_by_value = clip
mul = multiply
pow = power
sub = subtract
