"""The gradients by outputs, from which those by what they are made from follow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.inputs.values import resolve
from gradcli.suggest import listed

if TYPE_CHECKING:
    from gradcli.inputs.streams import Stream

Shape = tuple[int, ...]


def upstreams_of(
    shapes: Mapping[str, Shape],
    given: Mapping[str, Any] | Sequence[Any],
    folder: str | None,
    stream: Callable[[], Stream],
) -> list[npt.NDArray[np.float64]]:
    """An upstream gradient of each of ``shapes``, as is ``given`` by its name, or in order.

    Those that are not given are drawn from ``stream``, normal. Raises SpecError for what is given
    by another name, in another number, or of another shape.
    """
    if not isinstance(given, Mapping):
        if len(given) not in (0, len(shapes)):
            raise SpecError("upstream", f"of {len(shapes)} outputs, not {len(given)}")
        given = dict(zip(shapes, given))
    for name in given:
        if name not in shapes:
            raise SpecError(None, f"there is no {name!r} here, but {listed(shapes)}")
    return [
        upstream_of(name, given.get(name, "normal"), folder, stream, "output", shape)
        for name, shape in shapes.items()
    ]


def upstream_of(
    key: str,
    value: Any,
    folder: str | None,
    stream: Callable[[], Stream],
    what: str,
    shape: Shape,
) -> npt.NDArray[np.float64]:
    """The gradient by ``what``, of a ``shape``, that the VALUE ``value`` gives.

    Raises SpecError for ``key`` where it has another shape.
    """
    found = resolve(key, value, folder)
    if isinstance(found, str):
        from gradcli.inputs.initialisers import initialise  # not every call draws

        return np.asarray(initialise(found, shape, stream()), np.float64)
    return fitted(key, found.array, shape, what)


def fitted(key: str, array: npt.NDArray[Any], shape: Shape, what: str) -> npt.NDArray[np.float64]:
    """``array`` in the ``shape`` of ``what``; a number fills it. Raises SpecError for ``key``."""
    if array.ndim and array.shape != shape:
        raise SpecError(key, f"has shape {array.shape}, but the {what} has {shape}")
    return np.broadcast_to(array.astype(np.float64), shape)
