"""``gradcli data``: looking at data before anything is computed with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.command import Command
from gradcli.cli.exits import GOOD, USAGE
from gradcli.cli.options import PATH, KeyOption, flag, flagged
from gradcli.cli.show import Outcome, show
from gradcli.cli.view import take_view, view_options
from gradcli.errors import GradcliError, SpecError
from gradcli.spec_keys import MODEL_KEYS

if TYPE_CHECKING:
    from gradcli.inputs.summary import Summary

_DATA = ("x", "labels", "y")
_NAMES = (*_DATA, "scale", "x_shape", "batch", "in", "out", "hidden", "layers", "convention")
_KEYS = [key for name in (*_NAMES, "dtype") for key in MODEL_KEYS if key.name == name]


@click.command(
    cls=Command,
    params=[
        click.Argument(["sources"], type=PATH, nargs=-1, metavar="[SOURCE]..."),
        *[KeyOption(key) for key in _KEYS],
        *view_options("trace", "graph", "junit", "plot", "low", "high"),
    ],
    epilog="Example: gradcli data --labels 2,0,1 --out 3",
)
def data(sources: tuple[str, ...], **options: Any) -> int:
    """Look at data: shapes, ranges, means, classes; and at the first batch of a training.

    A SOURCE is a file of arrays, as for --x; one without a key tells of every array that it
    holds. With --x, --labels or --y, and the other options of a model, the first batch is shown
    as the model would take it: scaled, flattened, one-hot. No gradients.
    """
    from gradcli.inputs.files import arrays_in
    from gradcli.inputs.summary import summary
    from gradcli.model.batch import first_batch
    from gradcli.report.data import DataReport

    view = take_view(options)
    given = {key: value for key, value in options.items() if value is not None}
    if not sources and not given:
        raise GradcliError("there is nothing to look at: name a file, or give --x or --labels")
    alone = [key for key in given if not set(_DATA) & given.keys()]
    if alone:
        raise GradcliError(f"{flag(alone[0])}: goes with --x, --labels or --y")
    found: dict[str, Summary | str] = {
        name: str(opened)
        if isinstance(opened, GradcliError)
        else summary(opened.array, opened.require_unchanged)
        for source in sources
        for name, opened in arrays_in(source)
    }
    try:
        batch = first_batch(given, None) if given else None
    except SpecError as error:
        raise flagged(error) from error
    report = DataReport({**found, **(batch.data if batch else {})}, batch)
    readable = batch or not all(isinstance(told, str) for told in found.values())
    code = GOOD if readable else USAGE
    return show(Outcome(report, code=code, warnings=batch.warnings if batch else ()), view)
