"""Initialisers are declared once: each has its meaning in the catalogue, and one more is found."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradcli.catalogue import INITIALISERS
from gradcli.inputs.initialisers import DECLARED, Fans, initialise, initialiser
from gradcli.inputs.streams import NumpyStream, Stream
from tests.conftest import Gradcli


def test_the_catalogue_tells_what_is_declared() -> None:
    assert list(DECLARED) == list(INITIALISERS)


def test_one_more_is_found_everywhere(gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch) -> None:
    def sevens(shape: tuple[int, ...], fans: Fans, stream: Stream) -> np.ndarray:
        return np.full(shape, 7.0)

    monkeypatch.setitem(DECLARED, "sevens", sevens)
    monkeypatch.setitem(INITIALISERS, "sevens", "7")  # type: ignore[index]
    assert initialiser(sevens) is sevens
    assert gradcli("mse --in 1 --out 2 --w sevens --json").json["params"]["w"] == [[7, 7]]
    assert gradcli("formula sum(a^2) a=sevens(2) --json").json["value"] == 98
    assert "did you mean 'sevens'?" in gradcli("mse --in 1 --out 2 --w sevns").err


def test_fans_may_be_told() -> None:
    """He et al. 2015: a convolution's fan-in counts its window, which is not its first axis."""
    w = initialise("he_uniform", (3, 3, 16, 4), NumpyStream(0), Fans(144, 36))
    bound = math.sqrt(6 / 144)
    assert 0.98 * bound < np.max(np.abs(w)) <= bound
