"""The problems, each declared once: its options, and how they become a Problem.

A verb (show, check, ...) is a function of loaded problems; ``command`` joins the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gradcli.errors import GradcliError, SpecError
from gradcli.model.keys import INITIALISERS, KEYS, LOSSES, VALUE, Key

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gradcli.model.model import Model


class Family(NamedTuple):
    """A problem of the command line: ``load`` turns its parsed options into problems."""

    name: str
    help: str
    example: str
    parameters: Callable[[], list[click.Parameter]]
    load: Callable[[dict[str, Any]], list[Model]]


class Command(click.Command):
    """A command that also takes --w1 --b1 --w2 --b2 ..., as many as a model has layers."""

    _NUMBERED = re.compile(r"--([wb][1-9][0-9]{0,4})(?:=.*)?", re.S)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any(param.name == "w" for param in self.params):
            names = dict.fromkeys(m[1] for a in args if (m := self._NUMBERED.fullmatch(a)))
            ctx.meta["numbered"] = [click.Option([f"--{n}"], metavar="VALUE") for n in names]
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *ctx.meta.get("numbered", [])]


class Verb(NamedTuple):
    """What to do with problems, and the options that it takes besides theirs."""

    run: Callable[[list[Model], dict[str, Any]], int]
    parameters: Callable[[], list[click.Parameter]]
    prefix: str = ""


class ProblemGroup(click.Group):
    """A group with a command for each family, made when it is asked for, joined with a verb."""

    def __init__(self, *args: Any, verb: Verb, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.verb = verb

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*(family.name for family in FAMILIES), *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        for family in FAMILIES:
            if family.name == name:
                return _command(family, self.verb)
        return super().get_command(ctx, name)


def _command(family: Family, verb: Verb) -> click.Command:
    """The command ``gradcli <verb> <family>``: load the problem, hand it to the verb."""
    verb_params = verb.parameters()
    own = {param.name for param in verb_params}

    def callback(**options: Any) -> int:
        problems = family.load({k: v for k, v in options.items() if k not in own})
        return verb.run(problems, {k: v for k, v in options.items() if k in own})

    return Command(
        family.name,
        callback=callback,
        params=[*family.parameters(), *verb_params],
        help=family.help,
        epilog=f"Example: gradcli {verb.prefix}{family.example}",
    )


# Dense models with a loss


def words(known: Sequence[str]) -> Callable[..., list[CompletionItem]]:
    """Shell completion from a list of words."""

    def complete(ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in known if word.startswith(incomplete)]

    return complete


def _option(key: Key) -> click.Option:
    flag = "--" + key.name.replace("_", "-")
    text = key.help + (f"  [default: {key.default}]" if key.default else "")
    if key.kind == "flag":
        return click.Option([flag, key.name], is_flag=True, default=None, help=text)
    if key.kind == "int":
        return click.Option([flag, key.name], type=int, metavar="N", help=text)
    if key.kind == "ints":
        return click.Option([flag, key.name], metavar="N,N", help=text)
    names = INITIALISERS if key.kind == "value" else key.kind
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
        f"Loss and gradients of a dense model: {meaning}.\n\nA VALUE is {VALUE}; a file may "
        "carry a slice, as in data.npz:x[0:32].",
        _EXAMPLES[loss],
        lambda: [_option(key) for key in KEYS],
        _load_loss(loss),
    )
    for loss, meaning in LOSSES.items()
]


# Spec files


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
    "Models from spec files: TOML or JSON, or - for standard input.\n\nThe keys are the flags "
    "of the loss commands without dashes, and loss; [[layers]] tables are the long form.",
    "run model.toml",
    lambda: [click.Argument(["specs"], nargs=-1, required=True, metavar="SPEC...")],
    _load_specs,
)

FAMILIES = [*LOSS_FAMILIES, RUN_FAMILY]
