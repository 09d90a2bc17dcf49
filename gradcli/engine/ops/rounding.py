"""Rounding and remainders: steps, whose slope is 0 wherever there is one."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.domain import Domain, case
from gradcli.engine.op import elementwise, op
from gradcli.engine.ops.comparison import zeros_like
from gradcli.engine.tensor import Array, Outcome

_between = Domain(((-1.9, -1.6), (-0.9, -0.6), (0.1, 0.4), (1.1, 1.4)))
"""Away from every whole number and every half."""
_divisor = Domain(((0.7, 0.8),))


def _flat(g: Any, y: Any, x: Any, **params: Any) -> Any:
    return zeros_like(g)


floor = elementwise(np.floor, _flat, rule="0", domain=_between, analytic=False)
ceil = elementwise(np.ceil, _flat, rule="0", domain=_between, analytic=False)
trunc = elementwise(np.trunc, _flat, rule="0", numpy=(np.fix,), domain=_between, analytic=False)
rint = elementwise(np.rint, _flat, rule="0", domain=_between, analytic=False)


@op(
    _flat,
    rule="0",
    numpy=np.round,
    domain=_between,
    analytic=False,
    cases=(case((3,)), case((2, 3), decimals=0)),
)
def round(x: Array, decimals: int = 0) -> Outcome:
    """``x`` to so many decimals, halves to the even neighbour."""
    return np.round(x, decimals)


floor_divide = elementwise(
    np.floor_divide,
    lambda g, y, a, b: zeros_like(g),
    lambda g, y, a, b: zeros_like(g),
    rule=("0", "0"),
    domain=(_between, _divisor),
    operator="floordiv",
    analytic=False,
)


@op(
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * floor_divide(a, b),
    rule=("g", "-g * floor(a / b)"),
    domain=(_between, _divisor),
    operator="mod",
    numpy=np.remainder,
    analytic=False,
)
def mod(a: Array, b: Array) -> Outcome:
    """What is left of ``a`` after whole multiples of ``b``; it has the sign of ``b``."""
    return np.remainder(a, b)


fmod = elementwise(
    np.fmod,
    lambda g, y, a, b: g,
    lambda g, y, a, b: -g * rint((a - y) / b),
    rule=("g", "-g * trunc(a / b)"),
    domain=(_between, _divisor),
    analytic=False,
)

# Other spellings.
remainder = mod
