"""The command ``gradcli``."""

from __future__ import annotations

import gc
import os
import sys
from typing import NoReturn

import click

import gradcli
from gradcli.cli.escaping import ESCAPING
from gradcli.cli.exits import guarded
from gradcli.cli.groups import ProblemGroup
from gradcli.cli.signals import leave


@click.group(
    cls=ProblemGroup,
    others={
        "Verbs": {"check": "gradcli.cli.check:check", "descend": "gradcli.cli.descend:descend"},
        "Reference": {
            "data": "gradcli.cli.data:data",
            "ops": "gradcli.cli.reference:ops",
            "landscapes": "gradcli.cli.reference:landscapes",
            "activation": "gradcli.cli.reference:activation",
            "help": "gradcli.cli.help:help_",
        },
    },
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit codes: 0 good, 1 the answer is no, 2 bad usage or input, 3 inconclusive, "
    "70 a bug, 130 interrupted.",
)
@click.version_option(gradcli.__version__, message="gradcli %(version)s")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """A gradient calculator.

    Builds a model of layers, or takes one layer, a formula or your own code, prints the value and
    the gradient of every parameter, proves them, and walks downhill.

    \b
      gradcli mse --in 3 --out 2 --act sigmoid
      gradcli ce --in 4 --out 3 --hidden 8,8 --labels 2,0 --trace
      gradcli layer conv2d --in 5,5,2 --filters 3 --kernel 2
      gradcli run model.toml --json
      gradcli check mse --in 3 --out 2 --act sigmoid
      gradcli formula "x^3" x=1 --order 2
      gradcli himmelblau --start -4 0
      gradcli help
    """


def _narrow() -> int | None:
    """The width of help on a terminal of under 52 columns, for which Click lays out none."""
    try:
        columns = int(os.environ.get("COLUMNS") or 0) or os.get_terminal_size(1).columns
    except (OSError, ValueError):
        return None
    return max(columns - 2, 20) if 0 < columns < 52 else None


def main() -> NoReturn:
    """The entry point: run, flush, leave."""
    # Imports make many objects that all live on: collecting among them only takes time.
    gc.set_threshold(100_000)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=ESCAPING)
    if sys.stdout is None:
        sys.stdout = os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    if "_GRADCLI_COMPLETE" in os.environ:
        from gradcli.cli.completion import prepare

        prepare()
    cli.context_settings["terminal_width"] = _narrow()
    leave(guarded(cli))
