"""Arithmetic, elementwise and broadcasting."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.engine.domain import case, distinct, distinct_too, nonzero, positive, real
from gradcli.engine.op import op
from gradcli.engine.ops.comparison import zeros_like
from gradcli.engine.tensor import plain


def _operator(python: Callable[[Any, Any], Any], ufunc: Any) -> Callable[[Any, Any], Any]:
    """The operator: the ufunc's own for arrays, and for NumPy's scalars several times faster."""

    def forward(a: Any, b: Any) -> Any:
        if isinstance(a, list) or isinstance(b, list):
            return ufunc(a, b)
        return python(a, b)

    return forward


add = op(
    "add(a, b)", _operator(operator.add, np.add), lambda g, y, a, b: g, lambda g, y, a, b: g,
    rule=("g", "g"), operator="add", numpy=np.add,
)  # fmt: skip
subtract = op(
    "subtract(a, b)", _operator(operator.sub, np.subtract),
    lambda g, y, a, b: g, lambda g, y, a, b: -g,
    rule=("g", "-g"), operator="sub", numpy=np.subtract,
)  # fmt: skip
multiply = op(
    "multiply(a, b)", _operator(operator.mul, np.multiply),
    lambda g, y, a, b: g * b, lambda g, y, a, b: g * a,
    rule=("g * b", "g * a"), operator="mul", numpy=np.multiply,
)  # fmt: skip
divide = op(
    "divide(a, b)", np.divide, lambda g, y, a, b: g / b, lambda g, y, a, b: -g * y / b,
    rule=("g / b", "-g * y / b"), domain=(real, nonzero), operator="truediv",
)  # fmt: skip
negative = op("negative(x)", np.negative, lambda g, y, x: -g, rule="-g", operator="neg")


def _power_base(g: Any, y: Any, a: Any, b: Any) -> Any:
    # Where b is 0 the derivative is 0, even at a = 0: 0 ** -1 must not come in.
    if isinstance(b, (int, float)):
        return g * b * power(a, b - 1) if b else zeros_like(g * a)
    return g * b * power(a, b - 1 + (a == 0) * (b == 0))


def _power_exponent(g: Any, y: Any, a: Any, b: Any) -> Any:
    from gradcli.engine.ops.exponential import log
    from gradcli.engine.ops.indexing import where

    # y log a; 0 where a is not positive, as in TensorFlow.
    return g * y * log(where(a > 0, a, np.ones((), np.asarray(plain(a)).dtype)))


power = op(
    "power(a, b)", np.power, _power_base, _power_exponent,
    rule=("g * b * a^(b-1)", "g * y * log(a)"), domain=(positive, real), operator="pow",
)  # fmt: skip


def _square(x: Any) -> Any:
    return np.square(x) if isinstance(x, list) else x * x


square = op(
    "square(x)", _square, lambda g, y, x: g * 2 * x, rule="g * 2 * x", numpy=np.square
)  # fmt: skip
sqrt = op("sqrt(x)", np.sqrt, lambda g, y, x: g / (2 * y), rule="g / (2 * y)", domain=positive)
sign = op(
    "sign(x)", np.sign, lambda g, y, x: zeros_like(g), rule="0", domain=nonzero, analytic=False
)
absolute = op(
    "abs(x)", np.abs, lambda g, y, x: g * sign(x),
    rule="g * sign(x)", domain=nonzero, operator="abs",
    analytic=False,
)  # fmt: skip


def _squared_difference(a: Any, b: Any) -> Any:
    difference = a - b
    return difference * difference


def _twice_difference(a: Any, b: Any) -> Any:
    difference = a - b
    return difference + difference


squared_difference = op(
    "squared_difference(a, b)", _squared_difference,
    lambda g, y, a, b: g * _twice_difference(a, b),
    lambda g, y, a, b: g * _twice_difference(b, a),
    rule=("g * 2 * (a - b)", "g * 2 * (b - a)"),
)  # fmt: skip

# Where the two are equal, the first takes the whole gradient, as in TensorFlow.
maximum = op(
    "maximum(a, b)", np.maximum, lambda g, y, a, b: g * (a >= b), lambda g, y, a, b: g * (a < b),
    rule=("g where a >= b", "g where a < b"), domain=(distinct, distinct_too),
    analytic=False,
)  # fmt: skip
minimum = op(
    "minimum(a, b)", np.minimum, lambda g, y, a, b: g * (a <= b), lambda g, y, a, b: g * (a > b),
    rule=("g where a <= b", "g where a > b"), domain=(distinct, distinct_too),
    analytic=False,
)  # fmt: skip


def _clip(x: Any, low: Any, high: Any) -> Any:
    return np.minimum(np.maximum(x, low), high)


clip = op(
    "clip(x, low, high)", _clip, lambda g, y, x, low, high: g * (x >= low) * (x <= high),
    rule="g where low <= x <= high", domain=nonzero, numpy=np.clip,
    cases=(case((3,), low=-1.1, high=0.1), case((2, 3), low=-0.1, high=1.1)),
    analytic=False,
)  # fmt: skip
clip_by_value = op(
    "clip_by_value(x, low, high)", _clip, *clip.vjps,
    rule=clip.rules, domain=nonzero, cases=clip.cases,
    analytic=False,
)  # fmt: skip

identity = op("identity(x)", lambda x: x, lambda g, y, x: g, rule="g")
astype = op(
    "astype(x, dtype)", lambda x, dtype: np.asarray(x).astype(dtype),
    lambda g, y, x, dtype: g.astype(x.dtype) if np.dtype(dtype).kind == "f" else zeros_like(x),
    rule="g", cases=(case((3,), dtype=np.float64),),
    analytic=False,
)  # fmt: skip
