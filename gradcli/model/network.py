"""The network: dense layers, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gradcli.engine import REGISTRY, Array
from gradcli.engine.ops.linear import dense, matmul
from gradcli.model.spec import Spec
from gradcli.problem import Note

Activate = Callable[[int, str, Array], Array]
"""Called with a layer's position, its activation's name and z; gives the activation."""


def activate(layer: int, act: str, z: Array) -> Array:
    return z if act == "linear" else REGISTRY[act](z)


def forward(
    spec: Spec,
    params: Mapping[str, Array],
    x: Array,
    note: Note,
    activate: Activate,
) -> tuple[Array, Array]:
    """The output, (..., batch, out), of ``x`` (..., batch, in), and the last layer's z.

    ``z = x @ w + b`` and ``a = act(z)``, numbered where there are hidden layers.
    """
    z = x
    for i, layer in enumerate(spec.layers):
        n = spec.suffix(i)
        w = params[f"w{n}"]
        z = note(f"z{n}", dense(x, w, params[f"b{n}"]) if layer.bias else matmul(x, w))
        x = z if layer.act == "linear" else note(f"a{n}", activate(i, layer.act, z))
    return x, z
