"""The value and the gradient of a problem, and why some have none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.engine import Array, GradientTape, Tensor, plain
from gradcli.errors import GradcliError
from gradcli.problem import Arrays, Note, Problem, Result, same

if TYPE_CHECKING:
    from gradcli.engine.recording import Record
    from gradcli.steps import Step


@contextmanager
def quiet() -> Iterator[None]:
    """Overflow and the like give inf and nan, and nobody is told on stderr."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class Recorded(NamedTuple):
    """A problem's value, with the tape that followed its primals there."""

    tensors: dict[str, Tensor]
    tape: GradientTape
    value: Array


def recorded(problem: Problem, at: Arrays, note: Note = same) -> Recorded:
    """Evaluate ``problem`` at the primals ``at``, followed by a tape."""
    tensors = {name: Tensor(array) for name, array in at.items()}
    with GradientTape() as tape:
        tape.watch(tensors)
        value = problem.forward(tensors, note)
    return Recorded(tensors, tape, value)


def differentiate(problem: Problem, at: Arrays | None = None) -> Result:
    """The value of ``problem``, the gradient by each primal, and every step.

    Each gradient has its primal's shape and dtype; zeros where the value does not depend on
    it. Overflow and the like give inf and nan, silently: see ``nonfinite``. ``at`` are other
    primals than its own.
    """
    return problem.replayed(at) or by_tape(problem, at)


def by_tape(problem: Problem, at: Arrays | None = None) -> Result:
    """As ``differentiate``, each operation followed by a tape."""
    require_variables(problem)
    noted: dict[str, Any] = {}

    def note(name: str, value: Any) -> Any:
        noted[name] = value
        return value

    with quiet():
        tensors, tape, value = recorded(problem, at or problem.primals, note)
        if not isinstance(value, Tensor):  # it depends on none of the primals
            value = Tensor(np.asarray(value))
        require_scalar(value.value)
        records = tape.records
        gradients, by_record = tape.gradient(value, (tensors, [r.out for r in records]))
    named = (problem.constants, tensors, noted)
    names = {id(value): name for arrays in named for name, value in arrays.items()}
    return Result(
        plain(value),
        {
            name: np.zeros_like(tensors[name].value) if g is None else np.asarray(g.value)
            for name, g in gradients.items()
        },
        {**problem.constants, **{name: t.value for name, t in tensors.items()}},
        {name: np.asarray(plain(v)) for name, v in noted.items()},
        partial(_steps, records, by_record, names),
    )


def _steps(
    records: tuple[Record, ...], gradients: list[Tensor | None], names: dict[int, str]
) -> list[Step]:
    from gradcli.steps import steps_of  # only who looks at the way there needs them

    return steps_of(records, gradients, names)


def require_variables(problem: Problem) -> None:
    """Raise GradcliError where there is nothing to differentiate with respect to."""
    if not problem.primals:
        raise GradcliError(f"a derivative {_VARIABLE}")


_VARIABLE = "needs a variable: give one, such as x=1"


def lacks_gradient(primals: Arrays, value: Any) -> str | None:
    """Why ``value``, made from ``primals``, has no gradient; None where it has one."""
    if not primals:
        return f"a gradient {_VARIABLE}"
    if value.size != 1 and not _unreal(value):
        return "a gradient needs one number: take sum(...), or ask for the jacobian"
    return _unreal(value)


def require_real(value: Array) -> None:
    """Raise GradcliError where ``value`` is a position, or true or false."""
    if told := _unreal(value):
        raise GradcliError(told)


def _unreal(value: Array) -> str | None:
    if value.dtype.kind not in "iub":
        return None
    what = "true or false" if value.dtype.kind == "b" else "a position, a whole number"
    return f"no gradient: the value is {what}"


def require_scalar(value: Any) -> None:
    """Raise GradcliError unless ``value`` is one number."""
    if np.size(value) != 1:
        raise GradcliError(
            f"the value has shape {np.shape(value)}, and a gradient needs one number: "
            "take the sum(...), or ask for the jacobian"
        )
