"""A verb is done with each problem of a command, or of a stream of documents, one after another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from gradcli.cli.exits import GOOD, INCONCLUSIVE, INTERRUPTED, NO, USAGE, complain, discarded
from gradcli.cli.problems import VERB_PLACES, Options, Spec, Verb, Written, loaded
from gradcli.cli.show import show, write_line
from gradcli.cli.view import View
from gradcli.errors import DocumentError, GradcliError, PointedError, SpecError
from gradcli.keys import read_keys, shown
from gradcli.suggest import printable
from gradcli.verb_keys import TRAINING_KEYS, VERB, VERBS

if TYPE_CHECKING:
    from gradcli.cli.suites import Suites
    from gradcli.inputs.specs import SpecFile

_WORST_FIRST = (INTERRUPTED, USAGE, NO, INCONCLUSIVE, GOOD)
_TOLD = {
    GOOD: "pass",
    NO: "fail",
    INCONCLUSIVE: "inconclusive",
    USAGE: "refused",
    INTERRUPTED: "interrupted",
}
_OF_ONE = ("against", "value")
"""Keys of which the command line can give one problem's only."""
_MANY = 8
"""So many checks have a line each on the screen, and no tables."""


def perform(name: str | None, specs: Iterable[Spec], given: Options, view: View) -> int:
    """Do the verb ``name``, or what each specification says itself, with every problem."""
    codes: Counter[int] = Counter()
    single = view.file or next((f"--{n}" for n in _OF_ONE if given.get(n)), None)
    specs = _few_enough(specs, single)
    if name == "check" and view.tables:
        specs, many = _looked_ahead(specs, _MANY)
        view = view._replace(brief=many)
    suites = _suites(view.junit)
    for spec in specs:
        if codes and view.tables and not view.brief:
            write_line("")
        codes[_perform(name, spec, given, view, suites)] += 1
        if INTERRUPTED in codes or (discarded() and view.junit is None):
            break
    if suites is not None:
        suites.save()
    if view.brief:
        told = [f"{codes[code]:,} {word}" for code, word in _TOLD.items() if codes[code]]
        write_line(f"{codes.total():,} documents: {', '.join(told)}")
    return next((code for code in _WORST_FIRST if code in codes), GOOD)


def _suites(path: str | None) -> Suites | None:
    """The JUnit report that is to be written to ``path``, if one is."""
    if path is None:
        return None
    from gradcli.cli.suites import Suites

    return Suites(path)


def _looked_ahead(specs: Iterable[Spec], many: int) -> tuple[Iterable[Spec], bool]:
    """``specs`` again, and whether there are so ``many`` of them."""
    rest = iter(specs)
    first = list(islice(rest, many))
    return chain(first, rest), len(first) == many


def _few_enough(specs: Iterable[Spec], single: str | None) -> Iterable[Spec]:
    """``specs``, of which the option ``single``, where it is given, allows one only."""
    if single is None:
        return specs
    found = list(specs)
    if len(found) > 1:
        raise GradcliError(f"{single}: goes with one spec, not {len(found)}")
    return found


def _perform(
    name: str | None, spec: Spec, given: Options, view: View, suites: Suites | None
) -> int:
    if isinstance(spec, DocumentError):
        return _refused(spec, spec, view, suites)
    try:
        if suites is not None:
            suites.begin()
        chosen, options, mapping = _split(name, spec.mapping)
        _require_trusted(mapping, spec)
        verb: Verb = loaded(VERB_PLACES[chosen])
        if chosen == "check" and not isinstance(spec, Written):
            for key, found in (("against", spec.grads), ("value", spec.value)):
                if found is not None and options.setdefault(key, found) is not found:
                    beside = "grads" if key == "against" else key
                    raise SpecError(beside, f"stands beside a specification that has {key}, too")
        options |= {key: value for key, value in given.items() if value is not None}
        outcome = verb.act(verb.made(mapping, spec.folder, options), options, view)
        if not isinstance(spec, Written):
            told = [f"{_where(spec)}: {warning}" for warning in outcome.warnings]
            outcome = outcome._replace(id=_id(spec), place=spec.place, warnings=told)
    except GradcliError as error:
        if isinstance(spec, Written):
            raise
        named = GradcliError(f"{_where(spec)}: {error}")
        if isinstance(error, PointedError):
            named = type(error)(f"{_where(spec)}: {error.problem}", error.line, error.column)
        return _refused(named, spec, view, suites)
    if suites is not None:
        suites.add(outcome)
    return show(outcome, view)


def _where(spec: SpecFile) -> str:
    """Where its document stands, as errors and warnings have it."""
    return spec.name if spec.line == 1 else f"{spec.name}: line {spec.line}"


def _require_trusted(mapping: Options, spec: SpecFile | Written) -> None:
    """Raise GradcliError where code would be run that the command line does not name."""
    from gradcli.problems import RUNS_CODE

    for kind in RUNS_CODE:
        if mapping.get(kind) is not None and not spec.trusted:
            told = "is code, which is run only if the command line names it or has --allow-code"
            raise SpecError(kind, told)


def _id(spec: SpecFile) -> Any:
    """Whose document it is. Raises SpecError where that is neither text nor a whole number."""
    found = spec.id
    if found is not None and type(found) not in (str, int):
        raise SpecError("id", f"must be text, or a whole number, not {shown(found)}")
    return found


def _refused(
    error: GradcliError, spec: SpecFile | DocumentError, view: View, suites: Suites | None
) -> int:
    """Tell of a document that has no answer, and in JSON in its place; the rest go on."""
    if click.get_current_context().find_root().params["debug"]:
        raise error
    text = str(error).partition("\n")[0]
    whose = f"line {spec.line}" if isinstance(spec, DocumentError) else str(spec.id or spec.place)
    if suites is not None:
        suites.refuse(whose, text)
    if view.brief:
        write_line(f"{_TOLD[USAGE]:12}  {printable(whose)}")
    if view.json:
        from gradcli.report.document import dumps

        own = {} if isinstance(spec, DocumentError) or spec.id is None else {"id": spec.id}
        write_line(dumps({**own, "error": text, "line": spec.line}))
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
