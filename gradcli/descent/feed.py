"""The order in which rows of data are taken: fixed by the seed, other in each epoch."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.errors import SpecError
from gradcli.inputs.streams import NumpyStream

Indices = npt.NDArray[np.int64]

_HELD, _ORDER, _MASKS = range(3)
"""What a stream of random numbers is for."""


class Split(NamedTuple):
    """The rows that are trained on, and those that are held out."""

    trained: Indices
    held: Indices


def split(rows: int, holdout: float, seed: int) -> Split:
    """Hold out a part of so many ``rows``, drawn by the seed, rounded to whole rows.

    Both parts are in the order of the data. Raises SpecError where one of them is empty.
    """
    count = round(rows * holdout)
    if holdout and not 0 < count < rows:
        raise SpecError("holdout", f"{holdout:g} of {rows} rows leaves no row to one of the parts")
    drawn = np.random.default_rng((seed, _HELD)).permutation(rows)
    return Split(np.sort(drawn[count:]), np.sort(drawn[:count]))


def order(rows: Indices, seed: int, epoch: int) -> Indices:
    """``rows`` as they are taken in an epoch."""
    return np.random.default_rng((seed, _ORDER, epoch)).permutation(rows)


def masks_stream(seed: int, epoch: int, step: int) -> NumpyStream:
    """From which what is drawn anew in a step of an epoch comes."""
    return NumpyStream((seed, _MASKS, epoch, step))
