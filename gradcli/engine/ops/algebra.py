"""Linear algebra: equations, inverses, determinants and factors of square matrices.

All take stacks of matrices in the last two axes, as NumPy's functions do, and raise
ValueError in one line where a matrix is not square, singular or not positive definite.
The vjps are those of Giles, "Collected matrix derivative results for forward and reverse
mode algorithmic differentiation" (2008), unless an op names another source.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from gradcli.engine.domain import case
from gradcli.engine.op import composite, op
from gradcli.engine.ops.comparison import zeros_like
from gradcli.engine.ops.linear import matmul
from gradcli.engine.ops.places import tril
from gradcli.engine.ops.shape import broadcast_to
from gradcli.engine.outcomes import SlogDet
from gradcli.engine.tensor import Array, Outcome, Tensor, known

_REGULAR = np.array([[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [0.0, -1.0, 5.0]])
_STACK = np.array([[[2.0, 1.0], [0.5, 3.0]], [[-3.0, 1.0], [2.0, 1.5]]])
_DEFINITE = np.array([[4.0, 1.0, -2.0], [1.0, 3.0, 0.5], [-2.0, 0.5, 5.0]])
_SQUARES = (case(_REGULAR), case(_STACK), case(np.array([[2.5]])))


def _told(name: str, function: Callable[..., Any], x: Any, *others: Any) -> Any:
    """``function(x, *others)``, its failures told with the name of the op and a way out."""
    shape = np.shape(x)
    if len(shape) < 2 or shape[-1] != shape[-2]:
        raise ValueError(f"{name} takes square matrices, (..., n, n), not {shape}")
    try:
        return function(x, *others)
    except np.linalg.LinAlgError as error:
        problem = str(error).removeprefix("Matrix").strip().lower()
        raise ValueError(f"{name}: the matrix is {_PROBLEMS.get(problem, problem)}") from None


_PROBLEMS = {
    "singular matrix": "singular (its determinant is 0)",
    "is not positive definite": "not positive definite",
}


def _solve_a(g: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return -_solve_b(g, y, a, b)[..., None] * y[..., None, :]
    return -solve(a.mT, g) @ y.mT


def _solve_b(g: Any, y: Any, a: Any, b: Any) -> Any:
    return solve(a.mT, g[..., None])[..., 0] if b.ndim == 1 else solve(a.mT, g)


@op(
    _solve_a,
    _solve_b,
    rule=("-solve(a.T, g) @ y.T", "solve(a.T, g)"),
    numpy=np.linalg.solve,
    cases=(
        case(_REGULAR, (3,)),
        case(_REGULAR, (3, 2)),
        case(_STACK, (2,)),
        case(_STACK, (2, 2, 3)),
        case(_STACK, (2, 1)),
        case(_STACK[0], (3, 2, 1)),
    ),
)
def solve(a: Array, b: Array) -> Outcome:
    """The ``x`` with ``a @ x = b``: ``b`` is a vector (n,) if it has one axis, else (..., n, k).

    Raises ValueError where ``a`` is singular or ``b`` has not as many rows.
    """
    rows = np.shape(b)[-1:] if np.ndim(b) == 1 else np.shape(b)[-2:-1]
    if np.ndim(a) > 1 and rows != np.shape(a)[-1:]:
        raise ValueError(
            f"solve: b of shape {np.shape(b)} does not fit a of {np.shape(a)}: "
            "it is (n,), or (..., n, k)"
        )
    return _told("solve", np.linalg.solve, a, b)


_CREDIBLE = 1e-3
"""How far x @ inv(x) may be from the identity: beyond, no digit of the inverse is sure."""


@op(
    lambda g, y, x: -(y.mT @ g @ y.mT),
    rule="-y.T @ g @ y.T",
    numpy=np.linalg.inv,
    cases=_SQUARES,
)
def inv(x: Array) -> Outcome:
    """The inverse matrix.

    Raises ValueError where ``x`` is singular, or so nearly that its inverse is noise.
    """
    y = _told("inv", np.linalg.inv, x)
    with np.errstate(all="ignore"):
        error = np.abs(np.matmul(x, y) - np.eye(y.shape[-1], dtype=y.dtype))
    if np.max(error, initial=0) > _CREDIBLE:
        raise ValueError(f"inv: the matrix is singular as far as {y.dtype} can tell")
    return y


_MINORS = 8
"""Up to this size the cofactors are determinants of minors, which need no inverse."""


def _minors(x: Any) -> Any:
    """``x`` without its row i and column j: (..., i, j, n - 1, n - 1)."""
    n = x.shape[-1]
    others = np.array([[k for k in range(n) if k != i] for i in range(n)])
    return x[..., others[:, None, :, None], others[None, :, None, :]]


def _det_vjp(g: Any, y: Any, x: Any) -> Any:
    """g times the matrix of cofactors (Jacobi's formula)."""
    n = x.shape[-1]
    if n < 2:
        return broadcast_to(g[..., None, None], x.shape)
    if n > _MINORS:
        return (g * y)[..., None, None] * inv(x).mT
    signs = (-1.0) ** np.add.outer(np.arange(n), np.arange(n))
    return g[..., None, None] * (det(_minors(x)) * signs.astype(x.dtype))


@op(
    _det_vjp,
    rule="g * cofactors(x)",
    numpy=np.linalg.det,
    cases=(
        *_SQUARES,
        case(np.array([[1.0, 2.0], [2.0, 4.0]])),
        case(np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [-1.0, -2.0, -3.0]])),
        case(np.eye(9) + np.tri(9) / 8),
    ),
)
def det(x: Array) -> Outcome:
    """The determinant: (...).

    Its gradient, the matrix of cofactors, is right for singular matrices, too, up to 8 rows
    and columns, to any order. For larger ones it is det(x) * inv(x).T, as costly as the
    determinant: inv's ValueError where that is singular, and close to it, the derivatives of
    second and higher order lose digits as inv(x) does.
    """
    return _told("det", np.linalg.det, x)


@op(
    lambda g, y, x: g[..., None, None] * inv(x).mT,
    rule="g * inv(x).T",
    cases=_SQUARES,
    analytic=False,
)
def logabsdet(x: Array) -> Outcome:
    """The logarithm of the determinant's absolute value, which may overflow: (...)."""
    return _told("logabsdet", np.linalg.slogdet, x).logabsdet


@op()
def signdet(x: Array) -> Outcome:
    """The sign of the determinant: 1, -1 or 0."""
    return _told("signdet", np.linalg.slogdet, x).sign


@composite("g * inv(x).T", numpy=np.linalg.slogdet, cases=_SQUARES, analytic=False)
def slogdet(x: Array) -> SlogDet:
    """The sign of the determinant and the logarithm of its absolute value, each (...).

    The gradient raises inv's ValueError where ``x`` is singular, and the logarithm -inf.
    """
    return SlogDet(signdet(x), logabsdet(x))


def _cholesky_vjp(g: Any, y: Any, x: Any) -> Any:
    inner = y.mT @ g
    half = (tril(inner) + tril(inner, -1)) / 2
    whole = solve(y.mT, solve(y.mT, half).mT).mT
    return tril(whole) + tril(whole.mT, -1)


@op(
    _cholesky_vjp,
    rule="s below the diagonal + s.T, s = y^-T tril(y.T @ g, diagonal halved) y^-1",
    numpy=np.linalg.cholesky,
    cases=(
        case(_DEFINITE),
        case(np.array([[[2.0, 0.5], [0.5, 1.0]], [[3.0, -1.0], [-1.0, 2.0]]])),
        case(np.array([[2.5]])),
    ),
    analytic=False,
)
def cholesky(x: Array) -> Outcome:
    """The lower triangular ``y`` with ``y @ y.T = x``, of symmetric positive definite ``x``.

    As NumPy's, it reads the lower triangle of ``x`` alone, and so the gradient is that of each
    entry on or below the diagonal, which stands for its mirror image, too; above it is 0.
    (PyTorch and TensorFlow print the mean of this gradient and its transpose: the same slope
    along every symmetric direction.) Murray, "Differentiation of the Cholesky decomposition"
    (2016). Raises ValueError where ``x`` is not positive definite.
    """
    return _told("cholesky", np.linalg.cholesky, x)


@composite(
    "the sum over the factors of x's powers around g",
    numpy=np.linalg.matrix_power,
    cases=(case((3, 3), n=3), case((2, 2, 2), n=2), case(_REGULAR, n=-2)),
)
def matrix_power(x: Array, n: int) -> Outcome:
    """The matrix product of ``n`` factors ``x``; of its inverse where ``n`` is negative."""
    n = operator.index(known(n, "a count of factors"))
    if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
        raise ValueError(f"matrix_power takes square matrices, (..., n, n), not {x.shape}")
    if n == 0:
        return zeros_like(x) + np.eye(x.shape[-1], dtype=x.dtype)
    power, found, n = (x, None, n) if n > 0 else (inv(x), None, -n)
    while n:
        if n % 2:
            found = power if found is None else found @ power
        power, n = (power @ power, n // 2) if n > 1 else (power, 0)
    return found


def _multi_dot(arrays: Any, *, out: None = None) -> Any:
    return functools.reduce(matmul, arrays)


Tensor.numpy_ops[np.linalg.multi_dot] = _multi_dot
