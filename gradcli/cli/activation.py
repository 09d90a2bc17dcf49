"""``gradcli activation``: values and derivatives of an activation function."""

from __future__ import annotations

import click

from gradcli.catalogue import ACTIVATIONS
from gradcli.cli.exits import GOOD
from gradcli.cli.options import words
from gradcli.cli.output import answer, plot_path
from gradcli.errors import GradcliError

_MOST = 100_000


@click.command(epilog="Example: gradcli activation sigmoid --from -10 --to 10 --points 10")
@click.argument("name", metavar="NAME", shell_complete=words(ACTIVATIONS))
@click.option("--from", "low", type=float, default=-10.0, metavar="X", help="[default: -10]")
@click.option("--to", "high", type=float, default=10.0, metavar="X", help="[default: 10]")
@click.option("--points", type=click.IntRange(2, _MOST), default=10, help="[default: 10]")
@click.option(
    "--dtype", type=click.Choice(["float32", "float64"]), default="float32", metavar="NAME",
    help="float32 or float64.  [default: float32]",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@click.option("--plot", metavar="FILE", callback=plot_path, help="Both curves as a picture.")
def activation(
    name: str, low: float, high: float, points: int, dtype: str, as_json: bool, plot: str | None
) -> int:
    """An activation function and its derivative, at evenly spaced points."""
    if name not in ACTIVATIONS:
        from gradcli.suggest import suggestion

        near = suggestion(name, ACTIVATIONS) or f": one of {', '.join(ACTIVATIONS)}"
        raise GradcliError(f"there is no activation {name!r}{near}")
    if not abs(low) < float("inf") or not abs(high) < float("inf") or low >= high:
        raise GradcliError(f"--from: must be a number below --to, not {low:g} and {high:g}")
    from gradcli.model.curves import tabulate
    from gradcli.report.curves import CurveReport
    from gradcli.report.report import Screen

    drawn = tabulate(name, low, high, max(points, 400), "float64")
    report = CurveReport(tabulate(name, low, high, points, dtype), drawn)
    if plot:
        from gradcli.report.plots import save_plot

        save_plot(plot, report.figure)
    answer(as_json, report.document, lambda width: report.tables(Screen(width)))
    return GOOD
