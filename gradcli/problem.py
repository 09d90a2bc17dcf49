"""A problem: named arrays and a value made from them, and the result with its gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy.typing as npt

from gradcli.engine import Array

if TYPE_CHECKING:
    from gradcli.steps import Step

Arrays = dict[str, npt.NDArray[Any]]
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
    traced: bool = True
    """Whether the engine follows its operations. If not, its gradients are made by itself (see
    ``replayed``), there are no steps, and how it rounds is known from its values alone."""

    kin: dict[Any, Any] | None = None
    """A place for what it has in common with all problems that differ from it in numbers only;
    None where nobody knows of them."""

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
    def exact_document(self) -> dict[str, Any]:
        """The same, what was given not rounded to the dtype: what ``in_float64`` is made from."""
        return self.document

    @property
    def primals(self) -> Arrays:
        """The arrays to differentiate with respect to, by name, in order."""

    @property
    def forms(self) -> Mapping[str, tuple[int, ...]]:
        """Shapes in which some of them were given: their gradients may come so, too."""
        return {}

    @property
    def constants(self) -> Arrays:
        """The other arrays that the value is made from, by name."""

    def forward(self, primals: Mapping[str, Array], note: Note) -> Array:
        """The value as a scalar, from Tensors or plain arrays; refused where it is none.

        Intermediates with a name are noted.
        """

    def scalar(self, arrays: Mapping[str, Array], note: Note) -> Array:
        """The value as a scalar at ``arrays``, which are primals and constants alike.

        Those of one ``kin`` give the same at the same arrays.
        """
        return self.forward({name: arrays[name] for name in self.primals}, note)

    def array(self, primals: Mapping[str, Array], note: Note) -> Array:
        """The value, of whatever shape."""
        return self.forward(primals, note)

    cautions: Sequence[str] = ()
    """What is to be said of it, whatever is done with it."""

    def unfit(self) -> str | None:
        """Why no verdict on it could be trusted, in words; None where one can."""
        return None

    def lacks_gradient(self) -> str | None:
        """Why there is no gradient here, in words; None where there is one."""
        return None

    def replayed(self, at: Arrays | None = None) -> Result | None:
        """The result at its own primals, or at others, where it is known without a tape."""
        return None

    def answered(self, result: Result) -> Any:
        """The value that an answer gives: the scalar, or the array that it is made of."""
        return result.value.reshape(self.value_shape)[()]

    def outputs(self, result: Result) -> Arrays:
        """What comes out besides the value, by name."""
        return {}

    def shown(self, result: Result) -> dict[str, Any]:
        """The arrays that an answer gives besides value and gradients, by name."""
        return {}

    def measured(self, primals: Arrays) -> dict[str, Any]:
        """What was asked for besides value and gradients, as it is at ``primals``, by name."""
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

    @property
    def work(self) -> float:
        """Multiply-adds that one evaluation takes, about; of code, whatever it does, a guess."""
        return 1e6

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
        given: Arrays,
        noted: Arrays,
        steps: Callable[[], list[Step]],
    ) -> None:
        self.value = value
        self.gradients = gradients
        self.given = given
        """What the value is made from: constants and primals."""
        self.noted = noted
        """The intermediates that have a name."""
        self._steps = steps

    @cached_property
    def steps(self) -> list[Step]:
        """Every operation, in order, with the gradient by its outcome and the rule in words."""
        return self._steps()


def same(name: str, value: Any) -> Any:
    """The note of those who do not listen."""
    return value
