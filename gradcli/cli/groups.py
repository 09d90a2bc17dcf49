"""Groups of commands: a command for each family of problems, and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.command import command_of
from gradcli.cli.families import families
from gradcli.cli.layers import layer_family
from gradcli.cli.options import completions
from gradcli.cli.problems import VERB_PLACES, loaded
from gradcli.layer_kinds import LAYERS
from gradcli.suggest import suggestion

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

LAYER = "layer"
"""The command that has one for each kind of layer."""


class ProblemGroup(click.Group):
    """A group with a command for each family, joined with a verb.

    ``verb`` is the name of its verb, None where each family has its own; ``others`` has the
    other commands by heading and name, as "module:name": a module is loaded when its command
    is asked for.
    """

    def __init__(
        self,
        *args: Any,
        verb: str | None = None,
        others: dict[str, dict[str, str]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.verb = verb
        self.others = others or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        others = [name for places in self.others.values() for name in places]
        return [*families(), LAYER, *others, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name == LAYER:
            return LayerGroup(self.verb)
        for places in self.others.values():
            if name in places:
                command: click.Command = loaded(places[name])
                return command
        family = families().get(name)
        if family is not None:
            return command_of(family, self.verb)
        return super().get_command(ctx, name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            near = suggestion(args[0], self.list_commands(ctx))
            raise click.UsageError(f"there is no {self.member} {args[0]!r}{near}", ctx)
        return super().resolve_command(ctx, args)

    member = "command"
    """What one of its commands is called."""

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        known = families()
        headings = {name: family.heading for name, family in known.items()}
        headings[LAYER] = "Models"
        for heading, places in self.others.items():
            headings.update(dict.fromkeys(places, heading))
        rows: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                about = command.get_short_help_str(formatter.width)
                if self.verb and name in known:  # the verb is told above the list
                    subject = known[name].subject.removeprefix(f"{name}, ")
                    about = f"{subject[0].upper()}{subject[1:]}."
                rows.setdefault(headings.get(name, "Reference"), []).append((name, about))
        for heading, some in rows.items():
            with formatter.section(heading):
                formatter.write_dl(some)


class LayerGroup(ProblemGroup):
    """A command for each kind of layer by itself, joined with a verb."""

    member = "kind of layer"

    def __init__(self, verb: str | None) -> None:
        about = loaded(VERB_PLACES[verb or ""]).about.format("one layer by itself")
        super().__init__(
            LAYER,
            help=f"{about}\n\nIts keys and arrays: gradcli layer KIND --help.",
            epilog=f"Example: gradcli {f'{verb} ' if verb else ''}layer dense --in 3 --units 2",
            verb=verb,
        )

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(LAYERS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        return command_of(layer_family(name), self.verb) if name in LAYERS else None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Without the commands, which need NumPy."""
        meanings = {name: kind.meaning for name, kind in LAYERS.items()}
        return completions(meanings, incomplete, files=False)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Layers"):
            formatter.write_dl([(name, kind.meaning) for name, kind in LAYERS.items()])
