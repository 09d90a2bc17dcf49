"""Every problem that the command line knows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from gradcli.catalogue import LANDSCAPES, LOSSES, VALUE
from gradcli.cli.options import PATH
from gradcli.cli.problems import Family, Options, Written
from gradcli.errors import DocumentError, GradcliError
from gradcli.keys import Key
from gradcli.spec_keys import (
    FORMULA_KEYS,
    LANDSCAPE_KEYS,
    MODEL_KEYS,
    PROGRAM_KEYS,
    PYTHON_KEYS,
)

if TYPE_CHECKING:
    from gradcli.inputs.specs import SpecFile


def families() -> dict[str, Family]:
    """Every family by its name, from the catalogue as it is now."""
    losses = [_loss(name, loss.meaning) for name, loss in LOSSES.items()]
    landscapes = [_landscape(name, meaning) for name, meaning in LANDSCAPES.items()]
    return {
        family.name: family for family in [*losses, _RUN, _FORMULA, _PYTHON, _PROGRAM, *landscapes]
    }


_EXAMPLES = {
    "mse": "mse --in 3 --out 2 --act sigmoid",
    "mae": "mae --in 3 --out 2 --hidden 4",
    "huber": "huber --x 1,2,3 --y 0.5 --w 1",
    "bce": "bce --in 4 --out 1 --labels 0,1,1",
    "ce": "ce --in 4 --out 3 --labels 2,0 --hidden 8,8",
    "focal": "focal --in 4 --out 3 --labels 2,0 --gamma 1",
    "binary_focal": "binary_focal --in 4 --out 2 --y 0,1 --alpha 0.3",
    "kl": "kl --in 4 --out 3 --act softmax --y 0.2,0.5,0.3",
    "poisson": "poisson --in 4 --out 1 --act softplus --y 2",
    "hinge": "hinge --in 4 --out 1 --labels 0,1,1",
    "svm": "svm --in 4 --out 3 --labels 2,0 --l2 0.01",
}


def _loss(name: str, meaning: str) -> Family:
    return Family(
        name,
        "Models",
        "",
        f"a model with {meaning}",
        f"A VALUE is {VALUE}; a file may "
        "carry a slice, as in data.npz:x[0:32], or name columns, as in data.csv:height.",
        _EXAMPLES.get(name, f"{name} --in 3 --out 2"),
        [key for key in MODEL_KEYS if not key.only or name in key.only],
        list,
        lambda options: [Written({"loss": name, **options})],
    )


def _landscape(name: str, meaning: str) -> Family:
    return Family(
        name,
        "Landscapes",
        "descend",
        f"{name}, {meaning}",
        "Its formula and its minima: gradcli landscapes.",
        f"{name} --start -4 0" if name == "himmelblau" else name,
        LANDSCAPE_KEYS,
        list,
        lambda options: [Written({"landscape": name, **options})],
    )


def _read(options: Options) -> Iterator[SpecFile | DocumentError]:
    from gradcli.cli.overrides import overridden
    from gradcli.inputs.specs import read_specs

    names, overrides = options["specs"], options["overrides"]
    if names.count("-") > 1:
        raise GradcliError("standard input (-) is given twice: it can be read once")
    found = False
    for name in names:
        specs = read_specs(name)
        while True:
            try:
                spec: SpecFile | DocumentError | None = next(specs, None)
            except DocumentError as error:  # the next one may be good
                spec = error
            if spec is None:
                break
            found = True
            if not isinstance(spec, DocumentError):
                spec = spec._replace(trusted=options["allow_code"])
                if overrides:
                    spec = spec._replace(change=lambda mapping: overridden(mapping, overrides))
            yield spec
    if not found:
        raise GradcliError(f"{names[0]}: holds no spec")


def _run_arguments() -> list[click.Parameter]:
    from gradcli.cli.overrides import SetOption

    specs = click.Argument(["specs"], type=PATH, nargs=-1, required=True, metavar="SPEC...")
    code = click.Option(["--allow-code"], is_flag=True, help="Run the code that specs name.")
    return [specs, SetOption(), code]


_RUN = Family(
    "run",
    "Models",
    "",
    "problems from spec files",
    "TOML or JSON, or - for standard input. The keys are the "
    "options of the commands without dashes, and loss, formula or landscape; [[layers]] tables "
    "are the long form of a model. An answer with --json can be run again.",
    "run model.toml",
    (),
    _run_arguments,
    _read,
)


def _formula(options: Options) -> list[Written]:
    from gradcli.formula.text import read_text
    from gradcli.inputs.bindings import bindings

    expression, values = options.pop("expression"), options.pop("bindings")
    return [Written({"formula": read_text(expression), "values": bindings(values), **options})]


_FORMULA = Family(
    "formula",
    "Formulas",
    "",
    "a formula",
    "Python's syntax, with ^ for powers too: + - * / "
    "// % @ comparisons, and or not, a if c else b, x[0] x[1:] x[x > 0] x.T, [1, 2], the constants "
    "pi e inf, and every function that gradcli ops lists, by its keywords, too. A value may be "
    "drawn: a=normal(4,28). A name that is only an index is no variable. Formulas separated by ; "
    'name intermediates: "y = x^2; sin(y)". @FILE reads the formula from a file, - from standard '
    "input.",
    'formula "sin(x)*y" x=1 y=2',
    FORMULA_KEYS,
    lambda: [
        click.Argument(["expression"], metavar="EXPR"),
        click.Argument(["bindings"], nargs=-1, metavar="[NAME=VALUE]..."),
    ],
    _formula,
)


def _code(
    name: str, operand: str, subject: str, about: str, example: str, keys: Sequence[Key]
) -> Family:
    """Code that is named by its ``operand``, and called with arrays and all else by name."""

    def read(options: Options) -> list[Written]:
        from gradcli.inputs.bindings import settings_among

        code = options.pop(name)
        values, settings = settings_among(options.pop("bindings"))
        return [Written({name: code, "values": values, "settings": settings, **options})]

    def operands() -> list[click.Parameter]:
        bindings = "[NAME=VALUE]... [NAME:=JSON]..."
        return [
            click.Argument([name], metavar=operand, type=PATH),
            click.Argument(["bindings"], nargs=-1, metavar=bindings),
        ]

    return Family(name, "Code", "", subject, about, example, keys, operands, read)


_PYTHON = _code(
    "python",
    "FILE.py:NAME",
    "a function in a file of Python's",
    "The file is run. A function is plain NumPy, f(x, w); or gives (loss, grads); or is a forward "
    "pass, (out, cache), with the name of its backward pass. An array is NAME=VALUE, as in "
    "formulas; all else, and whole numbers, NAME:=JSON: 'y:=[0,2,1]'. See gradcli help code.",
    "python layers.py:affine_forward 'x=normal(2,3)' 'w=normal(3,4)' b=0,0,0,0 "
    "--backward affine_backward",
    PYTHON_KEYS,
)


_PROGRAM = _code(
    "program",
    "COMMAND",
    "a program of any language",
    "COMMAND is one word, quoted, and split as a shell would. It is started once, and replies to "
    "each line of JSON on its standard input with one on its standard output: gradcli help program "
    "has the lines, and clients in C and Python. An array is NAME=VALUE, as in formulas; all else, "
    "and whole numbers, NAME:=JSON.",
    'program "./layer --fast" x=normal(2,3) w=normal(3,4) y:=[0,2]',
    PROGRAM_KEYS,
)
