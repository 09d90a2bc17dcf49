"""Formulas and landscapes on the command line."""

from __future__ import annotations

import functools
import keyword
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.exits import GOOD, NO, say, warn
from gradcli.cli.options import word_option
from gradcli.cli.output import answer, plot_path
from gradcli.cli.problems import Family, Verb
from gradcli.errors import GradcliError, SpecError
from gradcli.formula.names import canonical

if TYPE_CHECKING:
    from gradcli.formula import Formula
    from gradcli.inputs.streams import Stream


def _dtype_option(default: str) -> click.Option:
    return word_option("--dtype", ("float32", "float64"), default, "float32 or float64.")


# Formulas


def _parameters() -> list[click.Parameter]:
    return [
        click.Argument(["expression"], metavar="EXPR"),
        click.Argument(["bindings"], nargs=-1, metavar="[NAME=VALUE]..."),
        click.Option(
            ["--wrt"], metavar="NAMES",
            help="Differentiate by these: x,y. Names of intermediates, too.  [default: all]",
        ),
        _dtype_option("float64"),
        click.Option(
            ["--seed"], type=click.IntRange(0), default=0, metavar="N",
            help="Of the random stream that a=normal(4,28) draws from.  [default: 0]",
        ),
    ]  # fmt: skip


def _load(options: dict[str, Any]) -> list[Formula]:
    from gradcli.catalogue import INITIALISERS
    from gradcli.formula import Formula
    from gradcli.inputs.values import Given, drawn, resolve

    @functools.cache
    def stream() -> Stream:
        from gradcli.inputs.streams import NumpyStream

        return NumpyStream(options["seed"])

    values = {}
    for name, value in _bindings(options["bindings"]).items():
        try:
            found = drawn(name, value, INITIALISERS, stream)
            given = resolve(name, value, None, INITIALISERS) if found is None else Given(found)
            if isinstance(given, str):
                raise SpecError(name, f"give it a shape, such as {name}={value}(3,2)")
            values[name] = given.array
        except SpecError as error:
            raise GradcliError(str(error)) from error
    wrt = options["wrt"]
    names = None if wrt is None else [n.strip() for n in wrt.split(",") if n.strip()]
    try:
        formula = Formula(_text(options["expression"]), values, names, options["dtype"])
    except SpecError as error:
        raise GradcliError(f"--{error}") from error
    unused = [name for name in formula.primals if name in values and name not in formula.free]
    for name in unused:
        warn(f"the value does not depend on {name}: its gradient is 0")
    return [formula]


def _text(expression: str) -> str:
    """The formula itself, or what the file or standard input that it names holds."""
    from gradcli.inputs.files import read_bytes, read_stdin

    if expression != "-" and not expression.startswith("@"):
        return expression
    name = expression[1:] or "-"
    try:
        data = read_stdin() if expression == "-" else read_bytes(name)
        return data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise GradcliError(f"{name}: is not text, but a formula is expected") from None
    except OSError as error:
        raise GradcliError(f"{name}: {error.strerror or error}") from None


def _bindings(bindings: tuple[str, ...]) -> dict[str, str]:
    values: dict[str, str] = {}
    for binding in bindings:
        name, equals, value = binding.partition("=")
        name = canonical(name.strip())
        if not equals:
            raise GradcliError(f"{binding!r} is no NAME=VALUE, such as x=1")
        if not name.isidentifier() or keyword.iskeyword(name):
            raise GradcliError(f"{name!r} cannot be the name of a variable")
        if name in values:
            raise GradcliError(f"{name} is given twice")
        values[name] = value.strip()
    return values


FORMULA_FAMILY = Family(
    "formula",
    "formula",
    "The value and the gradient of a formula.\n\nPython's syntax, with ^ for powers too: + - * / "
    "// % @ comparisons, and or not, a if c else b, x[0] x[1:] x[x > 0] x.T, [1, 2], the constants "
    "pi e inf, and every function that gradcli ops lists, by its keywords, too. A value may be "
    "drawn: a=normal(4,28). A name that is only an index is no variable. Formulas separated by ; "
    'name intermediates: "y = x^2; sin(y)". @FILE reads the formula from a file, - from standard '
    "input.",
    'formula "sin(x)*y" x=1 y=2',
    _parameters,
    _load,
)


def _verb_options() -> list[click.Parameter]:
    return [
        click.Option(
            ["--order"], type=click.IntRange(1), default=1, metavar="N",
            help="Derivatives up to this order; 2 is the Hessian.  [default: 1]",
        ),
        click.Option(["--jacobian"], is_flag=True, help="The Jacobian, for an array value."),
        click.Option(["--trace"], is_flag=True, help="Every step with its gradient and rule."),
        click.Option(["--full"], is_flag=True, help="Every entry and digit of every array."),
        click.Option(["--json"], is_flag=True, help="One JSON object instead of tables."),
        click.Option(
            ["--plot"], metavar="FILE", callback=plot_path,
            help="A picture of the value or the gradient, .png .svg .pdf (extra: plot).",
        ),
    ]  # fmt: skip


def _show(problems: list[Formula], options: dict[str, Any]) -> int:
    from gradcli.derivatives import answer_of
    from gradcli.report.formulas import answer_document, answer_tables

    [formula] = problems
    if options["jacobian"] and (options["order"] > 1 or options["trace"]):
        raise GradcliError("--jacobian: goes without --order and --trace")
    found = answer_of(formula, options["order"], options["jacobian"])
    for name in ("trace", "plot"):
        if options[name] and found.lacking:
            raise GradcliError(f"--{name}: {found.lacking}")
    if found.nonfinite:
        say(f"gradcli: {found.nonfinite}")
    if options["plot"]:
        from gradcli.report.landscape_plots import problem_figure
        from gradcli.report.plots import save_plot

        save_plot(options["plot"], lambda: problem_figure(formula, found.grads or {}))
    trace, full = options["trace"], options["full"]
    answer(
        options["json"],
        lambda: answer_document(found, trace),
        lambda width: answer_tables(formula, found, trace, full, width),
    )
    return NO if found.nonfinite else GOOD


FORMULA = Verb(_show, _verb_options)


# Landscapes


def _landscape_parameters() -> list[click.Parameter]:
    return [
        click.Option(
            ["--start"],
            nargs=2,
            type=float,
            metavar="X Y",
            help="Where to stand.  [default: its own]",
        ),
        _dtype_option("float32"),
    ]


def _load_landscape(name: str) -> Callable[[dict[str, Any]], list[Formula]]:
    def load(options: dict[str, Any]) -> list[Formula]:
        from gradcli.formula import LandscapeProblem

        return [LandscapeProblem(name, options["start"], options["dtype"])]

    return load


def landscape_family(name: str) -> Family:
    return Family(
        name,
        "landscape",
        f"The landscape {name}: see gradcli landscapes.",
        "himmelblau --start -4 0" if name == "himmelblau" else name,
        _landscape_parameters,
        _load_landscape(name),
    )


@click.command(epilog="Example: gradcli landscapes")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def landscapes(as_json: bool) -> int:
    """The landscapes, with their formulas and published minima."""
    from gradcli.report.formulas import landscapes_document, landscapes_tables

    answer(as_json, landscapes_document, lambda width: landscapes_tables())
    return GOOD
