"""Families of problems, each declared once, and their commands under every verb.

A family has keys and a way to make specifications from the command line; a verb takes the
problem of each specification, with keys of its own. A command joins the two.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import click

from gradcli.cli.exits import warn
from gradcli.cli.show import Outcome
from gradcli.cli.view import View
from gradcli.errors import DocumentError
from gradcli.keys import Key

if TYPE_CHECKING:
    from gradcli.inputs.specs import SpecFile
    from gradcli.problem import Problem

Options = dict[str, Any]


class Written(NamedTuple):
    """A specification that is written on the command line itself, not in a file."""

    mapping: Mapping[str, Any]
    folder: str | None = None
    name: str | None = None
    trusted: bool = True
    """Whether code that it names may be run."""


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

    problem = problem_from(mapping, folder, allow_code=True)  # see perform
    for caution in problem.cautions:
        warn(caution)
    return problem


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


def respelt(problem: Problem, verb: str, options: Options) -> Options:
    """The specification that gives an answer again: the problem's, with its verb."""
    document = problem.exact_document if verb == "check" else problem.document
    return {**document, **({"verb": verb} if verb else {}), **options}


def loaded(path: str) -> Any:
    """What ``path`` names, "module:name"."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)
