"""Small arrays of one dtype side by side in one: a step for all of them is one for that."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from gradcli.problem import Arrays

State = dict[str, dict[str, Any]]
"""Slots by primal and name."""
SMALL = 4096
"""An array of up to so many entries takes less time to be copied than to be stepped by itself."""


class Pack(NamedTuple):
    """Primals that are stepped together: their names, and what there is beside them.

    ``p`` and ``g`` are the flat arrays of several, ``ps`` and ``gs`` the parts of these that have
    their shapes, in order; a primal by itself needs none. ``slots`` are those of all together,
    ``work`` is an array like ``p``, or None for a scalar.
    """

    names: Sequence[str]
    p: Any
    g: Any
    ps: Sequence[Any]
    gs: Sequence[Any]
    slots: dict[str, Any]
    work: Any


def packed(at: Arrays, state: State) -> list[Pack]:
    """The primals ``at`` in packs, with the slots of ``state``."""
    small: dict[Any, list[str]] = {}
    for name, p in at.items():
        if p.ndim and p.size <= SMALL:
            small.setdefault(p.dtype, []).append(name)
    together = [names for names in small.values() if len(names) > 1]
    several = {name for names in together for name in names}
    alone = [_alone(name, at[name], state[name]) for name in at if name not in several]
    return [*alone, *[_together(names, at, state) for names in together]]


def slots_by_name(packs: Sequence[Pack]) -> State:
    """The slots of each primal in its shape: no copies but of scalars."""
    found: State = {}
    for pack in packs:
        shapes = [p.shape for p in pack.ps]
        for slot, array in pack.slots.items():
            for name, part in zip(pack.names, _parts(array, shapes) if shapes else [array]):
                found.setdefault(name, {})[slot] = part
    return found


def _alone(name: str, p: Any, slots: dict[str, Any]) -> Pack:
    own = {slot: array[()] for slot, array in slots.items()}
    return Pack([name], None, None, (), (), own, np.empty_like(p) if p.ndim else None)


def _together(names: Sequence[str], at: Arrays, state: State) -> Pack:
    shapes = [at[name].shape for name in names]
    p, g, work = np.empty((3, sum(map(math.prod, shapes))), at[names[0]].dtype)
    slots = {
        slot: np.concatenate([state[name][slot].reshape(-1) for name in names])
        for slot in state[names[0]]
    }
    return Pack(names, p, g, _parts(p, shapes), _parts(g, shapes), slots, work)


def _parts(flat: Any, shapes: Sequence[tuple[int, ...]]) -> list[Any]:
    """Those of ``flat`` that have as many entries as the ``shapes``, in these."""
    ends = np.cumsum([math.prod(shape) for shape in shapes])
    return [flat[e - math.prod(shape) : e].reshape(shape) for shape, e in zip(shapes, ends)]
