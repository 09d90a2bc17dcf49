"""Few entries of many parameters, measured together: what is found is that of each by itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcli.check import check, measure
from gradcli.check.alone import laddered_together
from gradcli.check.check import Options
from gradcli.check.claims import choose, make_claims
from gradcli.check.rounding import entry_rounding, point_of
from gradcli.formula import Formula
from gradcli.gradient import differentiate, quiet
from gradcli.model import Model

TEXT = "u = exp(a) * b; sum(u) + sum(c^3) + 1e-8*d"
VALUES: Any = {"a": [0.3, -1.2, 2.0], "b": 1.5, "c": [[2.0, -0.5]], "d": 3e7}
TRUTH = {
    "a": [1.5 * math.exp(0.3), 1.5 * math.exp(-1.2), 1.5 * math.exp(2.0)],
    "b": [math.exp(0.3) + math.exp(-1.2) + math.exp(2.0)],
    "c": [12.0, 0.75],
    "d": [1e-8],
}


def test_each_has_its_own_slope_and_rounding() -> None:
    problem = Formula(TEXT, VALUES)
    with quiet():
        result = differentiate(problem)
        point = point_of(problem, result)
        assert point.courses is not None
        claims = make_claims(point, result, None, 1e-6, choose(problem, None))
        found = laddered_together(claims, point, point.courses)
        positions = {name: claim.flat for name, claim in claims.items()}
        whole = entry_rounding(point.courses, positions)
        for name, flat in positions.items():
            assert entry_rounding(point.courses, {name: flat}).near <= whole.near
    assert list(found) == list(TRUTH)
    for name, truth in TRUTH.items():
        off = np.abs(found[name].slope - truth)
        assert np.all(off <= found[name].uncertainty)
        assert np.all(found[name].uncertainty < 1e-4 * np.abs(truth))


def test_how_one_is_rounded_is_no_matter_of_the_others() -> None:
    """1e8 is rounded by 1e-8: so is what c gives, and what a gives is not."""
    problem = Formula("sum(exp(a)) + ((1e8 + c) - 1e8)", {"a": [0.3, 0.7], "c": 1.0})
    with quiet():
        courses = point_of(problem, differentiate(problem)).courses
        assert courses is not None
        each = {name: np.arange(p.size) for name, p in problem.primals.items()}
        near = {name: entry_rounding(courses, {name: flat}).near for name, flat in each.items()}
        assert near["a"] < 1e-14
        assert near["c"] > 1e-8
        assert entry_rounding(courses, each).near > 1e-8
    found = check(problem)
    assert found.verdict == "pass"
    assert found.params["a"].uncertainty < 1e-11
    assert found.params["c"].uncertainty > 1e-11


@pytest.mark.parametrize("act", ["relu", "tanh"])
def test_no_verdict_depends_on_it(act: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"loss": "mse", "in": 3, "hidden": [4], "out": 2, "hidden_act": act}
    for seed in range(8):
        model = Model.from_spec({**keys, "seed": seed})
        right = {name: g.copy() for name, g in differentiate(model).gradients.items()}
        wrong = {**right, "w2": right["w2"] + 3e-4 * np.eye(4, 2) * np.abs(right["w2"]).max()}
        for given in (None, right, wrong):
            together = check(model, Options(), given)
            with monkeypatch.context() as patch:
                patch.setattr(measure, "_QUICK", 0)
                apart = check(model, Options(), given)
            assert together.verdict == apart.verdict == ("fail" if given is wrong else "pass")
            for name, verdict in together.params.items():
                other = apart.params[name]
                assert verdict.verdict == other.verdict
                assert verdict.below_noise == other.below_noise
                if given is not None:  # beside its own, rounding alone tells which is the worst
                    assert verdict.worst_index == other.worst_index
                    assert verdict.numeric == pytest.approx(other.numeric, rel=1e-8, nan_ok=True)
