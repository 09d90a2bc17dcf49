"""Random problems of every kind that is declared: losses, layers, ops, landscapes, code.

What there is to draw from is found in the declarations, so that what is added to them is drawn.
"""

from __future__ import annotations

import inspect
import shlex
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from typing import Any, NamedTuple

import numpy as np

from gradcli.catalogue import ACTIVATIONS, CONVENTIONS, KINDS, LANDSCAPES, LOSSES
from gradcli.check.second import Slope
from gradcli.code.callee import Reply
from gradcli.code.inputs import Inputs
from gradcli.code.loading import Function
from gradcli.code.problem import Code, CodeProblem
from gradcli.code.python import Asked, problem_of
from gradcli.engine import REGISTRY
from gradcli.engine.custom import custom_gradient
from gradcli.engine.ops.comparison import stop_gradient
from gradcli.errors import GradcliError
from gradcli.formula.landscapes import LANDSCAPES as SHAPES
from gradcli.formula.written import as_formula, outcomes
from gradcli.gradient import differentiate
from gradcli.inputs.streams import NumpyStream
from gradcli.layer_kinds import LAYERS
from gradcli.layers.layer import layer_kind
from gradcli.problem import Problem, same
from gradcli.problems import problem_from
from gradcli.stepping import stepper
from tests.layers import random_stacks

Spec = dict[str, Any]


class Case(NamedTuple):
    """A problem, what it is one of (``loss mse``), and how it is made again."""

    problem: Problem
    of: str
    told: str


def _made(of: str, spec: Spec) -> Case:
    return Case(problem_from(spec), of, repr(spec))


def _dtype(rng: np.random.Generator) -> str:
    return str(rng.choice(["float32", "float64"]))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(10**6))


def model(rng: np.random.Generator) -> Case:
    """Dense layers and any loss."""
    loss = str(rng.choice(list(LOSSES)))
    spec: Spec = {"loss": loss, "seed": _seed(rng), "dtype": _dtype(rng)}
    for key, least, most in (("in", 1, 5), ("out", 1, 5), ("batch", 1, 5)):
        spec[key] = int(rng.integers(least, most))
    spec["hidden"] = [int(n) for n in rng.integers(1, 6, rng.integers(0, 3))]
    for key in ("act", "hidden_act"):
        spec[key] = str(rng.choice(list(ACTIVATIONS)))
    spec["reduction"] = str(rng.choice(["mean", "sum"]))
    if LOSSES[loss].logits:
        spec["from_logits"] = bool(rng.random() < 0.5)
    if rng.random() < 0.2:
        spec[str(rng.choice(["l1", "l2"]))] = float(10 ** rng.uniform(-3, -1))
    return _made(f"loss {loss}", spec)


def _example(kind: str, rng: np.random.Generator) -> tuple[Spec, list[int]]:
    """The settings of a kind as in its example, and the shape of a row that it takes."""
    keys = {key.name: key for key in LAYERS[kind].keys}
    found: Spec = {}
    for name, text in LAYERS[kind].example.items():
        if name in keys:
            found[name] = keys[name].parse(shlex.split(text)[0])
    if "act" in keys and rng.random() < 0.5:
        found["act"] = str(rng.choice(list(ACTIVATIONS)))
    return found, [int(n) for n in LAYERS[kind].example.get("in", "3").split(",")]


def net(rng: np.random.Generator) -> Case:
    """A layer of any kind between others, and any loss."""
    kind, loss = str(rng.choice(list(LAYERS))), str(rng.choice(list(LOSSES)))
    settings, row = _example(kind, rng)
    tables: list[Spec] = [{"kind": kind, **settings}]
    if kind not in ("embedding", "reshape"):
        tables.insert(0, {"kind": "dense", "units": row[-1], "act": "tanh"})
    tables += [{"kind": "flatten"}, {"kind": "dense", "units": int(rng.integers(1, 4))}]
    spec = {"loss": loss, "layers": tables, "in": row, "batch": int(rng.integers(1, 5))}
    return _made(f"net {kind}", {**spec, "seed": _seed(rng), "dtype": _dtype(rng)})


def stack(rng: np.random.Generator) -> Case:
    """Several layers, one on the other."""
    spec = random_stacks.stack(_seed(rng), Counter())
    return _made("stack", {**spec, "dtype": _dtype(rng)})


def layer(rng: np.random.Generator) -> Case:
    """One layer by itself, in any convention."""
    kind, convention = str(rng.choice(list(LAYERS))), str(rng.choice(list(CONVENTIONS)))
    settings, row = _example(kind, rng)
    spatial = len(row) > 2 or (len(row) == 2 and bool(layer_kind(kind).spatial))
    if convention != "keras" and spatial:
        row = [row[-1], *row[:-1]]
    spec = {"layer": kind, **settings, "in": row, "convention": convention}
    spec |= {"batch": int(rng.integers(1, 5)), "seed": _seed(rng), "dtype": _dtype(rng)}
    return _made(f"layer {kind}", spec)


OPS = [op for op in REGISTRY.values() if op.differentiable and not op.sized_by_values]


def formula(rng: np.random.Generator) -> Case:
    """Any op, within its domain."""
    while True:
        op = OPS[rng.integers(len(OPS))]
        case = op.cases[rng.integers(len(op.cases))]
        arrays = op.sample(case, rng)
        written = as_formula(op, arrays, case.params)
        parts = list(outcomes(written.text, op.call(arrays, case.params)))
        if not parts or not written.values:
            continue
        text, value = parts[rng.integers(len(parts))]
        weights = rng.uniform(0.5, 1.5, np.shape(value))
        text = f"sum({text} * weights)"
        if rng.random() < 0.3:
            text = f"u = {text}; u * tanh(u)"
        spec = {
            "formula": text,
            "values": {n: np.asarray(a).tolist() for n, a in written.values.items()},
            "wrt": list(written.values),
        }
        spec["values"]["weights"] = weights.tolist()
        return _made(f"op {op.name}", spec)


def landscape(rng: np.random.Generator) -> Case:
    name = str(rng.choice(list(LANDSCAPES)))
    start = [float(c + rng.normal()) for c in SHAPES[name].start]
    return _made(f"landscape {name}", {"landscape": name, "start": start, "dtype": _dtype(rng)})


class Own:
    """Somebody's code: what another problem computes, with gradients of its own.

    ``wrong`` are given in place of those that are right.
    """

    def __init__(self, problem: Problem, wrong: Mapping[str, Any]) -> None:
        self.problem = problem
        self.wrong = wrong

    def __call__(self, inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        arrays = {n: np.asarray(inputs[n]) for n in self.problem.primals}
        if upstreams is None:
            return Reply([np.asarray(self.problem.forward(arrays, same))])
        result = differentiate(self.problem, arrays)
        gradients = {n: g * upstreams[0] for n, g in {**result.gradients, **self.wrong}.items()}
        return Reply([result.value], gradients)


def of_code(problem: Problem, wrong: Mapping[str, Any]) -> CodeProblem:
    """The same as somebody's code."""
    call = Own(problem, wrong)
    inputs = Inputs({n: np.array(a) for n, a in problem.primals.items()})
    return CodeProblem(Code(call, "theirs", {"python": "theirs"}), inputs, lambda: NumpyStream(0))


def code(rng: np.random.Generator) -> Case:
    """What becomes somebody's code, with gradients of its own, once these are known."""
    case = (model, layer, formula)[rng.integers(3)](rng)
    return case._replace(of="code")


def function(rng: np.random.Generator) -> Case:
    """Somebody's function, which the engine follows."""
    case = (model, layer, formula)[rng.integers(3)](rng)
    inner = case.problem.in_float64()
    names = {f"a{i}": name for i, name in enumerate(inner.primals)}

    def call(**given: Any) -> Any:
        return inner.forward({names[own]: array for own, array in given.items()}, same)

    values = {own: np.array(inner.primals[name]) for own, name in names.items()}
    keyword = inspect.Parameter.KEYWORD_ONLY
    parameters = [inspect.Parameter(name, keyword) for name in values]
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    mine = Function(call, "mine", "")
    found = problem_of(mine, None, Inputs(values), lambda: NumpyStream(0), Asked(), {})
    return Case(found, "function", case.told)


class Slopes(NamedTuple):
    """A problem of second order, right, and where its derivative is wrong at that order alone."""

    right: Problem
    bent: Problem


def second(problem: Problem, name: str) -> Slopes:
    """The slope of ``problem``, and that of one whose gradient by ``name`` has another slope."""

    @custom_gradient
    def bent(x: Any) -> Any:
        return x * 1, lambda g: g * (1 + 0.5 * (x - stop_gradient(x)))

    other: Any = copy(problem)
    whole = problem.forward
    other.forward = lambda at, note=same: whole({**at, name: bent(at[name])}, note)
    other.in_float64, other.rounded = lambda: other, lambda: None
    other.replayed = lambda at=None: None
    other.stepper = lambda: stepper(other)
    return Slopes(Slope(problem), Slope(other))


MAKERS: dict[str, Sequence[Callable[[np.random.Generator], Case]]] = {
    "loss": (model, net, stack),
    "layer": (layer,),
    "formula": (formula,),
    "landscape": (landscape,),
    "python": (code, function),
    "program": (code,),
}
"""By what tells a kind of problem (``catalogue.KINDS``), how such are drawn."""
FAMILIES = {maker.__name__: maker for kind in KINDS for maker in MAKERS[kind]}


def draw(family: str, rng: np.random.Generator) -> Case:
    """A random case; those that are refused, such as a loss with another activation, are not."""
    while True:
        try:
            return FAMILIES[family](rng)
        except GradcliError:
            continue


__all__ = ["FAMILIES", "Case", "draw", "of_code", "second"]
