"""The residual connection: layers that learn what to add to their input."""

from __future__ import annotations

from gradcli.layers.layer import Layer, Shape


class Residual(Layer, kind="residual"):
    """x + f(x), f being its layers one after the other (He et al. 2016).

    The network runs them and adds.
    """

    layers: list[object]

    @property
    def settings(self) -> dict[str, object]:
        return {}

    def entries(self, shape: Shape) -> int:
        return 2 * super().entries(shape)
