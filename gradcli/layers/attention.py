"""Self-attention with several heads: Vaswani et al., "Attention is all you need", 2017."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.engine.ops.choice import where
from gradcli.engine.ops.linear import dense, matmul
from gradcli.engine.ops.shape import reshape, transpose
from gradcli.engine.ops.softmax import softmax
from gradcli.inputs.initialisers import Fans
from gradcli.layers.layer import Forward, Layer, Params, Shape, with_slope_of
from gradcli.layers.weights import Parameter, Weight
from gradcli.problem import Note, same


class Attention(Layer, kind="attention"):
    """In each head, the weights of the values v are softmax(q @ k.T / sqrt(key_dim))."""

    heads: int
    key_dim: int | None = None
    causal: bool
    weights = (
        *[Weight(letter, decays=True) for letter in ("wq", "wk", "wv", "wo")],
        *[Weight(letter, "zeros") for letter in ("bq", "bk", "bv", "bo")],
    )
    stacks = True
    axes = ("time", "features")
    spatial = False
    keeps_features = False

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        d, heads, key_dim = shape[-1], self.heads, self._key_dim(shape[-1])
        n = heads * key_dim
        inward = Parameter((d, heads, key_dim), "(in, heads, key_dim)", Fans(d, n), features=0)
        outward = Parameter((heads, key_dim, d), "(heads, key_dim, out)", Fans(n, d))
        bias = Parameter((heads, key_dim), "(heads, key_dim)", Fans(n, n))
        return {
            **dict.fromkeys(("wq", "wk", "wv"), inward),
            "wo": outward,
            **dict.fromkeys(("bq", "bk", "bv"), bias),
            "bo": Parameter((d,), "(out,)", Fans(d, d)),
        }

    def _key_dim(self, features: int) -> int:
        if self.key_dim is None and features % self.heads:
            raise ValueError(
                f"has {self.heads} heads, which do not divide {features} features: give key_dim"
            )
        return self.key_dim or features // self.heads

    def output_shape(self, shape: Shape) -> Shape:
        self._key_dim(shape[-1])
        return shape

    def entries(self, shape: Shape) -> int:
        time, d = shape
        return 10 * time * self.heads * self._key_dim(d) + 4 * self.heads * time * time

    def stacked(self, letter: str, stack: npt.NDArray[Any], ndim: int) -> npt.NDArray[Any]:
        """An axis for the rows of the batch, and to a bias one for the steps."""
        steps = (1,) if letter[0] == "b" else ()
        return stack.reshape(len(stack), 1, *steps, *stack.shape[1:])

    def forward(self, params: Params, x: Array, note: Note) -> Array:
        return attend(params, x, self.causal, note)

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        def instead(causal: bool, score: Score) -> Forward:
            return self.sloped(lambda params, x: attend(params, x, causal, same, score))

        yield "1/sqrt(key_dim) of the scores is missing", instead(self.causal, _unscaled)
        yield "1/sqrt(key_dim) is missing on the way back", instead(self.causal, _scaled_forward)
        if self.causal:
            yield "the causal mask is missing", instead(False, _scaled)


def _scaled(q: Array, k: Array) -> Array:
    return matmul(q * q.shape[-1] ** -0.5, k)


def _unscaled(q: Array, k: Array) -> Array:
    return matmul(q, k)


def _scaled_forward(q: Array, k: Array) -> Array:
    return with_slope_of(matmul(q, k), _scaled(q, k))


Score = Callable[[Array, Array], Array]
"""Of q (batch, heads, t, key_dim) and k (batch, heads, key_dim, t): (batch, heads, t, t)."""


def attend(params: Params, x: Array, causal: bool, note: Note, score: Score = _scaled) -> Array:
    """Attention of ``x`` (..., t, d) to itself: (..., t, d).

    Where it is ``causal``, no step sees a later one. Heads are a view of the features, whose rows
    BLAS takes as they lie, so that the products of all heads need no copy.
    """
    heads, key_dim = params["wq"].shape[-2:]
    features = (heads * key_dim,)

    def project(letter: str) -> Array:
        """(..., t, heads, key_dim)"""
        w, b = params[f"w{letter}"], params[f"b{letter}"]
        w = reshape(w, (*w.shape[:-2], *features))
        z = dense(x, w, reshape(b, (*b.shape[:-2], *features)))
        return note(letter, reshape(z, (*z.shape[:-1], heads, key_dim)))

    q, k, v = project("q"), project("k"), project("v")
    scores = score(_swapped(q, (-2, -3, -1)), _swapped(k, (-2, -1, -3)))
    if causal:
        scores = where(np.tri(x.shape[-2], dtype=bool), scores, -math.inf)
    weights = note("weights", softmax(note("scores", scores)))
    seen = _swapped(matmul(weights, _swapped(v, (-2, -3, -1))), (-2, -3, -1))
    w = params["wo"]
    w = reshape(w, (*w.shape[:-3], *features, w.shape[-1]))
    return dense(reshape(seen, (*seen.shape[:-2], *features)), w, params["bo"])


def _swapped(x: Array, last: tuple[int, int, int]) -> Array:
    """``x`` with its last three axes in another order."""
    n = x.ndim
    return transpose(x, (*range(n - 3), *[n + axis for axis in last]))
