"""A formula with values for its names: a Problem."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, GradientTape, Tensor, plain
from gradcli.engine.ops.reduction import sum as array_sum
from gradcli.engine.recording import FAULTS
from gradcli.errors import GradcliError, SpecError
from gradcli.formula.language import compile_formula
from gradcli.formula.operands import array_of
from gradcli.formula.source import before_value
from gradcli.formula.whole import positions
from gradcli.gradient import lacks_gradient, require_real
from gradcli.inputs.bindings import canonical, moved, read_values
from gradcli.inputs.upstreams import fitted, upstream_of
from gradcli.inputs.values import written
from gradcli.keys import read_keys
from gradcli.problem import Arrays, Note, Problem, Result, same
from gradcli.spec_keys import FORMULA_KEYS
from gradcli.suggest import printable, suggestion

if TYPE_CHECKING:
    from gradcli.stepping import Moving


class Formula(Problem):
    """The value of ``text`` at ``values``, by name; float arrays of one dtype.

    ``wrt`` names the variables to differentiate with respect to: by default all but those that
    the formula uses as indices, which are whole numbers. An intermediate (``y1`` in
    ``y1 = x*w; y1^2``) may be among them; the gradients of the others still go through it.
    ``files`` has those that values came from, by name: a walk leaves such values where they are,
    unless ``wrt`` has them. With ``upstream``, an array of the shape of the value, or a function
    that makes one of a shape, the gradients are those of sum(value * upstream).
    """

    def __init__(
        self,
        text: str,
        values: Mapping[str, Any],
        wrt: Sequence[str] | None = None,
        dtype: str = "float64",
        files: Mapping[str, str] | None = None,
        upstream: Any = None,
    ) -> None:
        self.text = text
        self._files = files or {}
        self.dtype = np.dtype(dtype)
        values = {canonical(name): value for name, value in values.items()}
        self._exact = values
        self._compiled = compile_formula(text, values, self.dtype)
        self.values_given: Arrays = {
            name: positions(name, value)
            if name in self._compiled.indices
            else np.asarray(value).astype(self.dtype)
            for name, value in values.items()
        }
        self._base: Arrays = {}
        """The intermediates that are real arrays, as they are at ``values``."""
        self.value = self._first()
        """Its value: an array of ``dtype``, or of whole numbers or truths."""
        self._upstream = self._fitted(upstream)
        self._weights = np.asarray(0 if self._upstream is None else self._upstream, self.dtype)
        self._all = not wrt
        self._wrt = self._chosen(wrt)

    shows_point = True

    @classmethod
    def from_spec(cls, mapping: Mapping[str, Any], folder: str | None = None) -> Self:
        """The formula that ``mapping`` specifies; relative files are taken from ``folder``.

        Its keys are formula, values (by name, each a VALUE or a call such as ``normal(2,3)``),
        and those of the catalogue. Raises SpecError naming the key at fault.
        """
        given = {key: v for key, v in mapping.items() if key not in ("formula", "values")}
        options = read_keys(given, FORMULA_KEYS)
        values = mapping.get("values") or {}
        if not isinstance(mapping["formula"], str) or not isinstance(values, Mapping):
            raise SpecError("formula", "must be text, and its values a table of them by name")
        arrays, files, stream = read_values(values, options.get("seed", 0), folder)
        dtype = options.get("dtype", "float64")
        upstream = options.get("upstream")
        if upstream is not None:
            upstream = partial(upstream_of, "upstream", upstream, folder, stream, "value")
        return cls(mapping["formula"], arrays, options.get("wrt"), dtype, files, upstream)

    @property
    def title(self) -> str:
        return printable(" ".join(self.text.split()))

    @property
    def document(self) -> dict[str, Any]:
        more = {} if self._all else {"wrt": list(self._wrt)}
        more |= {} if self._upstream is None else {"upstream": _wide(self._upstream)}
        exact = {name: _wide(value) for name, value in self._exact.items()}
        values = {name: written(v, self._files.get(name)) for name, v in exact.items()}
        return {"formula": self.text, "values": values, "dtype": self.dtype.name, **more}

    def trainable(self) -> Problem:
        """The formula whose values from files stay where they are, unless it was told otherwise."""
        wrt = moved(self._wrt, self._files) if self._all else self._wrt
        return self if wrt == self._wrt else self.by(wrt)

    def lint(self, result: Result) -> list[str]:
        used = {*self._compiled.numbers, *self._compiled.indices}
        return [
            f"the value does not depend on {name}: its gradient is 0"
            for name in self.primals
            if name in self.values_given and name not in used
        ]

    @property
    def primals(self) -> Arrays:
        known = {**self._base, **self.values_given}
        return {name: known[name] for name in self._wrt}

    @property
    def constants(self) -> Arrays:
        others = {n: v for n, v in self.values_given.items() if n not in self._wrt}
        return others if self._upstream is None else {**others, "upstream": self._weights}

    def array(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        """The value at ``primals``, of whatever shape; the other names keep theirs."""

        def assign(name: str, value: Any) -> Any:
            if name in primals:
                # Moved as far as the intermediate itself is moved, and still connected.
                value = value + (primals[name] - self._base[name])
            if isinstance(value, (tuple, list)):
                return value
            return note(name, value)

        return self._finished(self._compiled.run({**self.values_given, **primals}, assign))

    def forward(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        """As ``array``; an array of one entry counts as a number.

        With an upstream gradient it is sum(value * upstream). Raises GradcliError where the
        value is no real number.
        """
        value = self.array(primals, note)
        require_real(value)
        if self._upstream is not None:
            return array_sum(value * self._weights)
        return value.reshape(()) if value.size == 1 and value.ndim else value

    @property
    def value_shape(self) -> tuple[int, ...]:  # type: ignore[override]
        return np.shape(self.value)

    def answered(self, result: Result) -> Any:
        return self.value if self._upstream is not None else super().answered(result)

    def shown(self, result: Result) -> dict[str, Any]:
        return {} if self._upstream is None else {"upstream": self._weights}

    def lacks_gradient(self) -> str | None:
        value = self.value if self._upstream is None else np.ravel(self.value)[:1]
        return lacks_gradient(self.primals, value)

    def in_float64(self) -> Self:
        return self.at(self._exact)

    def rounded(self) -> Self | None:
        return None if self.dtype == np.float64 else self.at(self.values_given)

    def at(self, values: Mapping[str, Any]) -> Self:
        """The same formula at ``values``, in float64."""
        return type(self)(self.text, values, self._wrt, upstream=self._upstream)

    def by(self, names: Sequence[str]) -> Formula:
        """The same formula, differentiated by ``names``. Raises SpecError for wrt."""
        values = self._exact
        return Formula(self.text, values, names, self.dtype.name, self._files, self._upstream)

    def beside(self, text: str) -> Formula:
        """The formula ``text`` at the same values, which may use the intermediates of this one.

        In float64. Raises FormulaError where it cannot be read.
        """
        return Formula(before_value(self.text) + text, self._exact)

    @property
    def numbers(self) -> dict[str, npt.NDArray[Any]]:
        """The values that are no indices, as they were given: float64."""
        indices = self._compiled.indices
        return {n: np.asarray(v, np.float64) for n, v in self._exact.items() if n not in indices}

    def values(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The value with ``name`` replaced by each of ``stack`` (K, *shape): (K,).

        It is nan where there is none (an index that is out of bounds there).
        """
        return self._moving(name, stack)

    @cached_property
    def _moving(self) -> Moving:
        from gradcli.stepping import Moving  # a plain answer needs none of it

        formula = weakref.proxy(self)  # whose it is

        def value(primals: Arrays) -> Any:
            try:
                return formula.forward(primals)
            except GradcliError:
                return np.nan

        return Moving(value, self.primals)

    @property
    def working_set(self) -> int:
        return 64 * sum(value.size for value in self.values_given.values())

    @property
    def work(self) -> float:
        return _INTERPRETED + 16 * sum(value.size for value in self.values_given.values())

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        from gradcli.stepping import stepper  # a plain answer needs none of it

        return stepper(self)

    def _first(self) -> Any:
        """The value; intermediates are kept as the base to move from.

        A tape follows the variables, so that what a gradient could not be taken of is refused
        from the start, not only where one is taken.
        """

        def keep(name: str, value: Any) -> Any:
            array = plain(value)
            if isinstance(array, float) or getattr(array, "dtype", np.dtype(int)).kind == "f":
                self._base[name] = np.asarray(array, self.dtype)
            return value

        numbers = {
            n: Tensor(v) for n, v in self.values_given.items() if n not in self._compiled.indices
        }
        with np.errstate(all="ignore"), GradientTape() as tape:
            tape.watch(numbers)
            value = self._compiled.run({**self.values_given, **numbers}, keep)
            return plain(self._finished(value))

    def _fitted(self, upstream: Any) -> npt.NDArray[Any] | None:
        """``upstream`` in the shape of the value; a number fills it."""
        shape = np.shape(self.value)
        if upstream is None or callable(upstream):
            return None if upstream is None else upstream(shape)
        return fitted("upstream", upstream, shape, "value")

    def _finished(self, value: Any) -> Any:
        """The outcome of the last statement as one array."""
        try:
            value = array_of(value, self.dtype)
        except FAULTS as error:
            raise GradcliError(f"the value: {error}") from None
        return value if isinstance(value, Tensor) else np.asarray(value)[()]

    def _chosen(self, wrt: Sequence[str] | None) -> list[str]:
        indices = self._compiled.indices
        numbers = [name for name in self.values_given if name not in indices]
        known = [*numbers, *self._base]
        wrt = [canonical(name) for name in wrt or ()]
        for name in wrt:
            if name in indices:
                raise SpecError("wrt", f"{name} is an index, whole numbers that nothing moves")
            if name not in known and name in self._compiled.names:
                raise SpecError("wrt", f"{name} is no real array: name a part of it")
            if name not in known:
                raise SpecError("wrt", f"there is no {name!r} here{suggestion(name, known)}")
        return list(dict.fromkeys(wrt)) if wrt else numbers


_INTERPRETED = 5e4
"""Multiply-adds for which there is time while a formula is interpreted."""


def _wide(value: Any) -> Any:
    """``value`` in float64, which writes out the digits that a narrower file stands for."""
    narrow = isinstance(value, np.ndarray) and value.dtype.kind == "f"
    return value.astype(np.float64) if narrow else value
