"""The convention of CS231n's assignments: channels first, gates i f o g, sums divided by N."""

from __future__ import annotations

from typing import Any

from gradcli.conventions.convention import Convention
from gradcli.conventions.layout import Layout, moved
from gradcli.errors import SpecError
from gradcli.keys import shown

CELL_LAST = (0, 1, 3, 2)
"""Gates i f o g, where the layer has i f c o."""


def _recurrent(*states: str, gates: tuple[int, ...] | None = None) -> Layout:
    return Layout(
        moved("wx", "w", gates=gates),
        moved("wh", "u", gates=gates),
        moved("b", "b", gates=gates),
        *[moved(state, state) for state in states],
        gates=gates,
    )


def _kept(p: Any) -> tuple[str, Any]:
    """Dropout's p is the part that is kept."""
    if not isinstance(p, (int, float)) or isinstance(p, bool) or not 0 < p <= 1:
        raise SpecError("p", f"must be a number above 0 up to 1, the part kept, not {shown(p)}")
    return "rate", 1 - p


EPS = {"eps": 1e-5}

CONVENTION = Convention(
    channels_first=True,
    by_batch=True,
    layouts={
        "conv1d": Layout(moved("w", "w", "(F, C / groups, WW)", (2, 1, 0)), moved("b", "b")),
        "conv2d": Layout(moved("w", "w", "(F, C / groups, HH, WW)", (3, 2, 0, 1)), moved("b", "b")),
        "embedding": Layout(moved("w", "e")),
        "rnn": _recurrent("h0"),
        "lstm": _recurrent("h0", "c0", gates=CELL_LAST),
        "gru": _recurrent("h0"),
    },
    defaults=dict.fromkeys(("batch_norm", "layer_norm", "group_norm", "rms_norm"), EPS),
    read={"dropout": {"p": _kept}},
)
