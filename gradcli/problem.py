"""A problem: named arrays, a scalar made from them, and its gradient."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, GradientTape, Tensor, plain
from gradcli.engine.recording import Record
from gradcli.errors import GradcliError

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
    """What every verb works on."""

    minima: tuple[Minimum, ...] = ()
    """Those that are known of it."""
    walk: Walk = Walk()

    @property
    def title(self) -> str:
        """One line that says what was built."""

    @property
    def primals(self) -> Arrays:
        """The arrays to differentiate with respect to, by name, in order."""

    @property
    def constants(self) -> Arrays:
        """The other arrays that the value is made from, by name."""

    def forward(self, primals: Mapping[str, Array], note: Note) -> Array:
        """The scalar, from Tensors or plain arrays; intermediates with a name are noted."""

    def in_float64(self) -> Self:
        """The same problem in float64: given arrays as given, drawn ones as they are."""

    def rounded(self) -> Self | None:
        """In float64 at the very numbers of its own dtype; None where it is float64."""

    def values(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The scalar with the primal ``name`` replaced by each array of ``stack`` in turn.

        ``stack`` is (K, *shape), of float64 or complex128; the answer is (K,).
        """

    @property
    def working_set(self) -> int:
        """Bytes that one evaluation in float64 takes besides the primals, about."""

    @property
    def shows_point(self) -> bool:
        """Whether its primals are few enough to be shown as a point."""

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        """A function of primals that gives ``(value, gradients)``, for repeated steps."""

    def mistakes(self) -> Iterator[tuple[str, Arrays]]:
        """Gradients as known mistakes in a backward pass give them, each with its name."""


class Step(NamedTuple):
    """One operation of a problem, with the gradient of the scalar by its outcome."""

    name: str
    op: str
    inputs: list[str]
    value: npt.NDArray[Any]
    gradient: npt.NDArray[Any]
    rule: str
    """The gradient of each input; g is the gradient of this step's own value."""
    record: Record
    """The operation itself."""


UNUSED = "none: the value is not made from this step"
"""In place of the rule of a step that leads nowhere."""


class Result(NamedTuple):
    """A problem's value (dtype of its arrays), its gradients and the way there."""

    value: Any
    gradients: Arrays
    steps: list[Step]
    noted: Arrays


@contextmanager
def quiet() -> Iterator[None]:
    """Overflow and the like give inf and nan, and nobody is told on stderr."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def differentiate(problem: Problem) -> Result:
    """The value of ``problem``, the gradient by each primal, and every step.

    Each gradient has its primal's shape and dtype; zeros where the value does not depend on
    it. Overflow and the like give inf and nan, silently: see ``nonfinite``.
    """
    require_variables(problem)
    tensors = {name: Tensor(array) for name, array in problem.primals.items()}
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
        gradients, by_step = tape.gradient(value, (tensors, [r.out for r in records]))
    return Result(
        plain(value),
        {
            name: np.zeros_like(tensors[name].value) if g is None else np.asarray(g.value)
            for name, g in gradients.items()
        },
        _steps(records, by_step, names),
        {name: np.asarray(plain(v)) for name, v in noted.items()},
    )


def require_variables(problem: Problem) -> None:
    """Raise GradcliError where there is nothing to differentiate with respect to."""
    if not problem.primals:
        raise GradcliError("a derivative needs a variable: give one, such as x=1")


def require_scalar(value: Any) -> None:
    """Raise GradcliError unless ``value`` is one number."""
    if np.size(value) != 1:
        raise GradcliError(
            f"the value has shape {np.shape(value)}, and a gradient needs one number: "
            "take the sum(...), or ask for --jacobian"
        )


def _steps(
    records: tuple[Record, ...], gradients: list[Tensor | None], names: dict[int, str]
) -> list[Step]:
    steps = []
    unnamed = 0
    for record, gradient in zip(records, gradients):
        if id(record.out) not in names:
            unnamed += 1
            names[id(record.out)] = f"v{unnamed}"
        name, shown = names[id(record.out)], _inputs(record, names)
        steps.append(
            Step(
                name,
                record.op.name,
                shown,
                np.asarray(record.out.value),
                np.asarray(np.zeros_like(record.out.value) if gradient is None else gradient.value),
                UNUSED if gradient is None else _rule(record, shown, name),
                record,
            )
        )
    return steps


def _inputs(record: Record, names: dict[int, str]) -> list[str]:
    shown = []
    for arg in record.args:
        if id(arg) in names:
            shown.append(names[id(arg)])
        elif arg is None or getattr(plain(arg), "dtype", None) == np.bool_:
            shown.append(str(plain(arg)) if np.ndim(arg) == 0 else f"constant{np.shape(arg)}")
        elif np.ndim(plain(arg)) == 0:
            shown.append(f"{plain(arg):.7g}")
        else:
            shown.append(f"constant{np.shape(plain(arg))}")
    defaults = record.op.defaults
    for key, value in record.settings.items():
        if key not in defaults or repr(value) != repr(defaults[key]):
            shown.append(f"{key}={value}")
    return shown


def _rule(record: Record, shown: list[str], out: str) -> str:
    """The gradient of each input that the step takes, in the names of this problem."""
    names = dict(zip(record.op.names, shown[: len(record.args)])) | {"y": out}
    letter = re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")
    return ", ".join(
        f"d{name} = {letter.sub(lambda found: names[found[0]], rule)}"
        for name, rule, arg in zip(shown, record.op.rules, record.args)
        if rule and isinstance(arg, Tensor)
    )


def nonfinite(problem: Problem, result: Result) -> str | None:
    """Where the first nan or infinity came from; None where the value is finite."""
    if np.all(np.isfinite(result.value)):
        return None
    for name, array in {**problem.primals, **problem.constants}.items():
        found = first_nonfinite(array)
        if found:
            return f"{name} holds {found}"
    for step in result.steps:
        found = first_nonfinite(step.value)
        if found:
            return f"{found}, first made by {step.op}: {_made(step)}"
    return f"the value is {result.value}"


def nonfinite_gradient(gradients: Arrays, steps: list[Step]) -> str | None:
    """Which of ``gradients`` is not finite, and what first made it so; None where all are finite.

    On the way back that is the step whose own gradient is finite while what its rule gives to an
    input is not, or the one whose finite gradients add up to one that is not.
    """
    told = nonfinite_among(gradients)
    if told is None:
        return None
    names = {step.name for step in steps} | gradients.keys()
    with np.errstate(all="ignore"):
        for step in reversed(steps):
            if not np.all(np.isfinite(step.gradient)):
                return f"{told}, first made on the way back by adding up those of {step.name}"
            if step.rule != UNUSED and _makes_nonfinite(step, names):
                return f"{told}, first made on the way back by {step.op}: {_made(step)}"
    return told


def nonfinite_among(arrays: Arrays) -> str | None:
    """The first nan or infinity in ``arrays`` by name; None where all are finite."""
    for name, array in arrays.items():
        found = first_nonfinite(array)
        if found:
            return f"{name} has {found}"
    return None


def _makes_nonfinite(step: Step, names: set[str]) -> bool:
    """Whether the rule of ``step`` gives one of ``names`` what is not finite."""
    record = step.record
    for vjp, arg, name in zip(record.vjps, record.args, step.inputs):
        if vjp is not None and isinstance(arg, Tensor) and name in names:
            given = vjp(step.gradient[()], record.out.value, *record.values, **record.settings)
            if not np.all(np.isfinite(given)):
                return True
    return False


def _made(step: Step) -> str:
    return f"{step.name} = {step.op}({', '.join(step.inputs)})"


def first_nonfinite(array: Any) -> str | None:
    """The first nan or infinity in ``array``, and where; None where all is finite."""
    array = np.asarray(array)
    where = np.argwhere(~np.isfinite(array))
    if not len(where):
        return None
    index = tuple(int(i) for i in where[0])
    at = f" at {list(index)}" if index else ""
    return f"{array[index]}{at}"
