"""Exit codes, and the edge where every error becomes one line on stderr."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress

import click

from gradcli.cli.signals import exit_code
from gradcli.errors import GradcliError, PointedError
from gradcli.suggest import printable

GOOD = 0
NO = 1
"""The answer is no: a check failed, a loss is not finite."""
USAGE = 2
INCONCLUSIVE = 3
BUG = 70
INTERRUPTED = 130


def guarded(command: click.Command, args: Sequence[str] | None = None) -> int:
    """Run ``command`` and give its exit code; errors are printed, never raised.

    With ``--debug`` among the arguments errors come with their traceback.
    """
    args = sys.argv[1:] if args is None else list(args)
    stdout = sys.stdout
    try:
        # What NumPy warns of (overflow, 0/0) is in the answer, which says so in words.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            code = command.main(args, prog_name="gradcli", standalone_mode=False)
            flush()
            return code if isinstance(code, int) else GOOD
    except SystemExit as end:
        # Click leaves so after a completion, and where the reader of its help has gone away:
        # then it has put another stream into the place of stdout.
        return int(end.code or GOOD) if sys.stdout is stdout else GOOD
    except BaseException as error:
        if "--debug" in args and not isinstance(error, click.ClickException):
            import traceback

            for line in traceback.format_exc().rstrip().split("\n"):
                say(line)
        return _explained()


def _explained() -> int:
    """Print the exception being handled as a line, and give its exit code."""
    error = sys.exc_info()[1]
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        _write(error.format_message())
        return USAGE
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else "gradcli"
        say(f"gradcli: error: {_one_line(error.format_message())} (see {path} --help)")
        return USAGE
    if isinstance(error, click.ClickException):
        say(f"gradcli: error: {_one_line(error.format_message())}")
        return USAGE
    if isinstance(error, GradcliError):
        return complain(error)
    if isinstance(error, MemoryError):
        say(f"gradcli: error: out of memory: {error or 'use smaller shapes'}")
        return USAGE
    if isinstance(error, (KeyboardInterrupt, click.Abort)):
        say("gradcli: interrupted")
        return INTERRUPTED
    if (code := exit_code()) is not None:
        # A signal may come out as another error; and where a terminal is gone, nothing is written.
        return code
    if isinstance(error, BrokenPipeError):
        discard_output()
        return GOOD
    if isinstance(error, OSError):
        say(f"gradcli: error: {error.filename or 'output'}: {error.strerror or error}")
        return USAGE
    kind = type(error).__name__
    say(f"gradcli: a bug in gradcli ({kind}: {_one_line(str(error))}); --debug shows where")
    return BUG


def complain(error: GradcliError) -> int:
    """Print what the user can mend, and give its exit code."""
    if isinstance(error, PointedError):
        _write(error.pointed("gradcli: error: ", stderr_width()))
    else:
        say(f"gradcli: error: {error}")
    return USAGE


def _one_line(message: str) -> str:
    return " ".join(message.split())


def say(message: str) -> None:
    """A line on stderr, in which control characters are escaped."""
    _write(printable(message))


def stderr_width() -> int | None:
    """The columns of the terminal on stderr; None where it is none."""
    if sys.stderr is None or not sys.stderr.isatty():
        return None
    import shutil  # it brings all kinds of archives with it

    return shutil.get_terminal_size().columns


def _write(text: str) -> None:
    """``text`` on stderr, whatever it can encode, even if nobody reads it."""
    with suppress(OSError, ValueError):
        click.echo(text, err=True)


def warn(message: str) -> None:
    say(f"gradcli: warning: {message}")


def flush() -> None:
    """Flush stdout; a reader that has gone away is no error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()


_discarded = False


def discarded() -> bool:
    """Whether the reader of stdout has gone away: nobody waits for more."""
    return _discarded


def discard_output() -> None:
    """Send the rest of stdout nowhere: its reader has gone away."""
    global _discarded
    _discarded = True
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
