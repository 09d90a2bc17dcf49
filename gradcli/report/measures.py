"""Metrics, and the loss of each row, on the screen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from rich.text import Text

from gradcli.catalogue import METRICS, Metric
from gradcli.report.arrays import array_table
from gradcli.report.numbers import shape_text, text
from gradcli.report.report import Screen


def measure_tables(measured: Mapping[str, Any], screen: Screen) -> Iterator[Any]:
    """A line for each number, and a table for each array."""
    for name, value in measured.get("metrics", {}).items():
        about = METRICS.get(name, Metric(""))
        if np.ndim(value):
            title = f"{name}  {shape_text(value.shape)}, {about.axes}"
            yield array_table(title, value, screen)
        else:
            unit = f" {about.unit}" if about.unit else ""
            yield Text.assemble(f"{name} ", (text(value, screen), "bold cyan"), unit)
    if "rows" in measured:
        rows = measured["rows"]
        yield array_table(f"rows  {shape_text(rows.shape)}", rows, screen)
