"""How a convention is declared: what it calls the arrays of each kind of layer, and their layout.

The layers know Keras's alone. Under another convention a problem's arrays are the convention's:
they are brought into Keras's layout by the first operations of an evaluation, so that gradients
come out as the convention has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from gradcli.conventions.layout import Layout


class Convention(NamedTuple):
    """What it changes at the edges of a network; the layers between know nothing of it."""

    channels_first: bool = False
    """(batch, channels, h, w) for (batch, h, w, channels), and flattened in that order."""
    positional: bool = False
    """Whether names begin with a layer's place in a sequence of modules, an activation counted."""
    by_batch: bool = False
    """Whether the sum of a loss over rows is divided by the batch, however many rows it has."""
    layouts: Mapping[str, Layout] = {}
    """By kind of layer; others have the layers' own."""
    defaults: Mapping[str, Mapping[str, Any]] = {}
    """By kind of layer, the values of keys that are not given; some are made of the dtype."""
    slopes: Mapping[str, Mapping[str, float]] = {}
    """By activation, what its function is called with."""
    read: Mapping[str, Mapping[str, Callable[[Any], tuple[str, Any]]]] = {}
    """By kind of layer and key, where that means another thing there: ours, and its value.

    Raises SpecError."""

    def default(self, kind: str, dtype: str) -> dict[str, Any]:
        """The values of keys of a ``kind`` that are not given, where numbers are of ``dtype``."""
        found = self.defaults.get(kind, {})
        return {key: v(np.dtype(dtype)) if callable(v) else v for key, v in found.items()}


def convention_of(name: str) -> Convention:
    """The convention ``name`` of the catalogue."""
    found: Convention = import_module(f"gradcli.conventions.{name}").CONVENTION
    return found
