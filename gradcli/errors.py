"""The errors that a user can cause. Each message says what was wrong and what would be right."""


class GradcliError(Exception):
    """Anything that the user can mend: the command line turns it into one line and exit 2."""


class GradientError(GradcliError, RuntimeError):
    """A tape was asked for something that it cannot give."""


class OpError(GradcliError, TypeError):
    """An op, or a NumPy function, was called with what it cannot take or differentiate."""


class DtypeError(GradcliError, TypeError):
    """An array has a dtype that cannot carry a gradient (integers, complex numbers, text)."""


class FileError(GradcliError):
    """A file cannot be read or written, or does not hold what is needed."""


class DocumentError(FileError):
    """A document of a file of specifications is malformed. ``line`` is where, from 1 on."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class LiteralError(GradcliError):
    """A literal such as ``1,2;3,4`` is malformed; the message shows the position."""


class SpecError(GradcliError):
    """A model specification is wrong.

    ``key`` is the key at fault as the specification spells it (``"in"``, ``"hidden_act"``),
    so that the command line can name the flag; ``None`` where no single key is.
    """

    def __init__(self, key: str | None, problem: str) -> None:
        super().__init__(f"{key}: {problem}" if key else problem)
        self.key = key
        self.problem = problem


class FormulaError(GradcliError):
    """A formula cannot be read; the message points at the character with a caret below it."""


class TooLargeError(GradcliError):
    """The work would not fit in memory; raised before anything is allocated."""
