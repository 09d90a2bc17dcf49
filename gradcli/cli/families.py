"""Every problem that the command line knows."""

from gradcli.cli.formula import FORMULA_FAMILY, LANDSCAPE_FAMILIES
from gradcli.cli.models import LOSS_FAMILIES, RUN_FAMILY

FAMILIES = [*LOSS_FAMILIES, RUN_FAMILY, FORMULA_FAMILY, *LANDSCAPE_FAMILIES]
