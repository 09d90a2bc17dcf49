"""What a check tells besides its verdicts on gradients, where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from gradcli.check.check import Checked
from gradcli.check.judge import ParameterVerdict, overall
from gradcli.check.rules import Comparison
from gradcli.check.sweep import Sweep


class Besides(NamedTuple):
    """Each is None where it was not asked for."""

    value_name: str = "value"
    value: ParameterVerdict | None = None
    """On a value that was given."""
    other: Comparison | None = None
    """What the rule of somebody else gives; it does not count."""
    sweep: Sweep | None = None

    @property
    def verdicts(self) -> Iterator[str]:
        """Those that count beside the parameters'."""
        if self.value is not None:
            yield self.value.verdict

    def ruled(self, checked: Checked) -> Checked:
        """``checked`` with the verdict on all of it."""
        return checked._replace(verdict=overall([checked.verdict, *self.verdicts]))
