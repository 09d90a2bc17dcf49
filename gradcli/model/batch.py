"""The first batch of a training: its arrays after scaling, flattening and one-hot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gradcli.inputs.summary import Summary, parts, summary, summary_of
from gradcli.inputs.values import Given, resolve
from gradcli.model.build import gather, stream_of
from gradcli.model.fit import fit_inputs, fit_targets, model_inputs
from gradcli.model.targets import Rows
from gradcli.suggest import place

ROWS = 5
"""Rows of the targets that are shown."""


class Batch(NamedTuple):
    """What a training takes first, and the data that it is taken from."""

    data: dict[str, Summary]
    """As they are given, by the file, or by the key where they were written out."""
    rows: int
    total: int
    arrays: dict[str, Summary]
    """x, labels and y of the batch, those that there are."""
    targets: npt.NDArray[Any] | None
    """The first rows of y."""
    warnings: Sequence[str]


def first_batch(mapping: Mapping[str, Any], folder: str | None) -> Batch:
    """The first rows of the data in ``mapping``, as a model of its keys would take them.

    Where neither a layer nor a file tells the units out, the labels do. What is not finite is
    counted and not refused. Raises SpecError naming the key at fault.
    """
    value = resolve("x", mapping["x"], folder, mapped=True) if "x" in mapping else None
    ask = value.require_unchanged if isinstance(value, Given) else lambda: None
    whole = {**_completed(mapping, folder), "batch": None, "allow_nan": True}
    spec, sizes, given, origins, told, *_ = gather({**whole, "x": value}, folder)
    known = {k: v for k in ("x", "labels", "y") if isinstance(v := given[k], np.ndarray)}
    data = {origins.get(k, k): summary(array, ask) for k, array in known.items()}
    warnings = [*told]
    for name, odd in [(k, summed.odd) for k, summed in zip(known, data.values())]:
        if odd is not None and name != "labels":
            warnings.append(f"{name} is not finite{place(odd)}: only allow_nan has a model take it")
    total, dtype, rows = sizes.batch, np.dtype(spec.dtype), Rows(spec, sizes)
    count = min(mapping.get("batch") or total, total)
    arrays: dict[str, Summary] = {}
    targets = None
    if "x" in known:
        x, seen = fit_inputs(known["x"], sizes)
        warnings += [seen] if seen else []
        taken = x[:count]
        made = (model_inputs(part, sizes.row, spec.scale, dtype) for part in parts(taken, ask))
        arrays["x"] = summary_of(made, taken.shape, dtype)
    if "labels" in known:
        labels = rows.labels(known["labels"], None, stream_of(spec))[:count]
        arrays["labels"] = summary(labels)
        targets = rows.targets(labels, dtype)
    elif "y" in known:
        y, seen = fit_targets(known["y"], sizes)
        warnings += [seen] if seen else []
        targets = y[:count].astype(dtype)
    if targets is not None:
        arrays["y"] = summary(targets)
    return Batch(data, count, total, arrays, None if targets is None else targets[:ROWS], warnings)


def _completed(mapping: Mapping[str, Any], folder: str | None) -> dict[str, Any]:
    """``mapping`` with what a model needs besides its data; labels are read."""
    found: dict[str, Any] = {"loss": "bce" if "labels" in mapping else "mse", **mapping}
    if "x" not in mapping:
        found.setdefault("in", 1)
    if {"out", "layers", "y"} & mapping.keys():
        return found
    units = 1
    if "labels" in mapping:
        labels = resolve("labels", mapping["labels"], folder)
        ids = labels if isinstance(labels, str) else labels.array
        if isinstance(ids, np.ndarray) and ids.size and np.all(np.isfinite(ids)):
            units = max(2, int(ids.max()) + 1)
        found["labels"] = labels
    return {**found, "out": units}
