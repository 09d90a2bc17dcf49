"""Completion in the shell, where Click's own needs help."""

from __future__ import annotations

from click import shell_completion


class BashComplete(shell_completion.BashComplete):
    """Bash takes the = of ``--act=sig`` for a word of its own."""

    def get_completion_args(self) -> tuple[list[str], str]:
        args, incomplete = super().get_completion_args()
        return [arg for arg in args if arg != "="], "" if incomplete == "=" else incomplete


def prepare() -> None:
    """Make Click complete with the classes of this module."""
    shell_completion.add_completion_class(BashComplete)
