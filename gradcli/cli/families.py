"""Every problem that the command line knows."""

from gradcli.catalogue import LANDSCAPES
from gradcli.cli.formula import FORMULA_FAMILY, landscape_family
from gradcli.cli.models import LOSS_FAMILIES, RUN_FAMILY
from gradcli.cli.problems import Family


def families() -> dict[str, Family]:
    """By name, as the catalogue has them now."""
    landscapes = [landscape_family(name) for name in LANDSCAPES]
    return {f.name: f for f in [*LOSS_FAMILIES, RUN_FAMILY, FORMULA_FAMILY, *landscapes]}
