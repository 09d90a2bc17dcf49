"""Random streams: NumPy's own, and TensorFlow's reproduced.

Both draw in float32 or wider and are cast by the caller, so that a model has the same
numbers in float32 and float64.
"""

from __future__ import annotations

import functools
import random
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

_TENSORFLOW_DEFAULT_KEY = 87654321
"""TensorFlow's key where an op seed is given but no global seed."""


_LARGEST = 2**31 - 1
"""TensorFlow takes seeds modulo this."""


class Stream(Protocol):
    """A source of random arrays. Each call draws on from where the last one stopped."""

    def normal(self, shape: tuple[int, ...]) -> npt.NDArray[Any]: ...

    def uniform(self, shape: tuple[int, ...]) -> npt.NDArray[Any]: ...

    def integers(self, count: int, high: int) -> npt.NDArray[Any]: ...


class NumpyStream:
    """``numpy.random.default_rng(seed)``, in float64."""

    def __init__(self, seed: int | tuple[int, ...]) -> None:
        self._seed = seed

    @functools.cached_property
    def _rng(self) -> np.random.Generator:
        """Made when something is drawn: it takes longer than a gradient of a small model."""
        return np.random.default_rng(self._seed)

    def normal(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        return self._rng.standard_normal(shape)

    def uniform(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        return self._rng.random(shape)

    def integers(self, count: int, high: int) -> npt.NDArray[Any]:
        return self._rng.integers(0, high, count)


class TensorflowStream:
    """The numbers of ``tf.random.normal`` and ``tf.random.uniform``, run eagerly, in float32.

    ``seed`` is that of ``tf.random.set_seed``, ``op_seed`` the ``seed=`` of each op. With
    ``op_seed`` None each draw is a new op, whose seed TensorFlow takes from Python's
    ``random.Random(seed)``. With an op seed, draws of one kind share one counter.
    Generator: Philox 4x32-10 (Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3",
    SC 2011). Checked against TensorFlow 2.21.
    """

    def __init__(self, seed: int | None, op_seed: int | None) -> None:
        self._op_seeds = random.Random(seed)
        self._key = _TENSORFLOW_DEFAULT_KEY if seed is None else seed % _LARGEST
        self._op_seed = op_seed
        self._blocks_used: dict[str, int] = {}

    def normal(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        count = int(np.prod(shape))
        u = _unit_floats(self._words("normal", count)).reshape(-1, 2)
        # Box & Muller, "A Note on the Generation of Random Normal Deviates", 1958.
        radius = np.sqrt(np.float32(-2) * np.log(np.maximum(u[:, 0], np.float32(1e-7))))
        angle = (2 * np.pi * u[:, 1].astype(np.float64)).astype(np.float32)
        pairs = np.stack([np.sin(angle) * radius, np.cos(angle) * radius], axis=1)
        return pairs.reshape(-1)[:count].reshape(shape)

    def uniform(self, shape: tuple[int, ...]) -> npt.NDArray[Any]:
        count = int(np.prod(shape))
        return _unit_floats(self._words("uniform", count))[:count].reshape(shape)

    def integers(self, count: int, high: int) -> npt.NDArray[Any]:
        return (self._words("integers", count)[:count] % np.uint32(high)).astype(np.int64)

    def _words(self, kind: str, count: int) -> npt.NDArray[np.uint32]:
        """At least ``count`` random 32-bit words, a multiple of 4."""
        if self._op_seed is None:
            op_seed, first = self._op_seeds.randint(0, _LARGEST), 0
        else:
            op_seed, first = self._op_seed % _LARGEST, self._blocks_used.get(kind, 0)
            # TensorFlow reserves 256 blocks for every value that it draws.
            self._blocks_used[kind] = first + 256 * count
        if self._key == op_seed == 0:
            op_seed = _LARGEST  # as TensorFlow does: a generator seeded with zeros is no use
        return _philox(self._key, op_seed, first, -(-count // 4)).reshape(-1)


def _unit_floats(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.float32]:
    """Floats in [0, 1) from the low 23 bits of each word."""
    mantissa = words & np.uint32(0x7FFFFF) | np.uint32(0x3F800000)
    return mantissa.view(np.float32) - np.float32(1)


def _philox(key: int, op_seed: int, first: int, blocks: int) -> npt.NDArray[np.uint32]:
    """``blocks`` blocks of Philox 4x32-10 from block ``first`` on: shape (blocks, 4)."""
    mask = np.uint64(0xFFFFFFFF)
    shift = np.uint64(32)
    index = np.arange(first, first + blocks, dtype=np.uint64)
    c0, c1 = index & mask, index >> shift
    c2 = np.full(blocks, op_seed & 0xFFFFFFFF, np.uint64)
    c3 = np.full(blocks, op_seed >> 32 & 0xFFFFFFFF, np.uint64)
    k0, k1 = key & 0xFFFFFFFF, key >> 32 & 0xFFFFFFFF
    for _ in range(10):
        p0, p1 = c0 * np.uint64(0xD2511F53), c2 * np.uint64(0xCD9E8D57)
        c0, c1, c2, c3 = (
            (p1 >> shift) ^ c1 ^ np.uint64(k0),
            p1 & mask,
            (p0 >> shift) ^ c3 ^ np.uint64(k1),
            p0 & mask,
        )
        k0, k1 = k0 + 0x9E3779B9 & 0xFFFFFFFF, k1 + 0xBB67AE85 & 0xFFFFFFFF
    return np.stack([c0, c1, c2, c3], axis=1).astype(np.uint32)
