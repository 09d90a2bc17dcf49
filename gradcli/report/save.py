"""Answers as files, by extension; each replaces the old file whole or not at all."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gradcli.report.document import document, dumps
from gradcli.report.numbers import text, texts
from gradcli.report.saving import replace_file

if TYPE_CHECKING:
    from gradcli.model.model import Evaluation, Model

PICTURE_WIDTH = 120
"""Columns of an .html or .svg picture."""


def save(path: str, model: Model, evaluation: Evaluation, trace: bool, full: bool) -> None:
    """Write the answer to ``path``: .npz .json .csv .html or .svg.

    An npz holds ``loss``, ``output``, ``x``, ``y``, ``params.NAME`` and ``grads.NAME``; a
    csv one row a number: quantity, name, row, column, value.
    """

    def write(file: IO[bytes]) -> None:
        suffix = os.path.splitext(path)[1].lower()
        if suffix == ".npz":
            np.savez(file, **_arrays(model, evaluation))
        elif suffix == ".json":
            file.write((dumps(document(model, evaluation, trace)) + "\n").encode())
        elif suffix == ".csv":
            file.write(_csv(model, evaluation).encode())
        else:
            from gradcli.report.standalone import html, svg
            from gradcli.report.tables import evaluation_tables

            parts = list(evaluation_tables(model, evaluation, trace, full, PICTURE_WIDTH))
            file.write((svg if suffix == ".svg" else html)(parts).encode())

    replace_file(path, write)


def _arrays(model: Model, evaluation: Evaluation) -> dict[str, Any]:
    return {
        "loss": evaluation.loss,
        "output": evaluation.output,
        "x": model.x,
        "y": model.y,
        **{f"params.{name}": array for name, array in evaluation.parameters.items()},
        **{f"grads.{name}": array for name, array in evaluation.gradients.items()},
    }


def _csv(model: Model, evaluation: Evaluation) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["quantity", "name", "row", "column", "value"])
    writer.writerow(["loss", "", "", "", text(evaluation.loss)])
    for quantity, arrays in (
        ("grad", evaluation.gradients),
        ("param", evaluation.parameters),
        ("input", {"x": model.x, "y": model.y}),
        ("output", {"": evaluation.output}),
    ):
        for name, array in arrays.items():
            writer.writerows([quantity, name, *entry] for entry in _entries(array))
    return out.getvalue()


def _entries(array: npt.NDArray[Any]) -> Iterator[tuple[Any, int, str]]:
    """(row, column, value); a vector has no row."""
    for index, value in zip(np.ndindex(array.shape), texts(array, None).reshape(-1)):
        row, column = index if len(index) == 2 else ("", index[0])
        yield row, column, str(value)
