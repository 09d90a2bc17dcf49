"""Code that has gradients of its own, as a problem: the engine does not follow it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from gradcli.code.callee import Callee, Reply, Undefined
from gradcli.code.gradients import amiss, chosen, misshapen, require_floating
from gradcli.code.inputs import Inputs
from gradcli.code.trial import tried
from gradcli.engine import Array, Tensor
from gradcli.errors import GradcliError, SpecError
from gradcli.inputs.bindings import moved
from gradcli.inputs.upstreams import upstreams_of
from gradcli.inputs.values import written
from gradcli.problem import Arrays, Note, Problem, Result, same
from gradcli.suggest import printable

if TYPE_CHECKING:
    from gradcli.inputs.streams import Stream


class Code(NamedTuple):
    """Code that can be called, and how a specification names it."""

    callee: Callee
    title: str
    document: Mapping[str, Any]
    outputs: Sequence[str] = ()
    """The names of its outputs besides the first."""
    weighted: bool = False
    """Whether a single number has an upstream gradient, too, as arrays have."""

    def name_of(self, i: int) -> str:
        """What its output number ``i`` is called."""
        return ["value", *self.outputs][i] if i <= len(self.outputs) else f"output{i + 1}"


class CodeProblem(Problem):
    """``code`` at ``inputs``. Its value is the first of its outputs.

    Its gradients are those that it gives itself, of the sum of output * upstream over all its
    outputs. ``upstreams`` has VALUEs by the names ``upstream`` and ``upstream_NAME`` of another
    output, or one for each; the others are drawn, ``normal`` from ``stream``. ``wrt`` are by
    default all floating-point arrays by which it gives a gradient; these are handed over in
    ``dtype``.
    """

    traced = False
    shows_point = True

    def __init__(
        self,
        code: Code,
        inputs: Inputs,
        stream: Callable[[], Stream],
        wrt: Sequence[str] | None = None,
        dtype: str = "float64",
        upstreams: Mapping[str, Any] | Sequence[Any] = (),
        folder: str | None = None,
    ) -> None:
        self.code = code
        self.inputs = inputs
        self.dtype = np.dtype(dtype)
        self._arrays = inputs.cast(dtype)

        def fitted(outputs: Sequence[Any]) -> list[Any]:
            shapes = [np.shape(output) for output in outputs]
            if shapes == [()] and not code.weighted and not upstreams:
                return [np.ones((), self.dtype)]
            self._weighted = True
            named = dict(zip(self._upstream_names(len(shapes)), shapes))
            found = upstreams_of(named, upstreams, folder, stream)
            return [upstream.astype(self.dtype) for upstream in found]

        require_floating(wrt or (), inputs)
        self._weighted = False
        trial = tried(code.callee, code.title, inputs, self._arrays, fitted)
        self._upstreams = [np.asarray(upstream) for upstream in trial.upstreams]
        self._shapes = [np.shape(output) for output in trial.reply.outputs]
        self._unfit = trial.unfit
        self._gives = list(trial.reply.gradients or {})
        self._all = not wrt
        self._wrt = chosen(wrt or (), inputs, self._gives, code.title)
        unfit = [f"{code.title}: {self._unfit}"] if self._unfit else []
        names = self._wrt if wrt else inputs.floating
        unfitting = amiss(trial.reply.gradients or {}, self._arrays, names, code.title)
        self.cautions = [*trial.cautions, *unfit, *unfitting]

    @property
    def title(self) -> str:
        sizes = {n: "x".join(map(str, a.shape)) for n, a in self._arrays.items()}
        told = [f"{name} {size}".rstrip() for name, size in sizes.items()]
        names = ", ".join([*told, *self.inputs.settings])
        return printable(f"{self.code.title}({names}), {self.dtype}")

    @property
    def document(self) -> dict[str, Any]:
        return self._document(self._arrays)

    @property
    def exact_document(self) -> dict[str, Any]:
        return self._document(self.inputs.arrays)

    def _document(self, arrays: Arrays) -> dict[str, Any]:
        wide = self.inputs._replace(arrays=arrays).cast(np.float64)
        values = {name: written(a, self.inputs.files.get(name)) for name, a in wide.items()}
        upstreams = self.shown_upstreams
        first = {n: upstreams.pop(n) for n in ("upstream",) if n in upstreams}
        settings = {"settings": dict(self.inputs.settings)} if self.inputs.settings else {}
        wrt = {} if self._all else {"wrt": list(self._wrt)}
        named = {**self.code.document, "values": {**values, **upstreams}}
        return {**named, **settings, "dtype": self.dtype.name, **wrt, **first}

    @property
    def primals(self) -> Arrays:
        return {name: self._arrays[name] for name in self._wrt}

    @property
    def constants(self) -> Arrays:
        others = {n: a for n, a in self._arrays.items() if n not in self._wrt}
        return {**others, **self.shown_upstreams}

    @property
    def shown_upstreams(self) -> Arrays:
        """The upstream gradients by name; none where a number has none."""
        names = self._upstream_names(len(self._shapes))
        return dict(zip(names, self._upstreams)) if self._weighted else {}

    def forward(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        """The sum of output * upstream over all outputs, in float64."""
        return self._scalar(self._call(primals).outputs)

    def array(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        return np.asarray(self._call(primals).outputs[0])[()]

    def replayed(self, at: Arrays | None = None) -> Result | None:
        return self._answered(at or self.primals)

    def _answered(self, at: Arrays) -> Result:
        reply = self._call(at, self._upstreams)
        noted = {self.code.name_of(i): np.asarray(o) for i, o in enumerate(reply.outputs)}
        given = {**self.constants, **at}
        found = reply.gradients or {n: np.full(np.shape(given[n]), np.nan) for n in self._wrt}
        gradients = {name: np.asarray(found[name]) for name in self._wrt}
        return Result(self._scalar(reply.outputs), gradients, given, noted, list)

    def answered(self, result: Result) -> Any:
        return result.noted["value"][()]

    def outputs(self, result: Result) -> Arrays:
        return {name: array for name, array in result.noted.items() if name != "value"}

    def shown(self, result: Result) -> dict[str, Any]:
        return dict(self.shown_upstreams)

    def unfit(self) -> str | None:
        return self._unfit

    def lacks_gradient(self) -> str | None:
        if not self.inputs.floating:
            return "a gradient needs an array of floating-point numbers: give one, such as x=1"
        return None if self._gives else f"{self.code.title} gives no gradients"

    def trainable(self) -> Problem:
        """The same, where values from files stay where they are, unless it was told otherwise."""
        wrt = moved(self._wrt, self.inputs.files) if self._all else self._wrt
        if wrt == self._wrt:
            return self
        other = copy(self)
        other._wrt, other._all = wrt, False
        return other

    def in_float64(self) -> Self:
        return self._wide(self.inputs.arrays)

    def rounded(self) -> Self | None:
        return None if self.dtype == np.float64 else self._wide(self._arrays)

    def _wide(self, arrays: Arrays) -> Self:
        """The same at ``arrays``, handed over in float64."""
        other = copy(self)
        other.inputs = self.inputs._replace(arrays=arrays)
        other.dtype = np.dtype(np.float64)
        other._arrays = other.inputs.cast(other.dtype)
        other._upstreams = [upstream.astype(other.dtype) for upstream in self._upstreams]
        return other

    def values(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The value with ``name`` replaced by each of ``stack`` (K, *shape): (K,), float64.

        It is nan where there is none, because the code stops there.
        """
        if stack.dtype.kind == "c" and not self.traced:
            raise SpecError("method", "complex needs functions that the engine follows")
        found = np.empty(len(stack), np.result_type(stack, np.float64))
        primals = self.primals
        for i, moved_there in enumerate(stack):
            try:
                found[i] = self.forward({**primals, name: moved_there})
            except Undefined:
                found[i] = np.nan
        return found

    @property
    def working_set(self) -> int:
        return 64 * sum(array.size for array in self._arrays.values())

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        if not self._gives:
            raise GradcliError(f"{self.code.title} gives no gradients")

        def step(primals: Arrays) -> tuple[Any, Arrays]:
            result = self._answered(primals)
            for name, gradient in result.gradients.items():
                if gradient.shape != np.shape(primals[name]):
                    raise GradcliError(misshapen(name, gradient, primals[name]))
            return result.value, result.gradients

        return step

    def _call(self, at: Mapping[str, Array], upstreams: Sequence[Any] | None = None) -> Reply:
        if any(isinstance(value, Tensor) for value in at.values()):
            told = "has gradients of its own, of the first order: the engine does not follow it"
            raise GradcliError(f"{self.code.title} {told}")
        arrays = {**self._arrays, **{n: np.asarray(a, self.dtype) for n, a in at.items()}}
        given = None if upstreams is None else [np.array(u)[()] for u in upstreams]
        reply = self.code.callee(self.inputs.handed(arrays), given)
        shapes = [np.shape(output) for output in reply.outputs]
        if shapes != self._shapes:
            told = f"outputs of shapes {self._shapes} at first, and then of {shapes}"
            raise GradcliError(f"{self.code.title} gives {told}")
        return reply

    def _scalar(self, outputs: Sequence[Any]) -> np.float64:
        """Summed up in float64, whatever the code computes in: a derivative is a difference."""
        return np.float64(
            sum(
                np.sum(np.asarray(output, np.float64) * upstream)
                for output, upstream in zip(outputs, self._upstreams)
            )
        )

    def _upstream_names(self, count: int) -> list[str]:
        others = [f"upstream_{self.code.name_of(i)}" for i in range(1, count)]
        return ["upstream", *others]
