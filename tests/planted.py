"""Networks whose own gradients are wrong, in a way that is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.gradient import by_tape
from gradcli.model import Model
from gradcli.problem import Arrays, Result

Plant = Callable[[Arrays], None]
"""Changes gradients by name, in place."""


def planted(spec: Mapping[str, Any], plant: Plant) -> Model:
    """The model of ``spec``, wherever its gradients come from, with what ``plant`` makes of them.

    Only its known mistakes are those of the model itself.
    """

    class Planted(Model):
        def replayed(self, at: Arrays | None = None) -> Result:
            result = by_tape(self, at)
            result.gradients = _wrong(result.gradients)
            return result

        def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
            right = super().stepper()

            def step(at: Arrays) -> tuple[Any, Arrays]:
                value, gradients = right(at)
                return value, _wrong(gradients)

            return step

        def mistakes(self) -> Any:
            return Model(self.built).mistakes()

    def _wrong(gradients: Arrays) -> Arrays:
        copies = {name: np.array(gradient) for name, gradient in gradients.items()}
        plant(copies)
        return copies

    return Planted.from_spec(spec)


def entry(name: str, index: tuple[int, ...], part: float = 1e-3) -> Plant:
    """One entry is off by this part of the norm of its gradient."""

    def plant(gradients: Arrays) -> None:
        gradients[name][index] += part * np.linalg.norm(gradients[name])

    return plant


def factor(name: str, times: float) -> Plant:
    """Every entry is so many times too large."""

    def plant(gradients: Arrays) -> None:
        gradients[name] *= times

    return plant


def rearranged(name: str, of: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]) -> Plant:
    """What ``of`` makes of a gradient stands in its place."""

    def plant(gradients: Arrays) -> None:
        gradients[name][...] = of(gradients[name].copy())

    return plant


def noise(name: str, part: float, seed: int = 0) -> Plant:
    """Every entry is off, all together by this part of the gradient's norm."""

    def plant(gradients: Arrays) -> None:
        error = np.random.default_rng(seed).normal(size=gradients[name].shape)
        error *= part * np.linalg.norm(gradients[name]) / np.linalg.norm(error)
        gradients[name] += error

    return plant
