"""The commands that tell what there is: ops, landscapes, activation."""

from __future__ import annotations

import click

from gradcli.catalogue import ACTIVATIONS
from gradcli.cli.options import KeyOption, Names
from gradcli.cli.show import Outcome, show
from gradcli.cli.view import take_view, view_options
from gradcli.errors import GradcliError
from gradcli.spec_keys import DTYPE
from gradcli.suggest import suggestion

_MOST = 100_000


def _views(*left_out: str) -> list[click.Parameter]:
    return view_options("trace", "graph", "junit", "low", "high", *left_out)


def op_names() -> list[str]:
    """The names of the engine's ops."""
    from gradcli.engine import REGISTRY

    return sorted(REGISTRY)


@click.command(
    params=[Names(op_names, ["names"], nargs=-1, metavar="[NAME]..."), *_views("plot")],
    epilog="Example: gradcli ops tanh softmax",
)
def ops(names: tuple[str, ...], **options: object) -> int:
    """The ops of the engine, with the rule of each gradient.

    g is the gradient of the output, y the output; the rules are those of the inputs in order.
    """
    from gradcli.report.oplist import OpList

    return show(Outcome(OpList(names)), take_view(options))


@click.command(params=_views("plot"), epilog="Example: gradcli landscapes")
def landscapes(**options: object) -> int:
    """The landscapes, with their formulas and published minima."""
    from gradcli.report.landscapes import LandscapeList

    return show(Outcome(LandscapeList()), take_view(options))


def _number(name: str, place: str, default: float, text: str) -> click.Option:
    shown = f"{text}  [default: {default:g}]"
    return click.Option([name, place], type=float, default=default, metavar="X", help=shown)


@click.command(
    params=[
        Names(lambda: ACTIVATIONS, ["name"], metavar="NAME"),
        _number("--from", "low", -10.0, "The first point."),
        _number("--to", "high", 10.0, "The last point."),
        click.Option(
            ["--points"],
            type=click.IntRange(2, _MOST),
            default=10,
            metavar="N",
            help="How many points.  [default: 10]",
        ),
        KeyOption(DTYPE),
        *_views(),
    ],
    help="An activation function and its derivative, at evenly spaced points.\n\n"
    f"NAME is one of {', '.join(ACTIVATIONS)}.",
    epilog="Example: gradcli activation sigmoid --from -10 --to 10 --points 10",
)
def activation(name: str, low: float, high: float, points: int, **options: object) -> int:
    from gradcli.model.curves import tabulate
    from gradcli.report.curves import CurveReport

    if name not in ACTIVATIONS:
        near = suggestion(name, ACTIVATIONS) or f": one of {', '.join(ACTIVATIONS)}"
        raise GradcliError(f"there is no activation {name!r}{near}")
    if not abs(low) < float("inf") or not abs(high) < float("inf") or low >= high:
        raise GradcliError(f"--from: must be a number below --to, not {low:g} and {high:g}")
    dtype = str(options.pop("dtype") or "float32")
    view = take_view(options)
    curve = tabulate(name, low, high, points, dtype)
    drawn = tabulate(name, low, high, max(points, 400), "float64") if view.plot else curve
    return show(Outcome(CurveReport(curve, drawn)), view)
