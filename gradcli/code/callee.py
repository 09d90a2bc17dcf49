"""What somebody's code is to a problem: it is called with arrays, and replies with arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from gradcli.errors import GradcliError
from gradcli.problem import Arrays


class Undefined(GradcliError):
    """The code has no value there: it stops at an error such as that of log(-1)."""


class Reply(NamedTuple):
    """What one call gives."""

    outputs: Sequence[Any]
    """The outputs, arrays in the dtype in which the code gave them: one, or several."""
    gradients: Arrays | None = None
    """By the names of inputs, those that the code gives; None where they were not asked for."""


class Callee(Protocol):
    """Code that can be called. What it is handed are copies: it may write to them."""

    def __call__(self, inputs: Mapping[str, Any], upstreams: Sequence[Any] | None) -> Reply:
        """The outputs for ``inputs`` by name, and the gradients where ``upstreams`` are given.

        These are the gradients by the outputs, in their order and shapes. Raises GradcliError,
        which names the code, where it fails or replies with something else; Undefined where it
        has no value for these numbers.
        """
