"""A formula with values for its names: a Problem."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, GradientTape, Program, Tensor, plain
from gradcli.errors import FormulaError, GradientError, SpecError
from gradcli.formula.landscapes import Landscape
from gradcli.formula.language import compile_formula
from gradcli.names import suggestion
from gradcli.problem import Arrays, Note


class Formula:
    """The value of ``text`` at ``values``, by name; float arrays of one dtype.

    ``wrt`` names the variables to differentiate with respect to: by default all that the
    formula uses. An intermediate (``y1`` in ``y1 = x*w; y1^2``) may be among them; the
    gradients of the others still go through it.
    """

    def __init__(
        self,
        text: str,
        values: Mapping[str, Any],
        wrt: Sequence[str] | None = None,
        dtype: str = "float64",
    ) -> None:
        self.text = text
        self.landscape: Landscape | None = None
        """The landscape that the formula is, if it is one."""
        self.dtype = np.dtype(dtype)
        self.values_given: Arrays = {
            name: np.asarray(value).astype(self.dtype) for name, value in values.items()
        }
        self._compiled = compile_formula(text, values)
        self._base: Arrays = {}
        with np.errstate(all="ignore"):
            self.value = self._run(self.values_given)
        self._wrt = self._chosen(wrt)

    shows_point = True

    @property
    def title(self) -> str:
        return " ".join(self.text.split())

    @property
    def free(self) -> list[str]:
        """The names that the formula uses of those that were given."""
        return self._compiled.free

    @property
    def primals(self) -> Arrays:
        known = {**self._base, **self.values_given}
        return {name: known[name] for name in self._wrt}

    @property
    def constants(self) -> Arrays:
        return {n: v for n, v in self.values_given.items() if n not in self._wrt}

    def forward(self, primals: Mapping[str, Array], note: Note = lambda _, value: value) -> Array:
        """The value at ``primals``; the other names keep theirs."""

        def assign(name: str, value: Array) -> Array:
            if name in primals:
                # Moved as far as the intermediate itself is moved, and still connected.
                value = value + (primals[name] - self._base[name])
            return note(name, value)

        value = self._run({**self.values_given, **primals}, assign)
        if isinstance(value, Tensor) or np.iscomplexobj(value):
            return value
        return np.asarray(value, self.dtype)[()]

    def in_float64(self) -> Self:
        """The same formula at the same point in float64."""
        return type(self)(self.text, self.values_given, self._wrt, "float64")

    def values(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The value with ``name`` replaced by each of ``stack`` (K, *shape): (K,)."""
        primals = self.primals
        found = [self.forward({**primals, name: moved}) for moved in stack]
        return np.array(found, stack.dtype).reshape(len(stack))

    @property
    def working_set(self) -> int:
        """Bytes that one evaluation takes, about."""
        return 64 * sum(value.size for value in self.values_given.values())

    def mistakes(self) -> Iterator[tuple[str, Arrays]]:
        """Nothing is known of how people get formulas wrong."""
        return iter(())

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        """A function of primals that gives ``(value, gradients)``, for repeated steps.

        The formula is traced once and replayed, unless it branches on a value: then each
        step is recorded anew.
        """
        names = list(self.primals)

        def value(*primals: Array) -> Array:
            return self.forward(dict(zip(names, primals)))

        try:
            program = Program(value, list(self.primals.values()), range(len(names)))
        except GradientError:
            return self._recorded
        except TypeError:  # the value does not depend on any of them
            return self._recorded

        def step(primals: Arrays) -> tuple[Any, Arrays]:
            found, gradients = program.value_and_grad(*primals.values())
            return found, {
                n: np.zeros_like(primals[n]) if g is None else g for n, g in zip(names, gradients)
            }

        return step

    def _recorded(self, primals: Arrays) -> tuple[Any, Arrays]:
        tensors = {name: Tensor(value) for name, value in primals.items()}
        with GradientTape() as tape:
            tape.watch(tensors)
            value = self.forward(tensors)
        if not isinstance(value, Tensor):
            return value, {name: np.zeros_like(p) for name, p in primals.items()}
        gradients = tape.gradient(value, tensors, unconnected_gradients="zero")
        return value.value, {name: g.value for name, g in gradients.items()}

    def _run(
        self, env: Mapping[str, Array], assign: Callable[[str, Array], Array] | None = None
    ) -> Array:
        """The value; without ``assign``, intermediates are kept as the base to move from."""

        def keep(name: str, value: Array) -> Array:
            self._base[name] = np.asarray(plain(value), self.dtype)
            return value

        return self._compiled.run(env, assign or keep)

    def _chosen(self, wrt: Sequence[str] | None) -> list[str]:
        known = [*self.values_given, *self._base]
        for name in wrt or ():
            if name not in known:
                raise SpecError("wrt", f"there is no {name!r} here{suggestion(name, known)}")
        if wrt:
            return list(dict.fromkeys(wrt))
        if not self.values_given:
            raise FormulaError("a derivative needs a variable: give one, such as x=1")
        return list(self.values_given)
