"""Raw numbers, little-endian, without a header: one axis."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Array, Contents, Opened, array_format, view


@array_format("raw float32", ".f32", begins=None, typed=True)
def read_f32(opened: Opened) -> Contents:
    return Contents(lambda: _array(opened, np.dtype("<f4")), flat=True)


@array_format("raw float64", ".f64", begins=None, typed=True)
def read_f64(opened: Opened) -> Contents:
    return Contents(lambda: _array(opened, np.dtype("<f8")), flat=True)


def _array(opened: Opened, dtype: np.dtype[Any]) -> Array:
    data = opened.data()
    count, left = divmod(len(data), dtype.itemsize)
    if left:
        each = f"{dtype.name}, {dtype.itemsize} bytes each"
        raise FileError(f"has {len(data):,} bytes, no whole number of {each}")
    return view(data, dtype, [count])
