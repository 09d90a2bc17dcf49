"""Comparisons and constants: functions without a gradient. On Tensors they stop it."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradcli.engine.op import op

equal = op("equal(a, b)", np.equal, operator="eq")
not_equal = op("not_equal(a, b)", np.not_equal, operator="ne")
less = op("less(a, b)", np.less, operator="lt")
less_equal = op("less_equal(a, b)", np.less_equal, operator="le")
greater = op("greater(a, b)", np.greater, operator="gt")
greater_equal = op("greater_equal(a, b)", np.greater_equal, operator="ge")

argmax = op("argmax(x, axis=None)", np.argmax, numpy=np.argmax)
argsort = op("argsort(x, axis=-1)", np.argsort, numpy=np.argsort)
zeros_like = op("zeros_like(x)", np.zeros_like, numpy=np.zeros_like)
ones_like = op("ones_like(x)", np.ones_like, numpy=np.ones_like)


def _one_hot(labels: Any, depth: int, dtype: Any = np.float32) -> Any:
    """Rows of ``depth`` entries with a 1 at each label; a label out of range gives zeros."""
    return (np.asarray(labels)[..., None] == np.arange(depth)).astype(dtype)


one_hot = op("one_hot(labels, depth, dtype=float32)", _one_hot)
linspace = op("linspace(start, stop, num=50)", np.linspace)
arange = op("arange(start, stop, step)", np.arange)
eye = op("eye(n)", np.eye)
