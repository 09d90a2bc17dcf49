"""Stub."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gradcli.catalogue import LOSSES


class Scores(NamedTuple):
    scores: Any
    labels: Any
    binary: bool
    logits: bool


def scores_of(spec: Any, output: Any, y: Any, mask: Any = None) -> Scores | None:
    loss = LOSSES[spec.loss]
    if not (loss.logits or loss.one_class or loss.binary):
        return None
    units = output.shape[-1]
    flat, y = output.reshape(-1, units), y.reshape(-1, units)
    if mask is not None:
        keep = mask.reshape(-1) != 0
        flat, y = flat[keep], y[keep]
    binary = units == 1
    labels = y[:, 0].astype(int) if binary else y.argmax(axis=1)
    return Scores(flat, labels, binary, spec.from_logits or spec.skips_activation)


def right(scores: Scores) -> Any:
    if scores.binary:
        return (scores.scores[:, 0] > (0 if scores.logits else 0.5)) == scores.labels
    return np.argmax(scores.scores, axis=1) == scores.labels
