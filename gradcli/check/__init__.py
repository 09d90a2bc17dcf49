"""Proof: gradients against numeric derivatives, and verdicts on other people's."""

from gradcli.check.check import Checked, Options, check
from gradcli.check.functions import FunctionCheck, check_function
from gradcli.check.judge import ParameterVerdict

__all__ = ["Checked", "FunctionCheck", "Options", "ParameterVerdict", "check", "check_function"]
