"""Families of problems, each declared once, and their commands under every verb.

A family has options and a way to load problems from them; a verb is a function of loaded
problems, with options of its own. A command joins the two.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import click


class Family(NamedTuple):
    """A problem of the command line: ``load`` turns its parsed options into problems.

    ``kind`` is "model", "formula" or "landscape": what it is without a verb depends on it.
    """

    name: str
    kind: str
    help: str
    example: str
    parameters: Callable[[], list[click.Parameter]]
    load: Callable[[dict[str, Any]], list[Any]]


class Command(click.Command):
    """A command that also takes --w1 --b1 --w2 --b2 ..., as many as a model has layers."""

    _NUMBERED = r"--([wb][1-9][0-9]{0,4})(?:=.*)?"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return self._parse(ctx, args)
        except click.NoSuchOption as error:
            if any(param.name == "expression" for param in self.params):
                hint = f"no option {error.option_name}; a formula that begins with - goes after --"
                raise click.UsageError(hint, ctx) from None
            raise

    def _parse(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any(param.name == "w" for param in self.params):
            names = dict.fromkeys(
                m[1]
                for a in args
                if a[:3] in ("--w", "--b") and (m := re.fullmatch(self._NUMBERED, a, re.S))
            )
            ctx.meta["numbered"] = [click.Option([f"--{n}"], metavar="VALUE") for n in names]
        return super().parse_args(ctx, args)

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *ctx.meta.get("numbered", [])]


class Verb(NamedTuple):
    """What to do with problems, and the options that it takes besides theirs."""

    run: Callable[[list[Any], dict[str, Any]], int]
    parameters: Callable[[], list[click.Parameter]]


class ProblemGroup(click.Group):
    """A group with a command for each family, joined with a verb.

    ``verbs`` has the verb for each kind of family, ``others`` the other commands by name, both
    as "module:name": a module is loaded when its command is asked for. ``prefix`` is what
    stands before a family's name on the command line.
    """

    def __init__(
        self,
        *args: Any,
        verbs: dict[str, str],
        others: dict[str, str] | None = None,
        prefix: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.verbs = verbs
        self.others = others or {}
        self.prefix = prefix

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_families(), *self.others, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in self.others:
            command: click.Command = _loaded(self.others[name])
            return command
        families = _families()
        if name in families:
            family = families[name]
            return _command(family, _loaded(self.verbs[family.kind]), self.prefix)
        return super().get_command(ctx, name)


def _families() -> dict[str, Family]:
    families: dict[str, Family] = _loaded("gradcli.cli.families:families")()
    return families


def _loaded(path: str) -> Any:
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def _command(family: Family, verb: Verb, prefix: str) -> click.Command:
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
        epilog=f"Example: gradcli {prefix}{family.example}",
    )
