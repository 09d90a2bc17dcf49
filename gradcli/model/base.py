"""What a model with a loss and a single layer share: a network with its arrays, as a Problem."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array, plain
from gradcli.errors import SpecError
from gradcli.gradient import quiet
from gradcli.layers.dense import Dense
from gradcli.model.build import Built, build
from gradcli.model.document import document
from gradcli.model.network import Run, forward, leaves, run_layer
from gradcli.model.placed import front, inward
from gradcli.model.replay import LARGEST, Replay
from gradcli.problem import Arrays, Note, Problem, Result, same
from gradcli.suggest import suggestion

if TYPE_CHECKING:
    from gradcli.stepping import Moving


class Network(Problem):
    """A network of layers and a scalar made of its output, at its arrays."""

    def __init__(self, built: Built) -> None:
        self.spec = built.spec
        self.built = built
        self.arrays = built.arrays
        self.warnings = built.warnings
        self._base: Arrays = {}
        """The intermediates to differentiate by, as they are."""
        self._replay: Replay | None = None
        """Only as it was specified: one that is changed has a course of its own."""
        self._wrt = self._chosen(built.spec.wrt)
        self._layouts: dict[tuple[str, str], Moving] = {}

    @classmethod
    def from_spec(cls, mapping: Mapping[str, Any], folder: str | None = None) -> Self:
        """Build what ``mapping`` specifies; relative files are taken from ``folder``.

        Raises SpecError naming the key at fault, TooLargeError where memory would not do.
        """
        network = cls(build(mapping, folder))
        if network.built.outline is not None and not network._base:
            network._replay = network.built.outline.replay
        return network

    def scalar(self, arrays: Mapping[str, Array], note: Note, run: Run = run_layer) -> Array:
        """The value at ``arrays``, all by name, from which gradients are taken."""
        raise NotImplementedError

    @property
    def kin(self) -> dict[Any, Any] | None:  # type: ignore[override]
        small = sum(array.size for array in self.arrays.values()) <= LARGEST
        outline = self.built.outline
        return None if outline is None or self._base or not small else outline.kin

    @property
    def usual(self) -> list[str]:
        """The names of the arrays to differentiate by where nothing else is asked for."""
        return list(self.built.parameters) or ["x"]

    @property
    def x(self) -> npt.NDArray[Any]:
        """The inputs: (batch, *row)."""
        return self.arrays["x"]

    @property
    def parameters(self) -> Arrays:
        return {name: self.arrays[name] for name in self.built.parameters}

    @property
    def chain(self) -> str:
        """The layers with the shapes between them: 8x8x3 -> conv2d(4, 3) 6x6x4 -> 2 linear."""
        layers, sizes = self.spec.layers, self.built.sizes
        after = [front(placed.shape, placed.first[0]) for placed in layers[1:]]
        parts = ["x".join(map(str, sizes.row))]
        for placed, shape in zip_longest(layers, after):
            tells = isinstance(placed.layer, Dense) and len(placed.shape) == 1
            size = "x".join(map(str, sizes.output if shape is None else shape))
            parts.append(placed.title if tells else f"{placed.title} {size}")
        return " -> ".join(parts)

    @property
    def source(self) -> str:
        """Where random numbers come from, in words."""
        spec = self.spec
        if spec.rng == "numpy":
            return f"seed {spec.seed or 0}"
        if spec.op_seed is None:
            return f"tensorflow seed {spec.seed or 0}"
        seed = "" if spec.seed is None else f"seed {spec.seed} "
        return f"tensorflow {seed}op_seed {spec.op_seed}"

    @property
    def document(self) -> dict[str, Any]:
        return document(self.built)

    @property
    def exact_document(self) -> dict[str, Any]:
        return document(self.built._replace(arrays={**self.arrays, **self.built.exact}))

    @property
    def primals(self) -> Arrays:
        known = {**self._base, **self.arrays} if self._base else self.arrays
        return {name: known[name] for name in self._wrt}

    @property
    def forms(self) -> Mapping[str, tuple[int, ...]]:
        return self.built.forms

    @property
    def constants(self) -> Arrays:
        primals = set(self._wrt)
        return {name: a for name, a in self.arrays.items() if name not in primals}

    def forward(self, primals: Mapping[str, Array], note: Note = same) -> Array:
        return self.scalar(*self._at(primals, note))

    def _at(self, primals: Mapping[str, Array], note: Note) -> tuple[Mapping[str, Array], Note]:
        """All arrays at ``primals``, and the note that moves intermediates among these there."""
        base = self._base

        def moved(name: str, value: Any) -> Any:
            if name in base:  # as far as the intermediate itself is moved, and still connected
                value = value + (primals[name] - base[name])
            return note(name, value)

        return {**self.arrays, **primals}, moved if base else note

    def replayed(self, at: Arrays | None = None) -> Result | None:
        return None if self._replay is None or at is not None else self._replay.result(self)

    def through(
        self, arrays: Mapping[str, Array], note: Note, run: Run = run_layer
    ) -> tuple[Array, Array]:
        """The output of the network for x, and what its last activation was applied to."""
        x, layers = arrays["x"], self.spec.layers
        if x.ndim > self.x.ndim and layers[0].first[0]:  # a stack of them
            x = inward(x.reshape((-1, *x.shape[2:])), True).reshape((len(x), -1, *layers[0].shape))
        else:
            x = inward(x, layers[0].first[0])
        return forward(layers, arrays, x, note, run)

    def lint(self, result: Result) -> list[str]:
        from gradcli.model.lint import lint_gradients

        return [*self.warnings, *lint_gradients(self.spec, self.arrays, result)]

    def in_float64(self) -> Self:
        return self._cast(self.built.exact)

    def rounded(self) -> Self | None:
        return None if self.spec.dtype == "float64" else self._cast({})

    def _cast(self, exact: Arrays) -> Self:
        arrays = {
            name: array if array.dtype.kind == "i" else array.astype(np.float64)
            for name, array in {**self.arrays, **exact}.items()
        }
        spec = self.spec._replace(dtype="float64")
        network = type(self)(self.built._replace(spec=spec, exact=dict(arrays), arrays=arrays))
        if self._replay is not None:
            network._replay = self._replay.in_float64
        return network

    def values(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The value with ``name`` replaced by each of ``stack`` (K, *shape): (K,)."""
        if self._base or name not in self._stackable:
            return self._moving(name, stack)
        from gradcli.model.stacks import Stack  # only a check needs it

        found = self.scalar(
            {**self.arrays, name: stack}, same, Stack(name, stack, self._layouts).run
        )
        return np.asarray(found) if np.ndim(found) else np.full(len(stack), found)

    @cached_property
    def _stackable(self) -> set[str]:
        """The arrays of which there may be a stack: x, and those of layers."""
        from gradcli.model.stacks import stackable

        layers = list(leaves(self.spec.layers))
        if not all(map(stackable, layers)):
            return set()
        return {"x", *[n for placed in layers for n in placed.names.values()]}

    @cached_property
    def _moving(self) -> Moving:
        from gradcli.stepping import Moving

        return Moving(weakref.proxy(self).forward, self.primals)

    @property
    def working_set(self) -> int:
        rows = len(self.x)
        return 8 * rows * sum(p.layer.entries(p.shape) for p in leaves(self.spec.layers))

    @property
    def work(self) -> float:
        each = 0
        for placed in leaves(self.spec.layers):
            own = sum(self.arrays[name].size for name in placed.names.values())
            # Each parameter is used at every place of a row.
            each += own * math.prod(placed.shape[:-1]) + placed.layer.entries(placed.shape)
        return float(len(self.x) * each)

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        from gradcli.stepping import stepper  # a plain answer needs none of it

        return stepper(self)

    def mistakes(self) -> Iterator[tuple[str, Arrays]]:
        from gradcli.model.mistakes import mistakes

        return mistakes(self)

    def _chosen(self, wrt: list[str] | None) -> list[str]:
        if not wrt:
            return self.usual
        arrays = [name for name, array in self.arrays.items() if array.dtype.kind == "f"]
        if not set(wrt) <= set(arrays):
            noted: dict[str, Any] = {}
            with quiet():
                self.scalar(self.arrays, lambda n, v: noted.setdefault(n, v))
            for name in wrt:
                known = [*arrays, *noted]
                if name not in known:
                    why = " is of whole numbers" if name in self.arrays else ""
                    why = why or f": there is no such array{suggestion(name, known)}"
                    raise SpecError("wrt", f"{name}{why}")
            chosen = {n: np.asarray(plain(noted[n])) for n in wrt if n not in arrays}
            self._base = chosen
        return list(dict.fromkeys(wrt))
