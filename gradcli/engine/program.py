"""Program: a trace made once and replayed many times.

A Program writes a function's trace down as a straight-line Python function, forward and
backward, and compiles it: a replay skips all that a tape decides anew on every call (what is
a Tensor, what is watched, what to add up), which for small arrays costs more than the
arithmetic. ``Program.source`` is that function, to be read.

A course holds for the shapes and dtypes that it was traced with: for others the function is
traced again. What depends on the numbers themselves is computed anew by every replay (the
order of a sort), or refused while tracing (a branch).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from gradcli.engine.tensor import plain, require_floating
from gradcli.engine.trace import trace
from gradcli.engine.writer import Writer

MOST_COURSES = 64
"""Courses that a Program keeps; beyond, the oldest is forgotten."""


class Program:
    """The value and gradients of ``function(*args)``, traced first on example arguments.

    ``argnums`` are the arguments to differentiate with respect to. The function must take
    the same course for all arguments of one shape and dtype: a branch on a Tensor raises
    GradientError while tracing. Variables from outside are read anew by every replay; other
    things from outside (arrays, random numbers) stay what they were while tracing.

    With ``has_aux`` the function gives its value and a sequence of other outcomes, which are not
    differentiated; ``value_and_grad`` then gives these, too, in a tuple behind the gradients.

    With ``steps`` come, behind these, the outcomes of all operations that lead from ``argnums`` to
    the value, and the gradients by them: two tuples of arrays.

    Without ``argnums`` it runs forward alone, ``value``, and takes complex numbers, too, which go
    the course of real ones: so does a function that is analytic.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        args: Sequence[Any],
        argnums: int | Sequence[int] = (),
        has_aux: bool = False,
        steps: bool = False,
    ) -> None:
        chosen = (argnums,) if isinstance(argnums, int) else argnums
        _keep_freed_memory()
        self._argnums = [range(len(args))[i] for i in chosen]
        self._function = function
        self._has_aux = has_aux
        self._steps = steps
        self._courses: dict[tuple[Any, ...], Callable[..., Any]] = {}
        self.source = ""
        self._replay = self._course([np.asarray(plain(arg)) for arg in args])

    def value_and_grad(self, *args: Any) -> tuple[Any, ...]:
        """The value, and its gradient with respect to each of ``argnums``: plain arrays.

        Takes arrays or NumPy's numbers. An argument that the value does not depend on has
        the gradient None.
        """
        try:
            return self._replay(*args)  # type: ignore[no-any-return]
        except AttributeError:  # a number of Python's has no shape
            return self._other(*args)

    def value(self, *args: Any) -> Any:
        """The value alone, of the arguments that ``value_and_grad`` takes."""
        return self.value_and_grad(*args)[0]

    def _other(self, *args: Any) -> tuple[Any, ...]:
        """The same for arguments of other shapes or dtypes than the last ones."""
        arrays = [np.asarray(plain(arg)) for arg in args]
        self._replay = self._course(arrays)
        return self._replay(*arrays)  # type: ignore[no-any-return]

    def _course(self, args: list[Any]) -> Callable[..., Any]:
        key = _key(args)
        if key not in self._courses:
            for i in self._argnums:
                require_floating(args[i])
            # Not the Program itself: it, and all that its function holds, would outlive its use.
            other = {"key": key, "other": partial(Program._other, weakref.proxy(self))}
            traced = args if self._argnums else [np.real(arg) for arg in args]
            course = trace(self._function, traced, self._has_aux)
            writer = Writer(course, self._argnums, other, self._steps)
            self.source = writer.write()
            # Only names that we made.
            exec(compile(self.source, "<gradcli program>", "exec"), writer.scope)
            while len(self._courses) >= MOST_COURSES:
                self._courses.pop(next(iter(self._courses)), None)
            self._courses[key] = writer.scope.pop("program")
        return self._courses[key]


def _keep_freed_memory() -> None:
    """Let the C library keep the memory that one replay frees for the next.

    glibc hands free memory back to the system beyond twice the largest block that it has handed
    back so far, and asks for it anew page by page: for arrays of a few hundred kilobytes that takes
    longer than the arithmetic. A block of 32 MB, the largest that counts, which nobody touches,
    raises that limit; where there is no such limit, it does nothing. Without it a step of LeNet-5
    or of an LSTM asks for 700 pages, and takes 1.7 times as long.
    """
    np.empty(2**25 - 2**13, np.uint8)


def _key(args: list[Any]) -> tuple[Any, ...]:
    return tuple([part for arg in args for part in (arg.shape, arg.dtype)])
