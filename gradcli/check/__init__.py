"""Proof: gradients against numeric derivatives, and verdicts on other people's."""

from gradcli.check.check import Checked, check
from gradcli.check.functions import FunctionCheck, check_function
from gradcli.check.judge import ParameterVerdict
from gradcli.check.plan import Options

__all__ = ["Checked", "FunctionCheck", "Options", "ParameterVerdict", "check", "check_function"]
