"""Walking downhill on any problem: the walk, the optimizers and their schedules."""

from gradcli.descent.lbfgs import Lbfgs
from gradcli.descent.optimizers import Optimizer
from gradcli.descent.schedules import Schedule
from gradcli.descent.settings import Settings
from gradcli.descent.walk import Descent, Row, descend

__all__ = ["Descent", "Lbfgs", "Optimizer", "Row", "Schedule", "Settings", "descend"]
