"""einsum: sums of products of arrays, spelt by naming their axes."""

from __future__ import annotations

import functools
import string
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.engine.cotangents import unbroadcast
from gradcli.engine.domain import case
from gradcli.engine.kinds import Variadic
from gradcli.engine.lists import as_array
from gradcli.engine.op import op
from gradcli.engine.ops.indexing import scatter
from gradcli.engine.ops.shape import broadcast_to
from gradcli.engine.tensor import Array, Outcome, Tensor
from gradcli.errors import OpError

if TYPE_CHECKING:
    import inspect


class _Einsum(Variadic):
    """The one op whose call does not begin with an array: ``einsum("ij,jk->ik", a, b)``."""

    def bind(
        self, args: tuple[Any, ...], given: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if args and isinstance(args[0], str):
            args = (args[1:], args[0])
        return super().bind(args, given)

    @property
    def signature(self) -> str:
        return f"{self.name}(subscripts, *operands)"

    @property
    def __signature__(self) -> inspect.Signature:
        import inspect

        def written(subscripts: str, *operands: Array) -> Outcome: ...

        return inspect.signature(written)


class _Labels(NamedTuple):
    """The letter of each axis, an ellipsis written out: of every operand, and of the outcome."""

    operands: tuple[str, ...]
    outcome: str


@functools.lru_cache(maxsize=256)
def _labels(subscripts: str, ranks: tuple[int, ...]) -> _Labels:
    """Those of an equation that NumPy has accepted for operands with so many axes."""
    left, arrow, right = "".join(subscripts.split()).partition("->")
    spelt = left.split(",")
    free = "".join([letter for letter in string.ascii_letters if letter not in left])
    # What an ellipsis stands for lines up at the right, as shapes do in broadcasting.
    extra = [rank - len(part.replace("...", "")) for part, rank in zip(spelt, ranks)]
    dots = free[: max(extra)]
    operands = [p.replace("...", dots[len(dots) - n :]) for p, n in zip(spelt, extra)]
    if not arrow:
        once = [letter for letter in left if letter.isalpha() and left.count(letter) == 1]
        right = "..." + "".join(sorted(once))
    return _Labels(tuple(operands), right.replace("...", dots))


def _vjp(g: Any, y: Any, operands: Sequence[Any], subscripts: str) -> Callable[[int], Any]:
    """g times all other operands, summed to the labels of the one at a position."""
    return lambda i: _cotangent(i, g, operands, subscripts)


def _cotangent(i: int, g: Any, operands: Sequence[Any], subscripts: str) -> Any:
    arrays = [as_array(operand) for operand in operands]
    labels, outcome = _labels(subscripts, tuple([a.ndim for a in arrays]))
    others = [outcome, *labels[:i], *labels[i + 1 :]]
    own = "".join(dict.fromkeys(labels[i]))
    shared = "".join([letter for letter in own if letter in "".join(others)])
    found = einsum(f"{','.join(others)}->{shared}", g, *arrays[:i], *arrays[i + 1 :])
    # Along a label of this operand alone, which was summed over, the cotangent is the same.
    found = found[tuple([slice(None) if letter in shared else None for letter in own])]
    lengths = dict(zip(labels[i], arrays[i].shape))
    shape = tuple([lengths[letter] for letter in own])
    whole = np.broadcast_shapes(found.shape, shape)
    found = unbroadcast(found if found.shape == whole else broadcast_to(found, whole), shape)
    if own == labels[i]:
        return found
    # A label given twice took the diagonal: the cotangent goes there, and 0 elsewhere.
    along = dict(zip(own, np.ix_(*[np.arange(n) for n in shape])))
    return scatter(found, tuple([along[letter] for letter in labels[i]]), arrays[i].shape)


_LARGE = 512
"""Entries from which looking for a good order, and products by BLAS, pay."""


@op(
    _vjp,
    kind=_Einsum,
    order=("subscripts",),
    rule="einsum of g and the others, summed to its labels",
    cases=(
        case((2, 3), (3, 4), subscripts="ij,jk->ik"),
        case((2, 3), (3, 4), subscripts="kj,ji"),
        case((2, 3), subscripts="ij->j"),
        case((3, 3), subscripts="ii"),
        case((3, 3), subscripts="ii->i"),
        case((2, 3, 2), (3,), subscripts="iji,j->i"),
        case((2, 3), (4,), subscripts="ij,k->k"),
        case((2, 2, 3), (3, 2), subscripts="...ij,jk->...ik"),
        case((2, 3), (3,), subscripts="...,..."),
        case((2,), (2, 3), (3,), subscripts="i,ij,j->"),
        case((2, 1), (3, 2), subscripts="ij,jk->ik"),
    ),
)
def einsum(operands: Sequence[Array], subscripts: str) -> Outcome:
    """The products of entries with equal labels, summed over the labels not in the outcome.

    ``subscripts`` is np.einsum's: ``"ij,jk->ik"``, letters for the axes of each operand and of
    the outcome; without ``->`` the labels that occur once, in alphabetical order; ``...`` for
    axes without a letter, broadcast. A label twice in an operand is its diagonal.
    Raises ValueError where the subscripts are malformed or do not fit the shapes.
    """
    large = len(operands) > 1 and sum([np.size(operand) for operand in operands]) > _LARGE
    try:
        return np.asarray(np.einsum(subscripts, *operands, optimize=large))[()]
    except ValueError as error:
        shapes = ", ".join([str(np.shape(operand)) for operand in operands])
        problem = str(error).strip().rstrip(".")
        raise ValueError(f'einsum "{subscripts}" of shapes {shapes or "none"}: {problem}') from None


def _numpy_einsum(*operands: Any, optimize: Any = False, **options: Any) -> Any:
    """np.einsum in both its spellings; ``optimize`` changes the order alone, not the outcome."""
    for name in options:
        raise OpError(f"np.einsum: {name}= has no rule on Tensors; gradcli has {einsum.signature}")
    return einsum(*(operands if isinstance(operands[0], str) else _spelt(operands)))


def _spelt(operands: tuple[Any, ...]) -> tuple[Any, ...]:
    """``a, [0, 1], b, [1, 2], [0, 2]`` as ``"AB,BC->AC", a, b``: NumPy's letters, in order."""
    letters = dict(enumerate(string.ascii_uppercase + string.ascii_lowercase)) | {Ellipsis: "..."}
    pairs = len(operands) // 2
    lists = [*operands[1 : 2 * pairs : 2], *operands[2 * pairs :]]
    try:
        parts = ["".join([letters[n] for n in part]) for part in lists]
    except (KeyError, TypeError):
        raise OpError(
            'np.einsum: give subscripts as "ij,jk->ik" and arrays, or each array with a list of '
            "numbers from 0 to 51"
        ) from None
    subscripts = ",".join(parts[:pairs])
    if len(parts) > pairs:
        subscripts += f"->{parts[-1]}"
    return (subscripts, *operands[: 2 * pairs : 2])


Tensor.numpy_ops[np.einsum] = _numpy_einsum
