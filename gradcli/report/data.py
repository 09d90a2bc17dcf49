"""What data are like, and the first batch of a training, as tables and documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from gradcli.inputs.summary import Summary
from gradcli.model.batch import Batch
from gradcli.report.arrays import array_table
from gradcli.report.layout import grid
from gradcli.report.numbers import shape_text
from gradcli.report.report import Report, Screen
from gradcli.suggest import counted, place

_HEADS = ("shape", "dtype", "min", "max", "mean")
MOST = 20
"""Classes that a table has where it need not be whole."""


class DataReport(Report):
    """A Report of data by their sources, and of a first batch.

    In place of a Summary stands why there is none.
    """

    def __init__(self, data: Mapping[str, Summary | str], batch: Batch | None) -> None:
        self.data = data
        self.batch = batch

    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = {"data": [_told(name, item) for name, item in self.data.items()]}
        if self.batch is not None:
            arrays = {n: _described(item) for n, item in self.batch.arrays.items()}
            if self.batch.targets is not None:
                arrays["y"]["rows"] = self.batch.targets
            found["batch"] = {"rows": self.batch.rows, "of": self.batch.total, **arrays}
        return found

    def tables(self, screen: Screen) -> Iterator[Any]:
        known = {name: item for name, item in self.data.items() if not isinstance(item, str)}
        yield from _table("data", known, screen)
        for name, item in self.data.items():
            if isinstance(item, str):
                yield Text(f"{name}: {item}")
            else:
                yield from _classes(name, item, screen)
        if self.batch is None:
            return
        taken, targets = self.batch, self.batch.targets
        yield Text(f"first batch: {taken.rows:,} of {counted(taken.total, 'row')}", style="bold")
        yield from _table("array", taken.arrays, screen)
        if "labels" in taken.arrays:
            yield _first("labels", taken.arrays["labels"])
        if targets is not None:
            yield array_table(f"y, first rows  {shape_text(targets.shape)}", targets, screen)

    def rows(self) -> Iterator[Sequence[Any]]:
        yield ["name", *_HEADS, "nan", "infinite"]
        batch = self.batch.arrays if self.batch else {}
        every = {**self.data, **{f"batch {name}": item for name, item in batch.items()}}
        for name, item in every.items():
            if not isinstance(item, str):
                yield [name, *_cells(item), item.nan, item.infinite]


def _cells(item: Summary) -> list[Any]:
    return [shape_text(item.shape), item.dtype, item.low, item.high, item.mean]


def _table(head: str, items: Mapping[str, Summary], screen: Screen) -> Iterator[Any]:
    odd = ["not finite"] if any(item.odd is not None for item in items.values()) else []
    rows = [[name, *_cells(i), *[_odd(i) for _ in odd]] for name, i in items.items()]
    if rows:
        yield from grid([head, *_HEADS, *odd], rows, screen)


def _odd(item: Summary) -> str:
    if item.odd is None:
        return ""
    kinds = [f"{n:,} {what}" for n, what in ((item.nan, "nan"), (item.infinite, "inf")) if n]
    return f"{', '.join(kinds)}, first{place(item.odd)}"


def _classes(name: str, item: Summary, screen: Screen) -> Iterator[Any]:
    """The numbers that a list of classes begins with, and how often each class comes."""
    measured = item.dtype.startswith("f") and all(n == 1 for n in item.classes.values())
    if not item.first or measured:  # whole by chance
        return
    yield _first(name, item)
    told = list(item.classes.items())
    shown = told if screen.digits is None else told[:MOST]
    heads = ["class", *[str(number) for number, _ in shown]]
    yield from grid(heads, [["rows", *[count for _, count in shown]]], screen)
    if len(shown) < len(told):
        yield Text(f"{MOST} of {len(told)} classes  (full shows every one)", style="dim")


def _first(name: str, item: Summary) -> Text:
    more = " ..." if item.shape and max(item.shape) > len(item.first) else ""
    return Text.assemble((name, "bold"), f"  {' '.join(map(str, item.first))}{more}")


def _told(name: str, item: Summary | str) -> dict[str, Any]:
    return {"name": name, **({"error": item} if isinstance(item, str) else _described(item))}


def _described(item: Summary) -> dict[str, Any]:
    """A Summary by the names of JSON."""
    found: dict[str, Any] = dict(zip(_HEADS, (list(item.shape), *_cells(item)[1:])))
    if item.odd is not None:
        found |= {"nan": item.nan, "infinite": item.infinite, "first_odd": list(item.odd)}
    if item.first:
        found |= {"first": item.first, "classes": item.classes}
    return found
