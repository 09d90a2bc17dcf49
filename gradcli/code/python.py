"""``mine.py:f``: somebody's function of Python as a problem."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gradcli.code.arguments import Arguments, Backward, arguments_of, backward_of, names_of
from gradcli.code.callee import Reply
from gradcli.code.function import FunctionProblem, Plain
from gradcli.code.gradients import by_name, real
from gradcli.code.inputs import Inputs, read_inputs
from gradcli.code.loading import Function, load
from gradcli.code.problem import Code, CodeProblem
from gradcli.errors import GradcliError, SpecError
from gradcli.keys import read_keys
from gradcli.problem import Problem
from gradcli.spec_keys import PYTHON_KEYS

if TYPE_CHECKING:
    from gradcli.inputs.streams import Stream


class LossAndGradients(NamedTuple):
    """A function that returns (loss, grads)."""

    function: Function
    arguments: Arguments
    floating: Sequence[str]
    wrt: Sequence[str]

    def __call__(self, inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        title = self.function.title
        with self.function.running():
            returned = self.arguments.call(self.function.call, inputs)
        if not is_loss(returned):
            raise GradcliError(f"{title} gives (loss, grads) once, and then something else")
        outputs = [real(returned[0], f"{title}: the loss")]
        if upstreams is None:
            return Reply(outputs)
        gradients = by_name(returned[1], title, self.floating, self.wrt)
        return Reply(outputs, {name: g * upstreams[0] for name, g in gradients.items()})


class Pair(NamedTuple):
    """A forward pass that returns (out, cache), and the backward pass that takes it."""

    function: Function
    arguments: Arguments
    backward: Function
    taking: Backward
    floating: Sequence[str]
    wrt: Sequence[str]

    def __call__(self, inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        title = self.backward.title
        with self.function.running():
            returned = self.arguments.call(self.function.call, inputs)
        *outputs, cache = parts_of(returned, self.function.title)
        # A backward pass may write to what the forward pass gave.
        kept = [np.array(real(o, f"{self.function.title}: an output")) for o in outputs]
        if upstreams is None:
            return Reply(kept)
        with self.backward.running():
            returned = self.taking.call(self.backward.call, upstreams, cache)
        return Reply(kept, by_name(returned, title, self.floating, self.wrt))


def is_loss(returned: Any) -> bool:
    """Whether this is (loss, grads)."""
    if not isinstance(returned, (tuple, list)) or len(returned) != 2:
        return False
    return isinstance(returned, tuple) and np.size(returned[0]) == 1 and np.ndim(returned[0]) == 0


def parts_of(returned: Any, title: str) -> list[Any]:
    """The outputs and the cache of a forward pass, all in a row."""
    if not isinstance(returned, tuple) or len(returned) < 2:
        kind = type(returned).__name__
        raise GradcliError(f"{title} gives a {kind}, not (out, cache), as its backward pass needs")
    *outputs, cache = returned
    if len(outputs) == 1 and isinstance(outputs[0], (tuple, list)):
        outputs = list(outputs[0])
    return [*outputs, cache]


class Asked(NamedTuple):
    """What is asked of a function besides its value: as the keys of the catalogue have it."""

    wrt: Sequence[str] | None = None
    dtype: str = "float64"
    upstreams: Mapping[str, Any] | Sequence[Any] = ()
    """By name, or in the order of the outputs."""
    folder: str | None = None


def problem_of(
    function: Function,
    backward: Function | None,
    inputs: Inputs,
    stream: Callable[[], Stream],
    asked: Asked,
    document: Mapping[str, Any],
) -> CodeProblem:
    """The problem of ``function`` at ``inputs``, which is called to see what it gives.

    Raises GradcliError where it does not take them, or gives something else than is needed.
    """
    names = [*inputs.arrays, *inputs.settings]
    arguments = arguments_of(function.call, function.title, names)
    order = [name for name in arguments.order if name in inputs.arrays]
    inputs = inputs._replace(arrays={name: inputs.arrays[name] for name in order})
    with function.running():
        returned = arguments.call(function.call, inputs.handed(inputs.cast(asked.dtype)))
    more = inputs, stream, asked.wrt, asked.dtype, asked.upstreams, asked.folder
    by = inputs.floating, asked.wrt or ()
    if backward is not None:
        outputs = len(parts_of(returned, function.title)) - 1
        taking = backward_of(backward.call, backward.title, outputs)
        pair = Pair(function, arguments, backward, taking, *by)
        code = Code(pair, function.title, document, taking.names[1:], weighted=True)
        return CodeProblem(code, *more)
    if is_loss(returned):
        loss = LossAndGradients(function, arguments, *by)
        return CodeProblem(Code(loss, function.title, document), *more)
    if isinstance(returned, tuple):
        told = f"gives {len(returned)} things, which are not (loss, grads)"
        raise SpecError("backward", f"is needed: {function.title} {told}")
    return FunctionProblem(Code(Plain(function, arguments), function.title, document), *more)


def python_problem(mapping: Mapping[str, Any], folder: str | None = None) -> Problem:
    """The problem of the function that ``mapping`` names, which is loaded and called.

    Its keys are python (FILE.py:NAME), values and settings by name, and those of the
    catalogue. Relative files are taken from ``folder``. Raises GradcliError.
    """
    own = ("python", "values", "settings")
    options = read_keys({k: v for k, v in mapping.items() if k not in own}, PYTHON_KEYS)
    if not isinstance(mapping["python"], str):
        raise SpecError("python", "must name a function, FILE.py:NAME")
    inputs, stream = read_inputs(mapping, options.get("seed", 0), folder)
    function = load(mapping["python"], folder)
    document, backward = {"python": function.title}, None
    if "backward" in options:
        name = options["backward"]
        apart = ":" in name  # in a file of its own
        backward = load(name, folder) if apart else load(f"{function.file}:{name}", None)
        document["backward"] = backward.title if apart else name
    upstreams: dict[str, Any] = {"upstream": options["upstream"]} if "upstream" in options else {}
    known = names_of(function.call)
    for name in [n for n in inputs.arrays if n.startswith("upstream_") and n not in known]:
        upstreams[name] = inputs.arrays.pop(name)
    asked = Asked(options.get("wrt"), options.get("dtype", "float64"), upstreams, folder)
    return problem_of(function, backward, inputs, stream, asked, document)
