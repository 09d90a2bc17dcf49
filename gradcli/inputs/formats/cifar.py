"""The binary version of CIFAR-10 (Krizhevsky, 2009): a label and an image of 3 x 32 x 32 a row."""

from __future__ import annotations

import numpy as np

from gradcli.errors import FileError
from gradcli.inputs.formats.format import Contents, Named, Opened, array_format, view

ROW = np.dtype([("labels", np.uint8), ("x_first", np.uint8, (3, 32, 32))])
CLASSES = 10


@array_format("CIFAR-10", ".bin", begins=None, by_name=True, typed=True)
def read_cifar(opened: Opened) -> Contents:
    """``x`` (rows, 32, 32, 3), as Keras loads it, ``x_first`` (rows, 3, 32, 32), as it lies there,
    and ``labels`` (rows,): uint8."""
    data = opened.data()
    count, left = divmod(len(data), ROW.itemsize)
    rows = view(data, ROW, [count])
    if left or rows["labels"].max() >= CLASSES:
        raise FileError(
            f"is not CIFAR-10's binary version, rows of {ROW.itemsize:,} bytes that begin with a "
            f"label below {CLASSES}: raw numbers are called .f32 or .f64"
        )
    first = rows["x_first"]
    arrays = {"x": first.transpose(0, 2, 3, 1), "x_first": first, "labels": rows["labels"]}
    return Contents(named=Named(arrays, arrays.__getitem__))
