"""``gradcli help``: the pages of the manual, and what commands and ops say of themselves."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

import click

import gradcli
from gradcli import catalogue, verb_keys
from gradcli.cli.show import screen_width
from gradcli.errors import GradcliError
from gradcli.layer_kinds import LAYERS
from gradcli.suggest import suggestion

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gradcli.keys import Key

_FOLDER = os.path.join(os.path.dirname(gradcli.__file__), "help")
_WIDEST = 100
"""Columns of a page on a terminal: longer lines are hard to read."""
_FENCED = re.compile(r"```.*?```", re.S)


def topics() -> list[str]:
    """The names of the pages, the first steps first."""
    names = [name.removesuffix(".md") for name in os.listdir(_FOLDER) if name.endswith(".md")]
    return sorted(names, key=lambda name: (name != "start", name))


def page(topic: str) -> str:
    """The Markdown of a page, with its tables of names, without what only its test reads."""
    text = re.sub(r"<!-- table: (\w+) -->\n", lambda found: _table(found[1]), _text(topic))
    return re.sub(r"<!--.*?-->\n", "", text)


def _text(topic: str) -> str:
    with open(os.path.join(_FOLDER, f"{topic}.md"), encoding="utf-8") as file:
        return file.read()


def _table(name: str) -> str:
    """A table of the catalogue, of keys, or of the kinds of layers, as Markdown."""
    if name == "LAYERS":
        rows = [[f"`{kind}`", _keys_of(kind), _arrays_of(kind)] for kind in LAYERS]
        head = "| kind | keys | arrays |\n|---|---|---|"
    elif name.endswith("_KEYS"):
        rows = [[f"`{k.name}`", k.default, ", ".join(k.only), k.help] for k in _keys(name)]
        head = "| key | default | of | |\n|---|---|---|---|"
    else:
        meanings = {n: getattr(m, "meaning", m) for n, m in vars(catalogue)[name].items()}
        rows = [[f"`{n}`", text.replace("|", r"\|")] for n, text in meanings.items()]
        head = "| | |\n|---|---|"
    return "\n".join([head, *[f"| {' | '.join(row)} |" for row in rows], ""])


def _keys(name: str) -> Sequence[Key]:
    found: Sequence[Key] = vars(verb_keys)[name]
    return found


def _keys_of(kind: str) -> str:
    """The keys of a kind of layer in their order, with their defaults."""
    keys = LAYERS[kind].keys
    return ", ".join([f"{k.name} ({k.default})" if k.default else k.name for k in keys])


def _arrays_of(kind: str) -> str:
    """The arrays of a kind of layer; in brackets those that are there only where given."""
    from gradcli.cli.layers import layer_arrays

    layer, axes = layer_arrays(kind)
    told = [
        f"[{w.letter} {axes[w.letter]}]" if w.optional else f"{w.letter} {axes[w.letter]}"
        for w in layer.weights
    ]
    return ", ".join(told)


def _complete(ctx: click.Context, param: Any, incomplete: str) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    known = (*topics(), *_commands(ctx.find_root()), *LAYERS)
    return [CompletionItem(name) for name in known if name.startswith(incomplete)]


@click.command("help", epilog="Example: gradcli help check")
@click.argument("topic", nargs=-1, metavar="[TOPIC]", shell_complete=_complete)
@click.pass_context
def help_(ctx: click.Context, topic: tuple[str, ...]) -> None:
    """The manual: its pages, or the one on a TOPIC.

    A TOPIC may be a command, too (help check mse), a kind of layer (help conv2d), or an op of the
    engine (help tanh).
    """
    cli = ctx.find_root().command
    if not topic:
        _list()
    elif len(topic) == 1 and topic[0] in topics():
        _show(page(topic[0]))
    elif _calls_command(ctx.find_root(), topic):
        cli.main([*topic, "--help"], "gradcli", standalone_mode=False)
    elif len(topic) == 1 and topic[0] in LAYERS:
        cli.main(["layer", *topic, "--help"], "gradcli", standalone_mode=False)
    elif len(topic) == 1 and topic[0] in _ops():
        cli.main(["ops", *topic], "gradcli", standalone_mode=False)
    else:
        raise GradcliError(_missing(ctx.find_root(), " ".join(topic)))


def _list() -> None:
    click.echo(
        "gradcli help TOPIC shows a page; a TOPIC may be a command (mse) or an op (tanh), too."
    )
    click.echo()
    width = max(map(len, topics()))
    for topic in topics():
        title = _text(topic).partition("\n")[0].lstrip("# ")
        click.echo(f"  {topic:{width}}  {title}")


def _show(text: str) -> None:
    width = screen_width()
    if width is None:
        click.echo(text.rstrip())
        return
    import signal

    from rich.markdown import Markdown

    from gradcli.cli.console import SafeConsole

    console = SafeConsole(min(width, _WIDEST))
    with console.capture() as captured:
        console.print(Markdown(text))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the pager's own affair
    click.echo_via_pager(captured.get())


def _calls_command(root: click.Context, words: tuple[str, ...]) -> bool:
    """Whether ``words`` call a command, such as check mse."""
    command: click.Command | None = root.command
    for word in words:
        command = command.get_command(root, word) if isinstance(command, click.Group) else None
    return command is not None


def _ops() -> Collection[str]:
    from gradcli.engine import REGISTRY

    return REGISTRY


def _missing(root: click.Context, name: str) -> str:
    """What to say where there is no such topic: which pages speak of it, or what is near."""
    word = re.compile(rf"\b{re.escape(name.removesuffix('s'))}s?\b", re.IGNORECASE)
    found = [topic for topic in topics() if word.search(_FENCED.sub("", page(topic)))]
    if found:
        return f"there is no page {name!r}; these speak of it: {', '.join(found)}"
    near = suggestion(name, [*topics(), *_commands(root), *LAYERS, *_ops()])
    return f"there is no page {name!r}{near or ': gradcli help lists them'}"


def _commands(root: click.Context) -> list[str]:
    return root.command.list_commands(root) if isinstance(root.command, click.Group) else []
