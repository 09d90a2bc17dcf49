"""Cotangents: where they start, and how they come into the shape and dtype of their arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gradcli.engine.nest import pairs
from gradcli.engine.tensor import Array, Tensor

if TYPE_CHECKING:
    from gradcli.engine.operation import Op


def fit(cotangent: Array, value: Any, op: Op) -> Array:
    """``cotangent`` with the shape and dtype of ``value``: broadcasting and promotion undone."""
    cotangent = unbroadcast(cotangent, value.shape)
    if cotangent.shape != value.shape:
        raise AssertionError(
            f"the vjp of {op.name} gave shape {cotangent.shape} for an input of {value.shape}"
        )
    if cotangent.dtype != value.dtype:
        cotangent = cotangent.astype(value.dtype)
    return cotangent


def unbroadcast(cotangent: Array, shape: tuple[int, ...]) -> Array:
    """``cotangent`` summed over the axes along which an array of ``shape`` was repeated: the
    one place where broadcasting is undone."""
    if cotangent.shape == shape:
        return cotangent
    extra = cotangent.ndim - len(shape)
    if extra == 1 and cotangent.shape[1:] == shape:  # a bias: the common case
        if isinstance(cotangent, Tensor):
            return cotangent.sum(axis=0)
        return np.add.reduce(cotangent, 0)
    stretched = [
        i + extra for i, n in enumerate(shape) if n == 1 and cotangent.shape[i + extra] != 1
    ]
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
            seed = np.asarray(seed, dtype=item.dtype)
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
