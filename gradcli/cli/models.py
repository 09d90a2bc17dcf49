"""Dense models on the command line: the losses, and spec files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from gradcli.catalogue import INITIALISERS, LOSSES, MODEL_KEYS, VALUE, Key
from gradcli.cli.options import words
from gradcli.cli.problems import Family
from gradcli.errors import GradcliError, SpecError

if TYPE_CHECKING:
    from gradcli.model.model import Model


def _option(key: Key) -> click.Option:
    flag = "--" + key.name.replace("_", "-")
    text = key.help + (f"  [default: {key.default}]" if key.default else "")
    if key.kind == "flag":
        return click.Option([flag, key.name], is_flag=True, default=None, help=text)
    if key.kind == "int":
        return click.Option([flag, key.name], type=int, metavar="N", help=text)
    if key.kind == "ints":
        return click.Option([flag, key.name], metavar="N,N", help=text)
    names = INITIALISERS if key.kind == "value" else key.words
    metavar = "VALUE" if key.kind == "value" else "NAME"
    return click.Option([flag, key.name], metavar=metavar, help=text, shell_complete=words(names))


def _load_loss(loss: str) -> Callable[[dict[str, Any]], list[Model]]:
    def load(options: dict[str, Any]) -> list[Model]:
        from gradcli.model import Model

        try:
            return [Model.from_spec({"loss": loss, **options})]
        except SpecError as error:
            if error.key is None:
                raise
            flag = "--" + error.key.replace("_", "-")
            raise GradcliError(f"{flag}: {error.problem}") from error

    return load


_EXAMPLES = {
    "mse": "mse --in 3 --out 2 --act sigmoid",
    "mae": "mae --in 3 --out 2 --hidden 4",
    "huber": "huber --x 1,2,3 --y 0.5 --w 1",
    "bce": "bce --in 4 --out 1 --labels 0,1,1",
    "ce": "ce --in 4 --out 3 --labels 2,0 --hidden 8,8",
}

LOSS_FAMILIES = [
    Family(
        loss,
        "model",
        f"Loss and gradients of a dense model: {meaning}.\n\nA VALUE is {VALUE}; a file may "
        "carry a slice, as in data.npz:x[0:32].",
        _EXAMPLES[loss],
        lambda: [_option(key) for key in MODEL_KEYS],
        _load_loss(loss),
    )
    for loss, meaning in LOSSES.items()
]


def _load_specs(options: dict[str, Any]) -> list[Model]:
    from gradcli.model import Model, read_specs

    names = options["specs"]
    if names.count("-") > 1:
        raise GradcliError("standard input (-) is given twice: it can be read once")
    models = []
    for name in names:
        for file in read_specs(name):
            try:
                models.append(Model.from_spec(file.mapping, file.folder))
            except GradcliError as error:
                raise GradcliError(f"{name}: {error}") from error
    if not models:
        raise GradcliError(f"{names[0]}: holds no spec")
    return models


RUN_FAMILY = Family(
    "run",
    "model",
    "Models from spec files: TOML or JSON, or - for standard input.\n\nThe keys are the flags "
    "of the loss commands without dashes, and loss; [[layers]] tables are the long form.",
    "run model.toml",
    lambda: [click.Argument(["specs"], nargs=-1, required=True, metavar="SPEC...")],
    _load_specs,
)
