"""The convention of CS231n's assignments: channels first, gates i f o g, sums divided by N."""

from __future__ import annotations

from typing import Any

from gradcli.conventions.convention import Convention, Layout, moved
from gradcli.errors import SpecError
from gradcli.keys import shown

CELL_LAST = (0, 1, 3, 2)
"""Gates i f o g, where the layer has i f c o."""


def _recurrent(gates: tuple[int, ...] | None = None, bias: str = "(gates * units,)") -> Layout:
    return Layout(
        moved("wx", "w", "(in, gates * units)", None, gates),
        moved("wh", "u", "(units, gates * units)", None, gates),
        moved("b", "b", bias, None, gates),
        moved("h0", "h0", "(batch, units)"),
        moved("c0", "c0", "(batch, units)"),
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
        "conv1d": Layout(
            moved("w", "w", "(F, C / groups, WW)", (2, 1, 0)), moved("b", "b", "(F,)")
        ),
        "conv2d": Layout(
            moved("w", "w", "(F, C / groups, HH, WW)", (3, 2, 0, 1)), moved("b", "b", "(F,)")
        ),
        "embedding": Layout(moved("w", "e", "(vocab, units)")),
        "rnn": _recurrent(),
        "lstm": _recurrent(CELL_LAST),
        "gru": _recurrent(bias="(input and recurrent, gates * units)"),
    },
    defaults=dict.fromkeys(("batch_norm", "layer_norm", "group_norm", "rms_norm"), EPS),
    read={"dropout": {"p": _kept}},
)
