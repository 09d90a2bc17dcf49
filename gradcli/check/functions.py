"""Plain functions of NumPy's and hand-written backward passes, checked in anybody's tests."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from gradcli.check.check import Checked, check
from gradcli.check.judge import PASS, ParameterVerdict
from gradcli.check.plan import Options
from gradcli.suggest import counted, place


@dataclass(frozen=True, repr=False)
class FunctionCheck:
    """The verdict on a function's gradients; as text, a line for each array."""

    checked: Checked
    cautions: Sequence[str]
    """What else was seen, such as that it writes to its arguments."""

    @property
    def verdict(self) -> str:
        """pass, fail or inconclusive."""
        return self.checked.verdict

    def require(self) -> Self:
        """The same, if it has passed. Raises AssertionError, with the verdict in words, if not."""
        if self.verdict != PASS:
            raise AssertionError(str(self))
        return self

    def __str__(self) -> str:
        lines = [f"{self.checked.title}: {self.verdict}"]
        if self.checked.nonfinite:
            lines.append(f"the value is not finite: {self.checked.nonfinite}")
        lines += [f"{name}: {_told(verdict)}" for name, verdict in self.checked.params.items()]
        return "\n".join([*lines, *self.cautions])

    def __repr__(self) -> str:
        return str(self)


def check_function(
    function: Callable[..., Any],
    backward: Callable[..., Any] | None = None,
    inputs: Mapping[str, Any] | None = None,
    upstream: Any = None,
    wrt: Sequence[str] | None = None,
    options: Options = Options(),  # noqa: B008  (immutable)
    seed: int = 0,
) -> FunctionCheck:
    """Check the gradients of ``function`` at ``inputs``, by the names of its parameters.

    It may be plain NumPy, of which the engine's own gradients are checked; give (loss, grads); or
    be a forward pass, (out, cache), with its ``backward`` pass, (dout, cache) -> grads. It is
    differentiated by the NumPy arrays of floating-point numbers, or those that ``wrt`` names; all
    else is held fixed: whole numbers, Python's numbers, dicts. Every call gets copies.

    ``upstream`` is the gradient by the output, of its shape, or a list of those by several; by
    default they are drawn, normal, from ``seed``. Raises GradcliError where the function fails,
    or gives something else than is needed::

        check_function(affine, affine_backward, {"x": x, "w": w, "b": b}).require()
    """
    from gradcli.code.inputs import Inputs
    from gradcli.code.python import Asked, problem_of
    from gradcli.inputs.streams import NumpyStream

    given = dict(inputs or {})
    arrays = {
        name: np.asarray(value)
        for name, value in given.items()
        if isinstance(value, (np.ndarray, np.generic))
    }
    settings = {name: value for name, value in given.items() if name not in arrays}
    stream = NumpyStream(seed)
    several = upstream if isinstance(upstream, (list, tuple)) else [upstream]
    asked = Asked(wrt, upstreams=() if upstream is None else several)
    problem = problem_of(
        _function(function),
        None if backward is None else _function(backward),
        Inputs(arrays, settings),
        lambda: stream,
        asked,
        {},
    )
    return FunctionCheck(check(problem, options), [] if problem.unfit() else problem.cautions)


def _function(call: Callable[..., Any]) -> Any:
    from gradcli.code.loading import Function

    try:
        file = inspect.getsourcefile(call) or ""
    except TypeError:  # of C
        file = ""
    return Function(call, getattr(call, "__qualname__", repr(call)).split("<locals>.")[-1], file)


def _told(verdict: ParameterVerdict) -> str:
    """One line on an array: the verdict, its cause, and the worst entry with both values."""
    if verdict.verdict == PASS:
        return f"pass, {counted(verdict.entries, 'entry', 'entries')}"
    parts = [verdict.cause] if verdict.cause else []
    if verdict.failed:
        parts.insert(0, f"{verdict.failed:,} of {counted(verdict.entries, 'entry', 'entries')} off")
    if verdict.kinks:
        parts.append(f"{counted(len(verdict.kinks), 'kink')}, the first{place(verdict.kinks[0])}")
    if verdict.unsure:
        parts.append(f"{len(verdict.unsure):,} not measured")
    if not math.isnan(verdict.numeric):
        where = str(verdict.worst_index) if verdict.shape else "it"
        parts.append(f"{where} is {verdict.backprop:.10g}, numeric {verdict.numeric:.10g}")
    return f"{verdict.verdict}: {'; '.join(parts)}"
