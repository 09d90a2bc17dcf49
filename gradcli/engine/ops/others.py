"""The families of ops that few commands need, loaded when one of their ops is asked for."""

from gradcli.engine.ops import (
    algebra,
    einsum,
    places,
    running,
    sequence,
    statistics,
    windows,
)

__all__ = [
    "algebra",
    "einsum",
    "places",
    "running",
    "sequence",
    "statistics",
    "windows",
]
