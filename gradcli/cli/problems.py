"""Families of problems, each declared once, and their commands under every verb.

A family has keys and a way to make specifications from the command line; a verb takes the
problem of each specification, with keys of its own. A command joins the two.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import click

from gradcli.cli.exits import GOOD, INCONCLUSIVE, INTERRUPTED, NO, USAGE, complain, discarded
from gradcli.cli.show import Outcome, show, write_line
from gradcli.cli.view import View
from gradcli.errors import DocumentError, GradcliError, PointedError, SpecError
from gradcli.keys import Key, read_keys
from gradcli.verb_keys import TRAINING_KEYS, VERB, VERBS

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


Spec: TypeAlias = "SpecFile | DocumentError | Written"
"""In place of a document that is malformed stands its error."""


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
    specs: Callable[[Options], Iterable[Spec]]
    """The specifications that the parsed options and arguments stand for."""


def problem_of(mapping: Options, folder: str | None, options: Options) -> Problem:
    """The problem that ``mapping`` specifies, whatever the verb's ``options``."""
    from gradcli.problems import problem_from

    return problem_from(mapping, folder)


class Verb(NamedTuple):
    """What to do with a problem, given the values of the verb's keys."""

    act: Callable[[Any, Options, View], Outcome]
    about: str
    """What help says of it; {} stands for the problem."""
    made: Callable[[Options, str | None, Options], Any] = problem_of
    """What it acts on, from a specification, the folder of its files, and the verb's options."""


VERB_PLACES = {
    "": "gradcli.cli.answer:ANSWER",
    "check": "gradcli.cli.check:CHECK",
    "descend": "gradcli.cli.descend:DESCEND",
}


def perform(name: str | None, specs: Iterable[Spec], given: Options, view: View) -> int:
    """Do the verb ``name``, or what each specification says itself, with every problem."""
    codes = {GOOD}
    single = view.file or ("--against" if given.get("against") else None)
    for i, spec in enumerate(_few_enough(specs, single)):
        if i and view.tables:
            write_line("")
        codes.add(_perform(name, spec, given, view))
        if INTERRUPTED in codes or discarded():
            break
    return next(code for code in _WORST_FIRST if code in codes)


def _few_enough(specs: Iterable[Spec], single: str | None) -> Iterable[Spec]:
    """``specs``, of which the option ``single``, where it is given, allows one only."""
    if single is None:
        return specs
    found = list(specs)
    if len(found) > 1:
        raise GradcliError(f"{single}: goes with one spec, not {len(found)}")
    return found


def _perform(name: str | None, spec: Spec, given: Options, view: View) -> int:
    if isinstance(spec, DocumentError):
        return _refused(spec, spec.line, view)
    try:
        chosen, options, mapping = _split(name, spec.mapping)
        verb: Verb = loaded(VERB_PLACES[chosen])
        if chosen == "check" and not isinstance(spec, Written) and spec.grads is not None:
            options.setdefault("against", spec.grads)
        options |= {key: value for key, value in given.items() if value is not None}
        outcome = verb.act(verb.made(mapping, spec.folder, options), options, view)
    except GradcliError as error:
        if isinstance(spec, Written):
            raise
        where = spec.name if spec.line == 1 else f"{spec.name}: line {spec.line}"
        if isinstance(error, PointedError):
            named = type(error)(f"{where}: {error.problem}", error.line, error.column)
            return _refused(named, spec.line, view)
        return _refused(GradcliError(f"{where}: {error}"), spec.line, view)
    return show(outcome, view)


def _refused(error: GradcliError, line: int, view: View) -> int:
    """Tell of a document that has no answer, and in JSON in its place; the rest go on."""
    if click.get_current_context().find_root().params["debug"]:
        raise error
    if view.json:
        from gradcli.report.document import dumps

        write_line(dumps({"error": str(error).partition("\n")[0], "line": line}))
    return complain(error)


def _split(name: str | None, mapping: Mapping[str, Any]) -> tuple[str, Options, Options]:
    """The verb, the values of its keys in ``mapping``, and what is left: the problem's own.

    The verb ``name`` of the command line wins over the specification's, whose keys are then
    another verb's, and are left out.
    """
    usual = "descend" if "landscape" in mapping else ""
    own = VERB.read(mapping["verb"]) if mapping.get("verb") else usual
    chosen = own if name is None else name
    if own != "descend" and chosen != "descend":
        for key in TRAINING_KEYS:
            if mapping.get(key.name) is not None:
                raise SpecError(key.name, "goes with the verb descend: descend run has it")
    keys = {key.name for key in (*VERBS[own], *VERBS[chosen])}
    rest = {k: v for k, v in mapping.items() if k not in keys and k != "verb"}
    its = {k: v for k, v in mapping.items() if k in keys and own in (chosen, "")}
    if chosen != "descend" and mapping.get("epochs") is not None:
        rest.pop("batch", None)  # rows a step, of a training that it is no longer
    return chosen, read_keys(its, VERBS[chosen]), rest


def respelt(problem: Problem, verb: str, options: Options) -> Options:
    """The specification that gives an answer again: the problem's, with its verb."""
    document = problem.exact_document if verb == "check" else problem.document
    return {**document, **({"verb": verb} if verb else {}), **options}


def loaded(path: str) -> Any:
    """What ``path`` names, "module:name"."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
