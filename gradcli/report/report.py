"""What a report is: one outcome, ready to be shown, written down, saved or drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

from gradcli.errors import GradcliError

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Screen(NamedTuple):
    """Where tables go: so many columns (None: nothing limits them), so many digits.

    ``digits`` None stands for every digit that a number needs to be read back. Where the outcome
    has ``begun`` to be shown while it came about, what is left of it follows.
    """

    width: int | None = None
    digits: int | None = 6
    begun: bool = False

    @property
    def whole(self) -> bool:
        """Whether every entry of an array is shown: with all digits, and where nobody scrolls."""
        return self.width is None or self.digits is None


class Report(Protocol):
    """One outcome, whatever the problem and the verb. Those without a picture inherit from it."""

    def document(self) -> dict[str, Any]:
        """What ``--json`` prints: names, numbers, arrays, lists and dicts of them.

        Without ``spec``: which problem it was is known where the report was asked for.
        """

    def tables(self, screen: Screen) -> Iterator[Any]:
        """Rich renderables, from the title to the last line."""

    def rows(self) -> Iterator[Sequence[Any]]:
        """A table of numbers and words for ``--save FILE.csv``, its header first."""

    def figure(self) -> Figure:
        """A picture. Raises GradcliError where there is nothing to draw."""
        raise GradcliError("there is nothing to draw")


@runtime_checkable
class Brief(Protocol):
    """A Report that can be told in a line, where there are many."""

    def line(self, label: str) -> Any:
        """The line, about what is called ``label``: a rich renderable."""


@runtime_checkable
class Archived(Protocol):
    """A Report with more numbers than its document, for programs alone."""

    def archive(self) -> dict[str, Any]:
        """What an npz holds."""
