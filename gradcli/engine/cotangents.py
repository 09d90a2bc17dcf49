"""Cotangents: where they start, and how they come into the shape and dtype of their arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine.axes import add_along
from gradcli.engine.nest import pairs
from gradcli.engine.tensor import Array, Tensor
from gradcli.errors import DtypeError

if TYPE_CHECKING:
    from gradcli.engine.operation import Op


def fit(cotangent: Array, value: Any, op: Op) -> Array:
    """``cotangent`` with the shape and dtype of ``value``: broadcasting and promotion undone."""
    try:
        cotangent = unbroadcast(cotangent, value.shape)
    except ValueError as error:
        raise AssertionError(f"the vjp of {op.name} gave {error}") from None
    if cotangent.dtype != value.dtype:
        cotangent = cotangent.astype(value.dtype)
    return cotangent


_FEW = 1024
"""Entries up to which a sum over rows is no slower than a product with ones."""


def unbroadcast(cotangent: Array, shape: tuple[int, ...]) -> Array:
    """``cotangent`` summed over the axes along which an array of ``shape`` was repeated: the
    one place where broadcasting is undone."""
    if cotangent.shape == shape:
        return cotangent
    extra = cotangent.ndim - len(shape)
    if extra > 0 and cotangent.shape[extra:] == shape:  # a bias: the common case
        leading = tuple(range(extra))
        if isinstance(cotangent, Tensor):
            return cotangent.sum(axis=leading)
        if cotangent.size > _FEW:
            return add_along(cotangent, leading).reshape(shape)
        return np.add.reduce(cotangent, leading)
    rest = cotangent.shape[max(extra, 0) :]
    if extra < 0 or any(n not in (1, m) for n, m in zip(shape, rest)):
        raise ValueError(f"a cotangent of shape {cotangent.shape} for an input of {shape}")
    stretched = [i + extra for i, n in enumerate(shape) if n == 1 and rest[i] != 1]
    cotangent = cotangent.sum(axis=(*range(extra), *stretched), keepdims=True)
    return cotangent.reshape(shape)


def seeds_of(target: Any, output_gradients: Any) -> list[tuple[Tensor, Any]]:
    seeds: list[tuple[Tensor, Any]] = []
    for item, seed in pairs(target, output_gradients):
        if not isinstance(item, Tensor):
            raise TypeError(f"a target is a Tensor, not {type(item).__name__}")
        if seed is None:
            seed = ones(item.value)
        elif not isinstance(seed, Tensor):
            seed = np.asarray(seed)
            if seed.dtype.kind not in "fiub":
                raise DtypeError(f"output_gradients are real numbers, not {seed.dtype}")
            seed = seed.astype(item.dtype)
        if seed.shape == () and item.shape:
            seed = ones(item.value) * seed
        if seed.shape != item.shape:
            raise ValueError(f"output_gradients has shape {seed.shape}, the target {item.shape}")
        seeds.append((item, seed))
    return seeds


def ones(value: Any) -> Any:
    """Ones like ``value`` (np.ones_like, at a tenth of its price for a scalar)."""
    if isinstance(value, np.generic):
        return value.dtype.type(1)
    seed = np.empty(value.shape, value.dtype)
    seed.fill(1)
    return seed
