"""What TensorFlow documents of its tape holds for gradcli's, but for what differs on purpose."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import gradcli.engine as engine
from gradcli.engine.tensor import active
from gradcli.errors import DtypeError, GradientError
from tests.documented.library import checks

REFUSED = {
    "intro_integers": DtypeError,  # a gradient of integers is an error, not None
    # What a tape follows does not become a Variable's value unseen.
    "intro_state": GradientError,
    "intro_state_itself": GradientError,
}


@pytest.fixture(autouse=True)
def _no_tape_left_open() -> Iterator[None]:
    yield
    active.recorders = ()


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.__name__)
def test_the_tape_does_as_documented(check: Callable[[Any], None]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if check.__name__ in REFUSED:
            with pytest.raises(REFUSED[check.__name__]):
                check(engine)
        else:
            check(engine)
