"""What options have in common: words with completion and suggestions, positive numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def words(known: Collection[str]) -> Callable[..., list[CompletionItem]]:
    """Shell completion from a list of words."""

    def complete(ctx: Any, param: Any, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(word) for word in known if word.startswith(incomplete)]

    return complete


def positive(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """A callback for options that take a number above 0."""
    if value is not None and not 0 < value < float("inf"):
        raise click.BadParameter(f"must be a number above 0, not {value:g}")
    return value


def word_option(flag: str, known: Collection[str], default: str, text: str) -> click.Option:
    """An option that takes one of a few words, and suggests the nearest to any other."""

    def checked(ctx: click.Context, param: click.Parameter, value: str) -> str:
        if value not in known:
            from gradcli.suggest import suggestion

            near = suggestion(value, known) or f": one of {', '.join(known)}"
            raise click.BadParameter(f"unknown {flag.removeprefix('--')} {value!r}{near}")
        return value

    return click.Option(
        [flag], default=default, metavar="NAME", callback=checked, shell_complete=words(known),
        help=f"{text}  [default: {default}]",
    )  # fmt: skip
