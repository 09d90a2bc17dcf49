"""One layer as a problem: its output, and the gradients that an upstream gradient makes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradcli.engine import Array
from gradcli.engine.ops.reduction import sum
from gradcli.model.base import Network
from gradcli.model.network import Run, noted, run_layer
from gradcli.model.placed import inward, outward
from gradcli.problem import Arrays, Note, Result, same


class SingleLayer(Network):
    """One layer: its value is an array, its gradients are those of sum(value * upstream)."""

    @property
    def title(self) -> str:
        return f"{self.chain}, batch {len(self.x)}, {self.spec.dtype}, {self.source}"

    @property
    def usual(self) -> list[str]:
        x = ["x"] if self.x.dtype.kind == "f" else []
        return [*x, *self.built.parameters]

    @property
    def _states(self) -> dict[str, str]:
        """The outputs besides the first, by the names of their upstream gradients."""
        found = {name: name.removeprefix("upstream_") for name in self.spec.targets}
        return {name: state for name, state in found.items() if name != "upstream"}

    def array(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        """The output at ``primals``, as the convention lays it out."""
        output, _ = self.through({**self.arrays, **primals}, note)
        return outward(output, self.spec.layers[0].first[1])

    def scalar(self, arrays: Mapping[str, Array], note: Note, run: Run = run_layer) -> Array:
        """sum(output * upstream), over all outputs."""
        states: dict[str, Array] = {}

        def seen(name: str, value: Any) -> Any:
            states[name] = note(name, value)
            return states[name]

        first = self.spec.layers[0].first[1]
        output, _ = self.through(arrays, seen, run)
        output = noted(note, "value", output, first)
        total = _dot(output, inward(arrays["upstream"], first))
        for upstream, state in self._states.items():
            total = total + _dot(states[state], arrays[upstream])
        return total

    def answered(self, result: Result) -> Any:
        return result.noted["value"]

    def outputs(self, result: Result) -> Arrays:
        return {state: result.noted[state] for state in self._states.values()}

    def shown(self, result: Result) -> dict[str, Any]:
        upstreams = {name: self.arrays[name] for name in self.spec.targets}
        params = {n: a for n, a in self.arrays.items() if n != "x" and n not in upstreams}
        return {**upstreams, "params": params, "x": self.x}


def _dot(output: Array, upstream: Array) -> Array:
    """sum(output * upstream), for each index of a stack before the axes of ``upstream``."""
    return sum(output * upstream, axis=tuple(range(-upstream.ndim, 0)))
