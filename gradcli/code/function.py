"""A plain function of NumPy's as a problem: the engine follows it through NumPy's protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.code.arguments import Arguments
from gradcli.code.callee import Reply
from gradcli.code.gradients import real
from gradcli.code.loading import Function
from gradcli.code.problem import CodeProblem
from gradcli.code.trial import apart
from gradcli.engine import Array, Tensor, plain
from gradcli.engine.ops.reduction import sum as array_sum
from gradcli.errors import GradcliError
from gradcli.gradient import quiet, recorded
from gradcli.problem import Arrays, Note, Result, same


class Plain(NamedTuple):
    """A function that returns its value alone."""

    function: Function
    arguments: Arguments

    def through(self, inputs: Mapping[str, Any]) -> Any:
        """What it returns for arrays, or for Tensors."""
        with self.function.running():
            return self.arguments.call(self.function.call, inputs)

    def __call__(self, inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        return Reply([real(self.through(inputs), f"{self.function.title}: the value")])


class FunctionProblem(CodeProblem):
    """The value of a plain function, followed by the engine. ``code`` calls a Plain."""

    traced = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        assert isinstance(self.code.callee, Plain)
        self._plain = self.code.callee
        self._require_followed()

    def forward(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        """The value as a scalar: sum(value * upstream) of an array."""
        value = self.array(primals, note)
        if self._weighted:
            return array_sum(value * self._upstreams[0])
        return value

    def array(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        tensors = {name: value for name, value in primals.items() if isinstance(value, Tensor)}
        arrays = {**self._arrays, **{n: v for n, v in primals.items() if n not in tensors}}
        handed = {**self.inputs.handed(arrays), **tensors}
        value = self._plain.through(handed)
        return note("value", value if isinstance(value, Tensor) else np.asarray(value)[()])

    def replayed(self, at: Arrays | None = None) -> Result | None:
        return None

    def lacks_gradient(self) -> str | None:
        return None if self.inputs.floating else super().lacks_gradient()

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        from gradcli.stepping import stepper  # a plain answer needs none of it

        return stepper(self)

    def _require_followed(self) -> None:
        """Raise GradcliError where the engine does not follow the function, or elsewhere."""
        if not self.primals:
            return
        noted: dict[str, Any] = {}
        with quiet():
            expected, again = (np.asarray(self.array(self.primals)) for _ in range(2))
            if apart([expected], [again]):
                return  # not repeatable, which is told of it
            try:
                recorded(self, self.primals, lambda name, value: noted.setdefault(name, value))
            except GradcliError as error:
                raise GradcliError(f"{error}; {_INSTEAD}") from error
            if apart([expected], [np.asarray(plain(noted["value"]))], _ROUNDINGS):
                title = self._plain.function.title
                told = "has another value where the engine follows it, as what it writes into has"
                raise GradcliError(f"{title} {told} other names, too: write x = x + 1; {_INSTEAD}")


_ROUNDINGS = 1e6
"""By which the value may differ where the engine computes it."""
_INSTEAD = "or name its backward pass, key backward"
