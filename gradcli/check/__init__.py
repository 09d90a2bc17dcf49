"""Proof: gradients against numeric derivatives, and verdicts on other people's."""

from gradcli.check.check import Checked, Options, check
from gradcli.check.judge import ParameterVerdict

__all__ = ["Checked", "Options", "ParameterVerdict", "check"]
