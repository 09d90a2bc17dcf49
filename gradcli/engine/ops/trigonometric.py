"""Circular and hyperbolic functions and their inverses; angles in radians."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import Domain, nonzero, real, unit
from gradcli.engine.op import elementwise
from gradcli.engine.operation import Op
from gradcli.engine.ops.arithmetic import sqrt
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.exponential import hypot

_above_one = Domain(((1.3, 3.0),))

sin = elementwise(np.sin, lambda g, y, x: g * cos(x), rule="g * cos(x)")
cos: Op = elementwise(np.cos, lambda g, y, x: -g * sin(x), rule="-g * sin(x)")
tan = elementwise(np.tan, lambda g, y, x: g * (1 + y * y), rule="g * (1 + y^2)", domain=unit)
arcsin = elementwise(
    np.arcsin,
    lambda g, y, x: g / sqrt((1 - x) * (1 + x)),
    rule="g / sqrt(1 - x^2)",
    domain=unit,
)
arccos: Op = elementwise(
    np.arccos,
    lambda g, y, x: -g / sqrt((1 - x) * (1 + x)),
    rule="-g / sqrt(1 - x^2)",
    domain=unit,
)
arctan = elementwise(np.arctan, lambda g, y, x: g / (1 + x * x), rule="g / (1 + x^2)")


def _turned(g: Any, side: Any, a: Any, b: Any) -> Any:
    """g * side / (a^2 + b^2), squared after the division: no square is too small or too large."""
    r = hypot(a, b)
    r = where(r == 0, 1, r)
    return g * (side / r) / r


arctan2 = elementwise(
    np.arctan2,
    lambda g, y, a, b: _turned(g, b, a, b),
    lambda g, y, a, b: _turned(-g, a, a, b),
    rule=("g * b / (a^2 + b^2)", "-g * a / (a^2 + b^2)"),
    domain=(real, nonzero),
    analytic=False,
)
sinh = elementwise(np.sinh, lambda g, y, x: g * cosh(x), rule="g * cosh(x)")
cosh: Op = elementwise(np.cosh, lambda g, y, x: g * sinh(x), rule="g * sinh(x)")
tanh = elementwise(np.tanh, lambda g, y, x: g * (1 - y * y), rule="g * (1 - y^2)")
arcsinh = elementwise(np.arcsinh, lambda g, y, x: g / hypot(x, 1.0), rule="g / sqrt(x^2 + 1)")
arccosh = elementwise(
    np.arccosh,
    lambda g, y, x: g / (sqrt(x - 1) * sqrt(x + 1)),
    rule="g / sqrt(x^2 - 1)",
    domain=_above_one,
)
arctanh = elementwise(
    np.arctanh, lambda g, y, x: g / ((1 - x) * (1 + x)), rule="g / (1 - x^2)", domain=unit
)

deg2rad: Op = elementwise(
    np.deg2rad,
    lambda g, y, x: deg2rad(g),
    rule="g * pi / 180",
    numpy=(np.radians,),
    analytic=False,
)
rad2deg: Op = elementwise(
    np.rad2deg,
    lambda g, y, x: rad2deg(g),
    rule="g * 180 / pi",
    numpy=(np.degrees,),
    analytic=False,
)

# Other spellings.
acos = arccos
acosh = arccosh
asin = arcsin
asinh = arcsinh
atan = arctan
atan2 = arctan2
atanh = arctanh
