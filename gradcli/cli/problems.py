"""Families of problems, each declared once, and their commands under every verb.

A family has keys and a way to make specifications from the command line; a verb takes the
problem of each specification, with keys of its own. A command joins the two.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from gradcli.catalogue import ALL_KEYS, VERBS, Key, read_keys
from gradcli.cli.exits import GOOD, INCONCLUSIVE, INTERRUPTED, NO, USAGE
from gradcli.cli.keys import KeyOption, flag, grouped
from gradcli.cli.view import Outcome, View, show, take_view, view_options, write_line
from gradcli.errors import GradcliError, SpecError

if TYPE_CHECKING:
    from gradcli.inputs.specs import SpecFile
    from gradcli.problem import Problem

Options = dict[str, Any]
_WORST_FIRST = (INTERRUPTED, USAGE, NO, INCONCLUSIVE, GOOD)


class Written(NamedTuple):
    """A specification that is written on the command line itself, not in a file."""

    mapping: Mapping[str, Any]
    folder: str | None = None
    name: str | None = None


class Family(NamedTuple):
    """Problems of one kind on the command line."""

    name: str
    heading: str
    """Under which the list of commands has it."""
    verb: str
    """What is done with it where no verb is named."""
    subject: str
    """What it is, as in "walk downhill on SUBJECT"."""
    help: str
    """What there is to say of it under every verb."""
    example: str
    keys: Sequence[Key]
    arguments: Callable[[], list[click.Parameter]]
    specs: Callable[[Options], Iterable[SpecFile | Written]]
    """The specifications that the parsed options and arguments stand for."""


class Verb(NamedTuple):
    """What to do with a problem, given the values of the verb's keys."""

    name: str
    act: Callable[[Problem, Options, View], Outcome]
    about: str
    """What help says of it; {} stands for the problem."""


VERB_PLACES = {
    "": "gradcli.cli.answer:ANSWER",
    "check": "gradcli.cli.check:CHECK",
    "descend": "gradcli.cli.descend:DESCEND",
}


def perform(
    name: str | None, specs: Iterable[SpecFile | Written], given: Options, view: View
) -> int:
    """Do the verb ``name``, or what each specification says itself, with every problem."""
    codes = [GOOD]
    single = view.file or ("--against" if given.get("against") else None)
    for i, spec in enumerate(_few_enough(specs, single)):
        if i and view.tables:
            write_line("")
        codes.append(_perform(name, spec, given, view))
    return next(code for code in _WORST_FIRST if code in codes)


def _few_enough(
    specs: Iterable[SpecFile | Written], single: str | None
) -> Iterable[SpecFile | Written]:
    """``specs``, of which the option ``single``, where it is given, allows one only."""
    if single is None:
        return specs
    found = list(specs)
    if len(found) > 1:
        raise GradcliError(f"{single}: goes with one spec, not {len(found)}")
    return found


def _perform(name: str | None, spec: SpecFile | Written, given: Options, view: View) -> int:
    from gradcli.problems import problem_from

    try:
        mapping = dict(spec.mapping)
        own = mapping.pop("verb", None) or ""
        if own not in VERBS:
            raise SpecError("verb", f"unknown value {own!r}: one of {', '.join(VERBS)[2:]}")
        its = {key.name for key in VERBS[own]}
        options = read_keys({k: v for k, v in mapping.items() if k in its}, VERBS[own])
        verb_name = own if name is None else name
        options = {**(options if own == verb_name else {}), **_without_none(given)}
        problem = problem_from({k: v for k, v in mapping.items() if k not in its}, spec.folder)
        verb: Verb = loaded(VERB_PLACES[verb_name])
        outcome = verb.act(problem, options, view)
    except GradcliError as error:
        if spec.name is None:
            raise
        raise GradcliError(f"{spec.name}: {error}") from error
    return show(outcome, view)


def respelt(problem: Problem, verb: str, options: Options) -> Options:
    """The specification that gives an answer again: the problem's, with its verb."""
    return {**problem.document, **({"verb": verb} if verb else {}), **options}


def _without_none(options: Options) -> Options:
    return {name: value for name, value in options.items() if value is not None}


class Command(click.Command):
    """The command of a family under a verb; it also takes --w1 --b1 --w2 --b2 ..."""

    _NUMBERED = r"--([wb][1-9][0-9]{0,4})(?:=.*)?"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if any(param.name == "w" for param in self.params):
            names = dict.fromkeys(
                m[1]
                for a in args
                if a[:3] in ("--w", "--b") and (m := re.fullmatch(self._NUMBERED, a, re.S))
            )
            ctx.meta["numbered"] = [click.Option([f"--{n}"], metavar="VALUE") for n in names]
        try:
            return super().parse_args(ctx, self._sorted(args))
        except click.NoSuchOption as error:
            keys = [k for some in ALL_KEYS for k in some if flag(k.name) == error.option_name]
            if keys and keys[0].only:
                raise GradcliError(
                    f"{error.option_name}: goes with {' and '.join(keys[0].only)} only"
                ) from None
            raise

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        return [*super().get_params(ctx), *ctx.meta.get("numbered", [])]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        grouped(super().get_params(ctx), ctx, formatter)

    def _sorted(self, args: list[str]) -> list[str]:
        """``args`` with the options first, where a formula or a pair of numbers needs it.

        A formula may begin with a minus, and options may follow it, even after --; a pair of
        numbers may be written with a comma.
        """
        options = {o: p for p in self.params if isinstance(p, click.Option) for o in p.opts}
        formula = any(param.name == "expression" for param in self.params)
        first: list[str] = []
        rest: list[str] = []
        waiting = list(args)
        while waiting:
            word = waiting.pop(0)
            option = options.get(word.partition("=")[0])
            if option is not None and word.startswith("--"):
                first.append(word)
                if not option.is_flag and "=" not in word and waiting:
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
        return [*families(), *others, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
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
            from gradcli.suggest import suggestion

            near = suggestion(args[0], self.list_commands(ctx))
            raise click.UsageError(f"there is no command {args[0]!r}{near}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        headings = {name: family.heading for name, family in families().items()}
        for heading, places in self.others.items():
            headings.update(dict.fromkeys(places, heading))
        rows: dict[str, list[tuple[str, str]]] = {}
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            if command is not None:
                row = name, command.get_short_help_str(formatter.width)
                rows.setdefault(headings.get(name, "Reference"), []).append(row)
        for heading, some in rows.items():
            with formatter.section(heading):
                formatter.write_dl(some)


def families() -> dict[str, Family]:
    """Every family by its name, from the catalogue as it is now."""
    return {family.name: family for family in loaded("gradcli.cli.families:families")()}


def loaded(path: str) -> Any:
    """What ``path`` names, "module:name"."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def command_of(family: Family, verb: str | None) -> click.Command:
    """The command ``gradcli <verb> <family>``: the problems, handed to the verb."""
    # A specification that is read may name its own verb; the command line's wins.
    name = verb if verb is not None or not family.verb else family.verb
    keys = VERBS[name or ""] if name or family.name != "run" else ()
    names = {key.name for key in keys}

    def callback(**options: Any) -> int:
        view = take_view(options)
        given = {k: options.pop(k) for k in names}
        try:
            return perform(name, family.specs(options), given, view)
        except SpecError as error:
            if error.key is None or error.key not in {*options, *names}:
                raise
            raise GradcliError(f"{flag(error.key)}: {error.problem}") from error

    about = loaded(VERB_PLACES[name or ""]).about
    prefix = f"{verb} " if verb else ""
    return Command(
        family.name,
        callback=callback,
        params=[
            *family.arguments(),
            *[KeyOption(key) for key in [*family.keys, *keys]],
            *view_options(),
        ],
        help=f"{about.format(family.subject)}\n\n{family.help}",
        epilog=f"Example: gradcli {prefix}{family.example}",
    )
