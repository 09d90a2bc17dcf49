"""Nests: lists, tuples and dicts of leaves, as ``gradient`` takes and gives them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def leaves(structure: Any) -> Iterator[Any]:
    """The leaves of ``structure``, in order."""
    if isinstance(structure, dict):
        structure = structure.values()
    elif not isinstance(structure, (list, tuple)):
        yield structure
        return
    for item in structure:
        yield from leaves(item)


def rebuild(structure: Any, leaves: Iterator[Any]) -> Any:
    """A nest like ``structure``, of the next ``leaves``."""
    if isinstance(structure, dict):
        return {name: rebuild(item, leaves) for name, item in structure.items()}
    if isinstance(structure, (list, tuple)):
        items = [rebuild(item, leaves) for item in structure]
        if isinstance(structure, tuple) and hasattr(structure, "_fields"):
            return type(structure)(*items)
        return type(structure)(items)
    return next(leaves)


def pairs(target: Any, given: Any) -> Iterator[tuple[Any, Any]]:
    """Each leaf of ``target`` with its part of ``given``: of the same structure, or None."""
    if isinstance(target, dict):
        if given is not None:
            given = [given[name] for name in target]
        target = list(target.values())
    if not isinstance(target, (list, tuple)):
        yield target, given
        return
    if given is None:
        given = [None] * len(target)
    if not isinstance(given, (list, tuple)):
        raise ValueError("output_gradients must have the structure of the targets")
    if len(given) != len(target):
        raise ValueError(f"{len(target)} targets, but {len(given)} output_gradients")
    for item, part in zip(target, given):
        yield from pairs(item, part)
