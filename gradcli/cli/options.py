"""Options of the command line from keys of specifications."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import click

from gradcli.errors import GradcliError, SpecError
from gradcli.keys import Key

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_METAVARS = {
    "int": "N",
    "number": "X",
    "amount": "X",
    "part": "X",
    "pair": "X Y",
    "ints": "N,N",
    "word": "NAME",
    "words": "NAME,NAME",
    "map": "NAME=NAME",
    "texts": "NAME=TEXT",
}


_SEVERAL = ("map", "texts")
"""Kinds of which an option can be given several times."""


def flag(name: str) -> str:
    """The option of the key ``name``."""
    return "--" + name.replace("_", "-")


def flagged(error: SpecError) -> GradcliError:
    """``error`` as the command line says it: by the option of the key at fault."""
    return GradcliError(f"{flag(error.key)}: {error.problem}" if error.key else error.problem)


class KeyOption(click.Option):
    """The option of a key: checked by it, completed from it, in its group of the help."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.group = key.group
        named = key.words and key.kind in ("word", "words", "names")
        text = f"{key.help[:-1]}: {', '.join(key.words)}." if named else key.help
        default = f"  [default: {key.default}]" if key.default else ""
        is_flag = key.kind == "flag"
        off = f"/{flag(f'no_{key.name}')}" if key.default == "true" else ""
        super().__init__(
            [flag(key.name) + off, key.name],
            is_flag=is_flag,
            multiple=key.kind in _SEVERAL,
            default=None,
            metavar=None if is_flag else key.metavar or _METAVARS.get(key.kind, key.kind.upper()),
            help=f"{text}{default}",
            callback=None if is_flag else self._read,
            hidden=not key.group,
        )

    def _read(self, ctx: click.Context, param: click.Parameter, text: Any) -> Any:
        if text is None or text == ():
            return None
        text = ",".join(text) if self.key.kind == "map" else text
        try:
            return self.key.read(text) if self.key.kind == "texts" else self.key.parse(text)
        except SpecError as error:
            raise flagged(error) from None

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        takes_file = self.key.kind == "value" or self.key.metavar == "FILE"
        begun, comma, _ = incomplete.rpartition(",")
        if self.key.kind == "words" and comma:
            words, taken = self.key.words.items(), begun.split(",")
            found = {f"{begun},{word}": told for word, told in words if word not in taken}
            return completions(found, incomplete, files=False)
        return completions(self.key.words, incomplete, takes_file)


class Names(click.Argument):
    """An argument of names, completed from those that ``known`` gives."""

    def __init__(self, known: Any, decls: Sequence[str], **more: Any) -> None:
        super().__init__(decls, **more)
        self.known = known

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        return completions(self.known(), incomplete, files=False)


PATH = click.Path(readable=False)
"""Completed as a file; whether it can be read is seen by whoever opens it."""


def completions(words: Collection[str], incomplete: str, files: bool) -> list[CompletionItem]:
    """The ``words`` that begin as ``incomplete`` does; where there are none, names of files."""
    from click.shell_completion import CompletionItem

    meanings = words if isinstance(words, dict) else dict.fromkeys(words)
    found = [
        CompletionItem(word, help=meaning)
        for word, meaning in meanings.items()
        if word.startswith(incomplete)
    ]
    return found or [CompletionItem(incomplete, type="file")] * files


def grouped(
    params: Sequence[click.Parameter], ctx: click.Context, formatter: click.HelpFormatter
) -> None:
    """Write the options under the headings of their groups, as they come."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for param in params:
        record = param.get_help_record(ctx)
        if record is not None and record[1]:  # an argument stands in the usage line
            groups.setdefault(getattr(param, "group", "Other"), []).append(record)
    for heading, records in groups.items():
        with formatter.section(heading):
            formatter.write_dl(records)
