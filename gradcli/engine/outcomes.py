"""Several outcomes of one op, by name."""

from __future__ import annotations

from typing import NamedTuple

from gradcli.engine.tensor import Outcome


class TopK(NamedTuple):
    """The largest entries, and where they are."""

    values: Outcome
    indices: Outcome


class SlogDet(NamedTuple):
    """The sign of a determinant, and the logarithm of its absolute value."""

    sign: Outcome
    logabsdet: Outcome
