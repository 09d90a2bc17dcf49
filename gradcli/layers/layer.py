"""How a kind of layer is declared: once, and everything else follows.

A kind is a subclass of Layer. From it come the names, shapes and initialisers of its
parameters, what is inferred, drawn, noted, held in memory and proven::

    class Scale(Layer, kind="scale"):
        '''Every entry times one number.'''

        weights = (Weight("s", "ones"),)

        def parameters(self, shape, batch):
            return {"s": Parameter((), "()")}

        def forward(self, params, x, note):
            return x * params["s"]

Its meaning and its keys stand in LAYERS of ``layer_kinds``, which is read without NumPy. All
arrays are as Keras lays them out: (batch, h, w, channels), (batch, time, features).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt

from gradcli.engine import Array
from gradcli.engine.ops.comparison import stop_gradient
from gradcli.errors import SpecError
from gradcli.keys import Key
from gradcli.layer_kinds import LAYERS
from gradcli.layers.weights import Parameter, Weight
from gradcli.problem import Arrays, Note

Shape = tuple[int, ...]
"""Of one row: without the axis of the batch."""
Params = Mapping[str, Array]
"""The arrays of one layer, by letter."""
Forward = Callable[[Params, Array, Note], Any]

KINDS: dict[str, type[Layer]] = {}
"""Every kind that is loaded, by name."""


class Layer:
    """One layer of a network, with its settings as attributes; they do not change."""

    kind: ClassVar[str]
    weights: ClassVar[tuple[Weight, ...]] = ()
    """Its arrays, in the order in which they are drawn."""
    axes: ClassVar[tuple[str, ...]] = ()
    """What the axes of a row that it takes are; of any number where there are none."""
    inferred: ClassVar[tuple[str, ...]] = ()
    """The keys that arrays may tell where they are not given: they are None until then."""
    stacks: ClassVar[bool] = False
    """Whether ``forward`` takes parameters as ``stacked`` gives them, with one more axis in front
    of the batch, and gives that axis; and x, unless one of these two holds."""
    rowwise: ClassVar[bool] = False
    """Whether each row of a batch is taken by itself, however many there are."""
    channelwise: ClassVar[bool] = False
    """Whether each channel is taken by itself, with its entry of every array, however many there
    are."""
    spatial: ClassVar[bool | None] = None
    """Whether a row of two axes is of channels along positions (True), or of features at each
    step (False); None where it takes either."""
    flat: ClassVar[bool] = False
    """Whether a row is a list of features as a rule, so that data of more axes are flattened."""
    lays: ClassVar[bool] = False
    """Whether it goes by how arrays are laid out, so that it needs the convention's layout."""
    reshapes: ClassVar[bool] = False
    """Whether what it gives is its input, in another shape."""
    keeps_features: ClassVar[bool] = True
    """Whether the last axis runs over the same features after it, one by one."""
    inner: tuple[Layer, ...] = ()

    def __init_subclass__(cls, kind: str = "") -> None:
        """Without a ``kind`` it is what several kinds have in common."""
        cls.kind = kind
        if kind:
            KINDS[kind] = cls

    def __init__(self, **settings: Any) -> None:
        """Check and hold ``settings``. Raises SpecError naming the key at fault.

        A key that is not given has the class's attribute of that name, or its default.
        """
        for key in self.keys():
            value = settings.get(key.name)
            if value is not None:
                setattr(self, key.name, key.read(value))
            elif key.name in self.inferred:
                setattr(self, key.name, None)
            elif not hasattr(self, key.name):
                if not key.default:
                    raise SpecError(key.name, f"needed by {self.kind}: {key.help}")
                setattr(self, key.name, key.parse(key.default))

    @classmethod
    def keys(cls) -> tuple[Key, ...]:
        """Its settings, in the order in which they are written."""
        return LAYERS[cls.kind].keys

    @property
    def settings(self) -> dict[str, Any]:
        return {key.name: getattr(self, key.name) for key in self.keys()}

    def sizes(self, key: str) -> Any:
        """The setting ``key`` with a number for each of the axes but the last; or a word, or None.

        Raises SpecError naming it where it has another number of them.
        """
        setting, count = getattr(self, key), len(self.axes) - 1
        if not isinstance(setting, list):
            return setting
        if len(setting) not in (1, count):
            raise SpecError(key, f"is one number or {count}, not {len(setting)}")
        return tuple(setting * count if len(setting) == 1 else setting)

    @property
    def vocabulary(self) -> int | None:
        """Where x is of whole numbers, how many different ones: its ``vocab``, if it has one."""
        return getattr(self, "vocab", None)

    @property
    def states(self) -> tuple[str, ...]:
        """The names of the outputs besides the first: those of its ``state``, if it has one."""
        return ()

    def letters(self, given: Collection[str] = ()) -> dict[str, Weight]:
        """The arrays that it has with these settings, where those named are ``given``."""
        has = [w for w in self.weights if w.flag is None or getattr(self, w.flag)]
        return {w.letter: w for w in has if not w.optional or w.letter in given}

    @property
    def activation(self) -> str:
        """What is applied to the outcome of ``forward``: its ``act``, if it has that key."""
        return str(getattr(self, "act", "linear"))

    @property
    def title(self) -> str:
        """The layer in a few words: its kind, and what is not as usual.

        Numbers that do not stand in their order have the names of their keys.
        """
        parts: list[str] = []
        for i, key in enumerate(self.keys()):
            value = getattr(self, key.name)
            told = f"{value:g}" if isinstance(value, float) else str(value)
            if isinstance(value, list):
                told = "x".join(map(str, value))
            if value is None or told.lower() == key.default:
                continue
            if isinstance(value, bool):
                parts.append(key.name if value else f"no {key.name}")
            else:
                in_order = isinstance(value, str) or len(parts) == i
                parts.append(told if in_order else f"{key.name}={told}")
        return f"{self.kind}({', '.join(parts)})" if parts else self.kind

    def told(self, given: Arrays) -> dict[str, Any]:
        """Its inferred keys as arrays of its parameters tell them, and rows of features, ``in``."""
        return {}

    def completed(self, values: Mapping[str, Any]) -> Self:
        """The layer with ``values`` for keys that it left open."""
        return type(self)(**{**self.settings, **values})

    def parameters(self, shape: Shape, batch: int) -> dict[str, Parameter]:
        """Its arrays, by letter, for an input of ``batch`` rows of ``shape``.

        Those that a flag leaves out, or that are not given, may be among them.
        """
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """The shape of a row of its output, for one of ``axes``.

        Raises ValueError, in words, where it takes no such input.
        """
        return shape

    def state_shapes(self, shape: Shape) -> dict[str, Shape]:
        """The shapes of a row of the outputs besides the first, by their names.

        They are those of ``states``; ``forward`` then gives a tuple of all outputs.
        """
        return {}

    def fitted(self, letter: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """An array that was given, as ``forward`` takes it."""
        return array

    def entries(self, shape: Shape) -> int:
        """How many numbers a row takes on its way through, gradients included, about."""
        return 4 * math.prod(self.output_shape(shape))

    def forward(self, params: Params, x: Array, note: Note) -> Any:
        """The outcome for ``x`` (batch, *shape), before its activation; written with ops.

        ``params`` are its own, by letter. Intermediates may be noted by a name of its own.
        """
        return x

    def forward_trained(self, params: Params, x: Array, note: Note) -> Any:
        """The same once the network is trained; what ``moments`` has gathered is in ``params``."""
        return self.forward(params, x, note)

    def moments(self, params: Params, x: Array) -> dict[str, Array]:
        """The ``gathered`` arrays that are not given, by letter, as they are of the batch ``x``."""
        return {}

    def stacked(self, letter: str, stack: npt.NDArray[Any], ndim: int) -> npt.NDArray[Any]:
        """``stack`` (K, *shape) of a parameter, as ``forward`` takes it where it ``stacks``.

        As it stands for a parameter that is broadcast against the output, of ``ndim`` axes.
        """
        return np.reshape(stack, (len(stack), *(1,) * (ndim + 1 - stack.ndim), *stack.shape[1:]))

    def lint(self, shape: Shape, batch: int, letters: Collection[str]) -> Iterator[str]:
        """What is allowed with an input of ``batch`` rows of ``shape``, and yet seldom meant.

        ``letters`` are the arrays that it has.
        """
        yield from ()

    def mistakes(self, batch: int) -> Iterator[tuple[str, Forward]]:
        """What people get wrong in its backward pass: (what is wrong, a forward like that).

        Each is ``forward`` with the gradient of the mistake. What is wrong may name a parameter
        as ``{w}``, and an order of gates, with who has it, as ``{gates:ifoc CS231n}``.
        """
        yield from ()

    def sloped(self, wrong: Callable[[Params, Array], Array]) -> Forward:
        """``forward``, which gives one array, with the gradient of ``wrong`` (params, x)."""

        def forward(params: Params, x: Array, note: Note) -> Array:
            return with_slope_of(wrong(params, x), self.forward(params, x, note))

        return forward


def layer_kind(name: str) -> type[Layer]:
    """The kind ``name``, whose file is loaded if need be. Raises KeyError where there is none."""
    if name not in KINDS:
        import importlib
        import pkgutil

        import gradcli.layers

        for module in pkgutil.iter_modules(gradcli.layers.__path__, "gradcli.layers."):
            importlib.import_module(module.name)
    return KINDS[name]


def with_slope_of(wrong: Array, right: Array) -> Array:
    """The value of ``right``, with the gradient of ``wrong``; of one shape, or broadcast."""
    return stop_gradient(right) + (wrong - stop_gradient(wrong))
