"""What code is told apart by, before anything else: a few calls on plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.code.callee import Callee, Reply
from gradcli.code.inputs import Inputs
from gradcli.problem import Arrays
from gradcli.suggest import listed

_SAME = 16
"""Roundings of the largest entry by which two calls may differ: threads add up in any order."""


class Trial(NamedTuple):
    """What the first calls showed."""

    reply: Reply
    upstreams: Sequence[Any]
    unfit: str | None
    """Why no verdict on it could be trusted."""
    cautions: list[str]


def tried(
    callee: Callee,
    title: str,
    inputs: Inputs,
    arrays: Arrays,
    upstreams_for: Callable[[Sequence[Any]], Sequence[Any]],
) -> Trial:
    """Call ``callee`` for its outputs, then twice for its gradients, all on equal ``arrays``.

    ``upstreams_for`` makes the gradients by the outputs. Raises what the callee raises.
    """
    handed = inputs.handed(arrays)
    alone = callee(handed, None)
    written = _written(arrays, handed)
    upstreams = [np.asarray(upstream) for upstream in upstreams_for(alone.outputs)]
    replies = []
    for _ in range(2):
        handed, given = inputs.handed(arrays), [np.array(u)[()] for u in upstreams]
        replies.append(callee(handed, given))
        written |= _written(arrays, handed)
        spoilt = not all(map(_equal, upstreams, given))
    first, second = replies
    cautions = [f"{title} writes to {listed(written)}: it is given copies"] if written else []
    if spoilt:
        cautions.append(f"{title} writes to the upstream gradient: it is given copies")
    return Trial(first, upstreams, _unfit(alone, first, second), cautions)


def _written(arrays: Arrays, handed: Mapping[str, Any]) -> dict[str, None]:
    """The names of the ``arrays`` that are no longer what was handed over, in order."""
    return {name: None for name, array in arrays.items() if not _equal(array, handed[name])}


def _equal(a: Any, b: Any) -> bool:
    return np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind == "f")


def _unfit(alone: Reply, first: Reply, second: Reply) -> str | None:
    told = apart(first.outputs, second.outputs)
    if told:
        return f"not repeatable: its values on equal arrays are {told} apart: fix its seed"
    others = second.gradients or {}
    for name, gradient in (first.gradients or {}).items():
        told = apart([gradient], [others[name]] if name in others else [])
        if told:
            which = f"its gradients by {name} on equal arrays"
            return f"not repeatable: {which} are {told} apart: fix its seed"
    told = apart(alone.outputs, first.outputs)
    if told:
        return f"its value is another where its gradients are asked for, too: {told} apart"
    return None


def apart(some: Sequence[Any], others: Sequence[Any], roundings: float = _SAME) -> str:
    """How far apart two lists of arrays are, in words; nothing where they are the same.

    They may differ by so many ``roundings`` of the largest entry.
    """
    for a, b in zip(some, others):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape:
            return f"the shapes {a.shape} and {b.shape}"
        if _equal(a, b):
            continue
        with np.errstate(all="ignore"):
            off = np.abs(a.astype(np.float64) - b)
        eps = np.finfo(a.dtype).eps if a.dtype.kind == "f" else 0.0
        size = np.max(np.abs(a), initial=0.0, where=np.isfinite(a))
        if not np.all((off <= roundings * eps * size) | (a == b) | (np.isnan(a) & np.isnan(b))):
            return f"{np.nanmax(off, initial=0.0):.2g}"
    return "" if len(some) == len(others) else f"{len(some)} outputs and {len(others)}"
