"""The command of a family of problems under a verb."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.options import KeyOption, completions, flag, flagged, grouped
from gradcli.cli.perform import perform
from gradcli.cli.problems import VERB_PLACES, Family, loaded
from gradcli.cli.view import take_view, view_options
from gradcli.errors import GradcliError, SpecError
from gradcli.spec_keys import MODEL_KEYS
from gradcli.suggest import listed, meant, nearest
from gradcli.verb_keys import VERBS

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def command_of(family: Family, verb: str | None) -> click.Command:
    """The command ``gradcli <verb> <family>``: the problems, handed to the verb."""
    # A specification that is read may name its own verb; the command line's wins.
    name = verb if verb is not None or not family.verb else family.verb
    keys = VERBS[name or ""] if name or family.name != "run" else ()
    names = [key.name for key in keys]

    def callback(**options: Any) -> int:
        view = take_view(options)
        given = {k: options.pop(k) for k in names}
        try:
            return perform(name, family.specs(options), given, view)
        except SpecError as error:
            if error.key is None or error.key not in {*options, *names}:
                raise
            raise flagged(error) from error

    about = loaded(VERB_PLACES[name or ""]).about
    prefix = f"{verb} " if verb else ""
    return Command(
        family.name,
        callback=callback,
        params=[
            *family.arguments(),
            *[KeyOption(key) for key in family.keys if key.group or key.name not in names],
            *[KeyOption(key) for key in keys],
            *view_options(*(("low", "high") if name == "check" else ("junit",))),
        ],
        help=f"{about.format(family.subject)}\n\n{family.help}",
        epilog=f"Example: gradcli {prefix}{family.example}",
    )


class Command(click.Command):
    """The command of a family under a verb; it also takes --w1 --b1 --w2 --b2 ..."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        numbered = {p.key.name: p.key for p in self._keys if p.key.numbered}
        found = [re.match(r"--([a-z]+)([1-9][0-9]{0,4})(?:=|\Z)", arg) for arg in args]
        names = {m[1] + m[2]: numbered[m[1]] for m in found if m and m[1] in numbered}
        ctx.meta["numbered"] = [KeyOption(key._replace(name=n)) for n, key in names.items()]
        try:
            return super().parse_args(ctx, self._sorted(ctx, args))
        except click.NoSuchOption as error:
            name = error.option_name.removeprefix("--").replace("-", "_")
            known = [o[2:].replace("-", "_") for o in self._options()]
            only = next((k.only for k in MODEL_KEYS if k.name == name and k.only), ())
            if only:
                other = meant(name, known)
                hint = f"; did you mean {flag(other)}?" if other else ""
                told = f"{error.option_name}: goes with {listed(only)} only{hint}"
                raise GradcliError(told) from None
            near = nearest(name, known)
            hint = f"; did you mean {flag(near)}?" if near else ""
            raise click.UsageError(f"there is no option {error.option_name}{hint}", ctx) from None

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *ctx.meta.get("numbered", [])]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        found = super().shell_complete(ctx, incomplete)
        layers = range(len(ctx.params.get("hidden") or ()) + 1)
        numbered = [p.key.name for p in self._keys if p.key.numbered and len(layers) > 1]
        names = [flag(f"{name}{i + 1}") for name in numbered for i in layers]
        return [*found, *completions(names, incomplete, files=False)]

    def _options(self) -> dict[str, click.Option]:
        return {o: p for p in self.params if isinstance(p, click.Option) for o in p.opts}

    @property
    def _keys(self) -> list[KeyOption]:
        return [param for param in self.params if isinstance(param, KeyOption)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        grouped(super().get_params(ctx), ctx, formatter)

    def _sorted(self, ctx: click.Context, args: list[str]) -> list[str]:
        """``args`` with the options first, where a formula or a pair of numbers needs it.

        A formula may begin with a minus, and options may follow it, even after --; a pair of
        numbers may be written with a comma.
        """
        options = self._options()
        formula = any(param.name == "expression" for param in self.params)
        first: list[str] = []
        rest: list[str] = []
        waiting = list(args)
        while waiting:
            word = waiting.pop(0)
            option = options.get(word.partition("=")[0])
            if option is not None and word.startswith("--"):
                first.append(word)
                if option.is_flag or "=" in word:
                    continue
                if not waiting:
                    if ctx.resilient_parsing:  # the value is about to be completed
                        break
                    raise GradcliError(f"{word}: needs a value, {option.make_metavar(ctx)}")
                first.append(self._value(option, waiting))
            elif not formula or word == "-h" or re.match(r"--[a-z]", word):
                first.append(word)  # help, or an option that there is not: click says so
            elif word != "--":
                rest.append(word)
        return [*first, *(["--", *rest] if rest else [])]

    def _value(self, option: click.Option, waiting: list[str]) -> str:
        value = waiting.pop(0)
        pair = isinstance(option, KeyOption) and option.key.kind == "pair"
        if pair and "," not in value and waiting:
            value = f"{value},{waiting.pop(0)}"
        return value
