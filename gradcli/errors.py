"""The errors that a user can cause. Each message says what was wrong and what would be right."""

from gradcli.suggest import printable


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


class PointedError(GradcliError):
    """A text cannot be read; ``column`` of its line is where, None where no place is.

    As text the message and the line stand in one line, with a caret below the character.
    """

    def __init__(self, problem: str, line: str = "", column: int | None = None) -> None:
        self.problem = problem
        self.line = line
        self.column = column
        super().__init__(self.pointed())

    def pointed(self, before: str = "", width: int | None = None) -> str:
        """The text after ``before``, on a screen of ``width``, where the caret stays below.

        Where the whole is wider, the line at fault stands by itself, or a part of it.
        """
        if self.column is None:
            return printable(f"{before}{self.problem}")
        head = f"{before}{self.problem}:"
        window = min(_WINDOW, (width or _WINDOW + 2) - 2)
        first = max(0, min(self.column - window // 2, len(self.line) - window))
        line, place = self.line[first : first + window], self.column - first
        together = f"{head} {line}"
        if width is None or len(printable(together)) <= width:
            return f"{printable(together)}\n{_below(f'{head} {line[:place]}')}"
        return f"{printable(head)}\n  {printable(line)}\n{_below(f'  {line[:place]}')}"


class FormulaError(PointedError):
    """A formula cannot be read."""


class LayersError(PointedError):
    """Layers written as one text cannot be read."""


_WINDOW = 60


def _below(text: str) -> str:
    """A caret in the column after ``text``."""
    return f"{' ' * len(printable(text))}^"


class TooLargeError(GradcliError):
    """The work would not fit in memory; raised before anything is allocated."""
