"""What a check tells besides its verdicts on gradients, where it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from gradcli.check.judge import ParameterVerdict, overall

if TYPE_CHECKING:
    from gradcli.check.check import Checked
    from gradcli.check.formula_claims import ClaimVerdict
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
    claims: Mapping[str, ClaimVerdict] = {}
    """On claims that hold at the problem's own point, by name, how they do elsewhere."""

    @property
    def verdicts(self) -> Iterator[str]:
        """Those that count beside the parameters'."""
        if self.value is not None:
            yield self.value.verdict
        yield from [claim.verdict for claim in self.claims.values()]

    def ruled(self, checked: Checked) -> Checked:
        """``checked`` with the verdict on all of it."""
        return checked._replace(verdict=overall([checked.verdict, *self.verdicts]))
