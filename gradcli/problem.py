"""A problem: named arrays, a value made from them, and its gradient."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, GradientTape, Tensor, plain
from gradcli.engine.recording import Record
from gradcli.errors import GradcliError
from gradcli.steps import Arrays as Arrays
from gradcli.steps import Step, steps_of

Note = Callable[[str, Any], Any]
"""Called with a name and a value as each intermediate is made; gives the value back."""
Minimum = tuple[float, float, float]
"""A published minimum of two variables: x, y and the value there."""


class Walk(NamedTuple):
    """How to walk downhill on a problem where nothing else is asked for."""

    lr: float = 0.01
    steps: int = 200


class Problem(Protocol):
    """What every verb works on. Problems inherit from it, and have what it has by default."""

    value_name: str = "value"
    """What its value is called."""
    value_shape: tuple[int, ...] = ()
    """The shape of its value where that counts as a scalar: it may have axes of length 1."""
    shows_point: bool = False
    """Whether its primals are few enough to be shown as a point."""

    minima: tuple[Minimum, ...] = ()
    """Those that are known of it."""
    walk: Walk = Walk()
    """What suits it."""

    @property
    def title(self) -> str:
        """One line that says what was built."""

    @property
    def document(self) -> dict[str, Any]:
        """The specification that gives this problem again, nothing left to defaults."""

    @property
    def primals(self) -> Arrays:
        """The arrays to differentiate with respect to, by name, in order."""

    @property
    def constants(self) -> Arrays:
        """The other arrays that the value is made from, by name."""

    def forward(self, primals: Mapping[str, Array], note: Note) -> Array:
        """The value as a scalar, from Tensors or plain arrays; refused where it is none.

        Intermediates with a name are noted.
        """

    def array(self, primals: Mapping[str, Array], note: Note) -> Array:
        """The value, of whatever shape."""
        return self.forward(primals, note)

    def lacks_gradient(self) -> str | None:
        """Why there is no gradient here, in words; None where there is one."""
        return None

    def shown(self, result: Result) -> dict[str, Any]:
        """The arrays that an answer gives besides value and gradients, by name."""
        return {}

    def lint(self, result: Result) -> list[str]:
        """What is allowed, and yet seldom meant."""
        return []

    def trainable(self) -> Problem:
        """The problem that a walk moves: data from files stay where they are."""
        return self

    def in_float64(self) -> Problem:
        """The same problem in float64: given arrays as given, drawn ones as they are."""

    def rounded(self) -> Problem | None:
        """In float64 at the very numbers of its own dtype; None where it is float64."""

    def values(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The scalar with the primal ``name`` replaced by each array of ``stack`` in turn.

        ``stack`` is (K, *shape), of float64 or complex128; the answer is (K,).
        """

    @property
    def working_set(self) -> int:
        """Bytes that one evaluation in float64 takes besides the primals, about."""

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        """A function of primals that gives ``(value, gradients)``, for repeated steps."""

    def mistakes(self) -> Iterator[tuple[str, Arrays]]:
        """Gradients as known mistakes in a backward pass give them, each with its name."""
        return iter(())


class Result:
    """A problem's value (dtype of its arrays), its gradients and, where asked, the way there."""

    def __init__(
        self,
        value: Any,
        gradients: Arrays,
        noted: Arrays,
        records: tuple[Record, ...],
        by_record: list[Tensor | None],
        names: dict[int, str],
        given: Arrays,
    ) -> None:
        self.value = value
        self.gradients = gradients
        self.noted = noted
        """The intermediates that have a name."""
        self.given = given
        """What the value is made from: constants and primals."""
        self._recorded = records, by_record, names

    @cached_property
    def steps(self) -> list[Step]:
        """Every operation, in order, with the gradient by its outcome and the rule in words."""
        return steps_of(*self._recorded)


@contextmanager
def quiet() -> Iterator[None]:
    """Overflow and the like give inf and nan, and nobody is told on stderr."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def same(name: str, value: Any) -> Any:
    """The note of those who do not listen."""
    return value


def differentiate(problem: Problem, at: Arrays | None = None) -> Result:
    """The value of ``problem``, the gradient by each primal, and every step.

    Each gradient has its primal's shape and dtype; zeros where the value does not depend on
    it. Overflow and the like give inf and nan, silently: see ``nonfinite``. ``at`` are other
    primals than its own.
    """
    require_variables(problem)
    tensors = {name: Tensor(array) for name, array in (at or problem.primals).items()}
    names: dict[int, str] = {id(array): name for name, array in problem.constants.items()}
    names.update({id(t): name for name, t in tensors.items()})
    noted: dict[str, Any] = {}

    def note(name: str, value: Any) -> Any:
        names[id(value)] = name
        noted[name] = value
        return value

    with quiet():
        with GradientTape() as tape:
            tape.watch(tensors)
            value = problem.forward(tensors, note)
        if not isinstance(value, Tensor):  # it depends on none of the primals
            value = Tensor(np.asarray(value))
        require_scalar(value.value)
        records = tape.records
        gradients, by_record = tape.gradient(value, (tensors, [r.out for r in records]))
    return Result(
        plain(value),
        {
            name: np.zeros_like(tensors[name].value) if g is None else np.asarray(g.value)
            for name, g in gradients.items()
        },
        {name: np.asarray(plain(v)) for name, v in noted.items()},
        records,
        by_record,
        names,
        {**problem.constants, **{name: t.value for name, t in tensors.items()}},
    )


def require_variables(problem: Problem) -> None:
    """Raise GradcliError where there is nothing to differentiate with respect to."""
    if not problem.primals:
        raise GradcliError("a derivative needs a variable: give one, such as x=1")


_NO_REAL = {
    False: "no gradient: the value is a position, a whole number",
    True: "no gradient: the value is true or false",
}


def lacks_gradient(primals: Arrays, value: Any) -> str | None:
    """Why ``value``, made from ``primals``, has no gradient; None where it has one."""
    if not primals:
        return "a gradient needs a variable: give one, such as x=1"
    if value.dtype.kind in "iub":
        return _NO_REAL[value.dtype.kind == "b"]
    if value.size != 1:
        return "a gradient needs one number: take sum(...), or ask for the jacobian"
    return None


def require_real(value: Array) -> None:
    """Raise GradcliError where ``value`` is a position, or true or false."""
    if value.dtype.kind in "iub":
        raise GradcliError(_NO_REAL[value.dtype.kind == "b"])


def require_scalar(value: Any) -> None:
    """Raise GradcliError unless ``value`` is one number."""
    if np.size(value) != 1:
        raise GradcliError(
            f"the value has shape {np.shape(value)}, and a gradient needs one number: "
            "take the sum(...), or ask for the jacobian"
        )
