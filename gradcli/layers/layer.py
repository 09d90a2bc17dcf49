"""How a kind of layer is declared: once, and everything else follows.

A kind is a subclass of Layer. From it come the keys of its table in a specification, the
names, shapes and initialisers of its parameters, what is inferred, drawn, noted, held in
memory and proven::

    class Scale(Layer, kind="scale"):
        '''Every entry times one number.'''

        weights = (Weight("s", "ones"),)

        def parameters(self, shape):
            return {"s": Parameter((), "()")}

        def forward(self, params, x, note):
            return x * params["s"]

Beside it stands one line in the catalogue's LAYERS, which is read without NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from gradcli.catalogue import ACTIVATIONS
from gradcli.engine import Array
from gradcli.errors import SpecError
from gradcli.inputs.initialisers import Fans
from gradcli.keys import Key
from gradcli.problem import Arrays, Note

Shape = tuple[int, ...]
"""Of one row: without the axis of the batch."""

ACT = Key("act", "word", "Activation of what the layer gives.", words=ACTIVATIONS)
BIAS = Key("bias", "flag", "Whether a bias is added.")

KINDS: dict[str, type[Layer]] = {}
"""Every kind that is loaded, by name."""


class Weight(NamedTuple):
    """One array that a kind of layer learns."""

    letter: str
    initialiser: str = "normal"
    """Where none is given."""
    flag: str | None = None
    """The key that leaves it out where it is false."""


class Parameter(NamedTuple):
    """The array of one weight in a layer whose input is known."""

    shape: tuple[int, ...]
    axes: str
    """What its axes are, for people: "(in, out)"."""
    fans: Fans = Fans(1, 1)
    """What scaled initialisers ask for."""


class Layer:
    """One layer of a network, with its settings as attributes; they do not change."""

    kind: ClassVar[str]
    keys: ClassVar[tuple[Key, ...]] = ()
    """Its settings, in the order in which they are written. A class attribute of that name is
    the default; a key without one is needed."""
    weights: ClassVar[tuple[Weight, ...]] = ()
    """Its parameters, in the order in which they are drawn."""
    inferred: ClassVar[str | None] = None
    """The key that arrays may tell where it is not given; its default is None."""
    stacks: ClassVar[bool] = False
    """Whether ``forward`` takes x, and parameters as ``stacked`` gives them, with one more axis
    in front of the batch, and gives that axis."""

    def __init_subclass__(cls, kind: str) -> None:
        cls.kind = kind
        KINDS[kind] = cls

    def __init__(self, **settings: Any) -> None:
        """Check and hold ``settings``. Raises SpecError naming the key at fault."""
        for key in self.keys:
            value = settings.get(key.name)
            if value is not None:
                setattr(self, key.name, key.read(value))
            elif not hasattr(self, key.name):
                raise SpecError(key.name, f"needed by {self.kind}: {key.help}")

    @property
    def settings(self) -> dict[str, Any]:
        return {key.name: getattr(self, key.name) for key in self.keys}

    @property
    def letters(self) -> dict[str, str]:
        """The parameters that it has with these settings, each with its default initialiser."""
        has = [w for w in self.weights if w.flag is None or getattr(self, w.flag)]
        return {weight.letter: weight.initialiser for weight in has}

    @property
    def activation(self) -> str:
        """What is applied to the outcome of ``forward``: its ``act``, if it has that key."""
        return str(getattr(self, "act", "linear"))

    @property
    def title(self) -> str:
        """The layer in a few words."""
        given = [str(value) for value in self.settings.values() if value is not None]
        return f"{self.kind}({', '.join(given)})" if given else self.kind

    def told(self, given: Arrays) -> tuple[int | None, int | None]:
        """Features in, and the value of the inferred key, as arrays of its parameters tell."""
        return None, None

    def completed(self, value: int) -> Self:
        """The layer with its inferred key set."""
        assert self.inferred is not None
        return type(self)(**{**self.settings, self.inferred: value})

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """The parameters, by letter, of a layer whose input has ``shape`` a row.

        Those that a flag leaves out may be among them.
        """
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of a row of its output. Raises ValueError where it takes no such input."""
        return shape

    def entries(self, shape: Shape) -> int:
        """How many numbers a row takes on its way through, gradients included, about."""
        return 4 * math.prod(self.output_shape(shape))

    def forward(self, params: Mapping[str, Array], x: Array, note: Note) -> Array:
        """The outcome for ``x`` (batch, *shape), before its activation; written with ops.

        ``params`` are its own, by letter. Intermediates may be noted by a name of its own.
        """
        return x

    def stacked(self, letter: str, stack: npt.NDArray[Any], ndim: int) -> npt.NDArray[Any]:
        """``stack`` (K, *shape) of a parameter, as ``forward`` takes it where it ``stacks``.

        As it stands for a parameter that is broadcast against the output, of ``ndim`` axes.
        """
        return np.reshape(stack, (len(stack), *(1,) * (ndim + 1 - stack.ndim), *stack.shape[1:]))

    def mistakes(
        self, params: Arrays, x: npt.NDArray[Any], gradient: npt.NDArray[Any]
    ) -> Iterator[tuple[str, str, npt.NDArray[Any]]]:
        """Wrong gradients that people's backward passes give: (letter, what is wrong, gradient).

        ``gradient`` is that of what ``forward`` gave for ``params`` and ``x``.
        """
        yield from ()


def layer_kind(name: str) -> type[Layer]:
    """The kind ``name``, whose file is loaded if need be. Raises KeyError where there is none."""
    if name not in KINDS:
        import importlib
        import pkgutil

        import gradcli.layers

        for module in pkgutil.iter_modules(gradcli.layers.__path__, "gradcli.layers."):
            importlib.import_module(module.name)
    return KINDS[name]
