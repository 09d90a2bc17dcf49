"""Answers as files, by extension; each replaces the old file whole or not at all."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from gradcli.report.archive import arrays
from gradcli.report.document import dumps, with_spec
from gradcli.report.replace import replace_file
from gradcli.report.report import Archived, Report, Screen

PICTURE_WIDTH = 120
"""Columns of an .html or .svg picture."""


def save(path: str, report: Report, spec: Mapping[str, Any] | None, screen: Screen) -> None:
    """Write the answer to ``path``: .npz .safetensors .json .csv .html or .svg.

    An npz or safetensors holds the numbers of the document, by names such as ``grads.w``; a csv
    the rows of the report; the pictures are of its tables.
    """

    def write(file: IO[bytes]) -> None:
        suffix = os.path.splitext(path)[1].lower()
        if suffix in (".npz", ".safetensors"):
            whole = report.archive() if isinstance(report, Archived) else report.document()
            _write_arrays(file, suffix, arrays(whole))
        elif suffix == ".json":
            file.write((dumps(with_spec(report.document(), spec)) + "\n").encode())
        elif suffix == ".csv":
            file.write(_csv(report).encode())
        else:
            from gradcli.report.standalone import html, svg

            parts = list(report.tables(screen._replace(width=PICTURE_WIDTH)))
            file.write((svg if suffix == ".svg" else html)(parts).encode())

    replace_file(path, write)


def _write_arrays(file: IO[bytes], suffix: str, found: Mapping[str, npt.NDArray[Any]]) -> None:
    if suffix == ".npz":
        np.savez(file, **found)  # type: ignore[arg-type]
    else:
        from gradcli.inputs.formats.safetensors import write_safetensors

        write_safetensors(file, found)


def _csv(report: Report) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(report.rows())
    return out.getvalue()
