"""Walking downhill on any problem: the walk, and the optimizers."""

from gradcli.descent.walk import Descent, Row, Settings, descend

__all__ = ["Descent", "Row", "Settings", "descend"]
