"""Walking downhill on any problem: the walk, and the optimizers."""

from gradcli.descent.optimizers import Optimizer
from gradcli.descent.walk import Descent, Row, Settings, descend

__all__ = ["Descent", "Optimizer", "Row", "Settings", "descend"]
