"""How a function takes its inputs: which of them stand where in its signature."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from gradcli.errors import GradcliError
from gradcli.suggest import counted, listed, suggestion

_BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
_ONE = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.KEYWORD_ONLY,
)


class Arguments(NamedTuple):
    """The inputs of a function by name, in the order of its parameters."""

    placed: Sequence[str]
    named: Sequence[str]
    together: Sequence[str] = ()
    """Those that its first parameter takes as a dict."""

    @property
    def order(self) -> list[str]:
        return [*self.together, *self.placed, *self.named]

    def call(self, function: Callable[..., Any], inputs: Mapping[str, Any]) -> Any:
        """What ``function`` gives for ``inputs``."""
        first = [{name: inputs[name] for name in self.together}] if self.together else []
        by_name = {name: inputs[name] for name in self.named}
        return function(*first, *[inputs[name] for name in self.placed], **by_name)


def arguments_of(function: Callable[..., Any], title: str, names: Sequence[str]) -> Arguments:
    """How ``function`` takes inputs called ``names``.

    Those that are none of its parameters it takes as a dict, where its first parameter is none of
    them, and no other one is needed. Raises GradcliError where an input is missing, or is no
    parameter.
    """
    parameters = _parameters(function)
    if parameters is None:  # of C, it does not tell
        return Arguments(names, ())
    single = [p for p in parameters.values() if p.kind in _ONE]
    kinds = {p.kind for p in parameters.values()}
    known = [p.name for p in single]
    missing = [p.name for p in single if p.default is p.empty and p.name not in names]
    others = [name for name in names if name not in known]
    takes_more = inspect.Parameter.VAR_KEYWORD in kinds
    takes_places = inspect.Parameter.VAR_POSITIONAL in kinds
    if len(single) == len(parameters) and missing == known[:1] and others:
        alike = len(others) == 1 and others[0].lower() == missing[0].lower()
        if not alike:
            return Arguments((), [n for n in known if n in names], together=others)
    signature = f"{title}{inspect.signature(function)}"
    if others and not (takes_more or takes_places):
        near = suggestion(others[0], [name for name in known if name not in names])
        raise GradcliError(f"{signature} has no parameter {others[0]!r}{near}")
    if missing:
        raise GradcliError(
            f"{signature} needs {listed(missing)} as well: give {missing[0]}=VALUE, or "
            f"{missing[0]}:=JSON"
        )
    if takes_places and not takes_more:
        return Arguments([*[n for n in known if n in names], *others], ())
    placed = [p.name for p in single if p.kind in _BY_PLACE and p.name in names]
    by_name = [name for name in known if name in names and name not in placed]
    return Arguments(placed, [*by_name, *others])


class Backward(NamedTuple):
    """How a backward pass takes the gradients by the outputs, and what the forward pass kept."""

    cache_at: int
    """The place of what was kept."""
    names: Sequence[str]
    """Of the outputs, as its parameters tell them."""
    together: bool = False
    """Whether the gradients come as one tuple."""

    def call(self, function: Callable[..., Any], upstreams: Sequence[Any], cache: Any) -> Any:
        """What the backward pass ``function`` gives."""
        given = [tuple(upstreams)] if self.together else [*upstreams]
        given.insert(self.cache_at, cache)
        return function(*given)


def backward_of(function: Callable[..., Any], title: str, outputs: int) -> Backward:
    """How a backward pass takes the gradients by so many ``outputs``.

    Raises GradcliError where it takes another number of them.
    """
    parameters = _parameters(function)
    if parameters is None:
        return Backward(outputs, [])
    single = [p for p in parameters.values() if p.kind in _ONE]
    required = [p.name for p in single if p.default is p.empty] or [p.name for p in single]
    if len(required) != len(single) and len(required) < 2:
        required = [p.name for p in single][: outputs + 1]
    cache_at = next((i for i, name in enumerate(required) if "cache" in name), len(required) - 1)
    others = [name for i, name in enumerate(required) if i != cache_at]
    if len(others) == outputs:
        return Backward(cache_at, [_undone(name) for name in others])
    if len(others) == 1:
        return Backward(cache_at, [], together=True)
    raise GradcliError(
        f"{title}{inspect.signature(function)} takes {counted(len(others), 'upstream gradient')} "
        f"and a cache, but there are {counted(outputs, 'output')}"
    )


def _undone(name: str) -> str:
    """The name of what ``name`` is the gradient by."""
    for before in ("grad_", "d_", "d"):
        if name.startswith(before) and name != before:
            return name.removeprefix(before)
    return name


def _parameters(function: Callable[..., Any]) -> Mapping[str, inspect.Parameter] | None:
    try:
        return inspect.signature(function).parameters
    except (TypeError, ValueError):
        return None


def names_of(function: Callable[..., Any]) -> Collection[str]:
    """The names of its parameters, none where it does not tell."""
    return list(_parameters(function) or ())
