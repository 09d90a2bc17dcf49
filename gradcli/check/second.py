"""The gradient of the gradient: a problem whose value is the slope along one direction.

Of a problem f it is <grad f, v>, with v fixed. Its own gradient is the Hessian times v, to which
every entry of the Hessian contributes: a derivative that is right at first order and wrong at
second shows there (Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6,
1994).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, GradientTape, Tensor
from gradcli.errors import GradcliError, SpecError
from gradcli.problem import Arrays, Note, Problem, same


class Slope(Problem):
    """The derivative of ``inner`` along v, a random direction that is always the same.

    Raises SpecError where the engine does not know the operations behind its gradient.
    """

    value_name = "slope"

    def __init__(self, inner: Problem) -> None:
        if not inner.traced:
            raise SpecError(
                "order",
                "2 needs a problem whose every operation the engine knows; this one brings its own "
                "gradients, and no second ones",
            )
        self.inner = inner
        self.shows_point = inner.shows_point
        rng = np.random.default_rng(0)
        self._direction = {
            name: rng.standard_normal(primal.shape) for name, primal in inner.primals.items()
        }

    @property
    def title(self) -> str:
        return f"order 2 of {self.inner.title}"

    @property
    def document(self) -> dict[str, Any]:
        return self.inner.document

    @property
    def exact_document(self) -> dict[str, Any]:
        return self.inner.exact_document

    @property
    def primals(self) -> Arrays:
        return self.inner.primals

    @property
    def forms(self) -> Mapping[str, tuple[int, ...]]:
        return self.inner.forms

    @property
    def constants(self) -> Arrays:
        return self.inner.constants

    @cached_property
    def _gradients_at(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        return self.inner.stepper()

    def forward(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        tensors = {n: p if isinstance(p, Tensor) else Tensor(p) for n, p in primals.items()}
        with GradientTape() as tape:
            tape.watch(tensors)
            value = self.inner.forward(tensors, note)
        if not isinstance(value, Tensor):  # it depends on none of the primals
            return np.zeros(())
        gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
        return sum((self._along(name, g) for name, g in gradients.items()), np.zeros(()))

    def _along(self, name: str, gradient: Any) -> Any:
        return (gradient * self._direction[name].astype(gradient.dtype)).sum()

    def measured(self, primals: Arrays) -> dict[str, Any]:
        return self.inner.measured(primals)

    def in_float64(self) -> Slope:
        return Slope(self.inner.in_float64())

    def rounded(self) -> Slope | None:
        inner = self.inner.rounded()
        return None if inner is None else Slope(inner)

    def values(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The slope with ``name`` replaced by each of ``stack``: one first gradient each.

        It is nan where there is none.
        """
        if stack.dtype.kind == "c":
            raise SpecError("method", "complex goes with order 1: no gradient is complex")
        primals = self.primals
        return np.array([self._slope({**primals, name: moved}) for moved in stack], stack.dtype)

    def _slope(self, at: Arrays) -> float:
        try:
            gradients = self._gradients_at(at)[1]
        except GradcliError:
            return float("nan")
        return float(sum(np.sum(self._along(name, g)) for name, g in gradients.items()))

    @property
    def working_set(self) -> int:
        return 4 * self.inner.working_set

    @property
    def work(self) -> float:
        return 4 * self.inner.work

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        from gradcli.stepping import stepper

        return stepper(self)
