"""Right gradients never fail, wrong ones never pass: random formulas, true derivatives.

The generator, its truth in 60 digits and the count that takes minutes are in the benchmarks.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from tests.benchmarks.soundness import METHODS, dual, make, run, text


def test_300_random_formulas() -> None:
    tally = run(300, seed=7)
    assert tally.wrong == []
    assert tally.seen["right pass"] > 250
    assert tally.seen["planted fail"] > 250
    assert tally.seen["right inconclusive"] <= 0.02 * 300
    for method in METHODS:
        assert tally.seen[f"right by {method} pass"] >= 10


def test_the_truth_is_that_of_mpmath_and_the_text_means_it() -> None:
    """Dual numbers against mpmath's own derivative, and the text against the tree."""
    from gradcli.formula import Formula

    rng = np.random.default_rng(3)
    e = ("+", ("*", (2.5,), ("sin", ("x",))), ("^", ("-", ("x",), (0.25,)), (1.5,)))
    found = dual(e, mpmath.mpf(1.75))
    assert abs(found.d - mpmath.diff(lambda x: dual(e, x).v, mpmath.mpf(1.75))) < 1e-20
    assert float(Formula(text(e), {"x": 1.75}).value) == pytest.approx(float(found.v), rel=1e-14)
    cases = [case for case in (make(rng) for _ in range(60)) if case is not None]
    assert len({case.text for case in cases}) > 40
