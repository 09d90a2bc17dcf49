"""Random directions: what they prove, what they find, and when they are chosen."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradcli.check import Checked, check
from gradcli.check import large as large_module
from gradcli.check.cost import is_large
from gradcli.check.directions import Prover
from gradcli.check.plan import Options
from gradcli.check.projection import CHANCE, weights_of
from gradcli.errors import SpecError
from gradcli.formula import Formula
from gradcli.gradient import differentiate
from gradcli.model import Model
from gradcli.problems import problem_from
from gradcli.report.checks import CheckReport
from gradcli.report.findings import findings
from tests.planted import Plant, entry, factor, noise, planted, rearranged

NET = {
    "loss": "ce", "in": 20, "hidden": [30, 30], "out": 5, "hidden_act": "tanh", "batch": 8,
    "dtype": "float64", "w1": "he_normal", "w2": "he_normal", "w3": "he_normal",
}  # fmt: skip
LARGE = {"loss": "mse", "in": 784, "hidden": [256], "out": 10, "dtype": "float64"}
DIRECTIONS = Options("directions")


def directions(text: str, **values: Any) -> Checked:
    return check(Formula(text, values), DIRECTIONS)


def told(checked: Checked, name: str) -> str:
    return "; ".join(findings(checked.params[name]))


class Weighed(Formula):
    """A formula that says how much work it is."""

    weight = 0.0

    @property
    def work(self) -> float:
        return self.weight


def test_they_are_chosen_above_a_fixed_amount_of_work() -> None:
    formula = Weighed("sum(x^2)", {"x": np.arange(1.0, 7.0)})
    formula.weight = 1e9
    assert not is_large(formula)
    assert (check(formula).method, check(formula).by_size) == ("central", False)
    formula.weight = 1.0001e9
    found = check(formula)
    assert (found.verdict, found.method, found.by_size) == ("pass", "directions", True)
    for options in (Options("central"), Options(sample=2), Options("ridders")):
        obeyed = check(formula, options)
        assert obeyed.method == (options.method or "central")
        assert not obeyed.by_size
    assert not check(formula, DIRECTIONS).by_size
    with pytest.raises(SpecError, match="sample: goes with methods that look at single entries"):
        check(formula, Options("directions", sample=2))


def test_the_work_is_that_of_batch_parameters_and_places() -> None:
    assert Model.from_spec({"loss": "mse", "in": 784, "hidden": [256], "out": 10}).work > 203_530
    dense = {"loss": "mse", "in": 100, "out": 100}
    one, eight = (Model.from_spec({**dense, "batch": n}).work for n in (1, 8))
    assert eight == 8 * one
    conv = Model.from_spec({"loss": "mse", "in": [12, 12, 3], "layers": "conv2d(8, 3)"})
    assert conv.work > 12 * 12 * (3 * 3 * 3 * 8 + 8)
    assert Formula("x^2", {"x": np.ones(10_000)}).work < 1e6
    # A small net is looked at entry by entry, the one that people train on digits is not.
    assert [is_large(Model.from_spec(spec)) for spec in (NET, LARGE)] == [False, True]


def test_a_large_gradient_is_proven_in_few_evaluations(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    right = Model.forward

    def forward(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        return right(*args)

    monkeypatch.setattr(Model, "forward", forward)
    found = check(Model.from_spec(LARGE))
    assert (found.verdict, found.method) == ("pass", "directions")
    assert calls < 500  # central differences take 407,060
    assert {n: v.entries for n, v in found.params.items()} == {
        "w1": 200_704, "b1": 256, "w2": 2560, "b2": 10
    }  # fmt: skip
    for verdict in found.params.values():
        assert verdict.proof is not None
        assert 0 < verdict.proof.relative <= 1e-4
        assert verdict.proof.worst.error < 1e-6 * verdict.proof.worst.norm
    assert repr(check(Model.from_spec(LARGE))) == repr(found)  # no clock, one seed


@pytest.mark.parametrize(
    "spec",
    [
        NET,
        {**NET, "hidden_act": "relu", "batch": 128},  # a kink at every step of the first length
        {"loss": "mse", "in": [6, 6, 2], "layers": "conv2d(4, 3, act=relu), flatten, dense(3)"},
        {"loss": "mse", "in": [5, 3], "layers": "lstm(4), dense(2)", "batch": 3},
        {"loss": "mse", "in": 6, "layers": "dense(5), batch_norm, dense(2)", "batch": 4},
        {"layer": "attention", "in": [4, 8], "heads": 2, "key_dim": 4, "batch": 2},
    ],
    ids=["tanh", "relu", "conv2d", "lstm", "batch_norm", "attention"],
)
def test_right_gradients_pass(spec: Any) -> None:
    """A bias before batch_norm, and that of the keys, have gradients of rounding alone."""
    found = check(problem_from(spec), DIRECTIONS)
    assert found.verdict == "pass", {n: told(found, n) for n in found.params}


@pytest.mark.parametrize(
    ("plant", "name", "expected"),
    [
        (entry("w1", (3, 17)), "w1", "1 of 600 entries off: [3, 17]"),
        (entry("w2", (29, 0), -1e-3), "w2", "1 of 900 entries off: [29, 0]"),
        (entry("b3", (4,), 1e-3), "b3", "1 of 5 entries off: [4]"),
        (factor("w2", 2.0), "w2", "sampled entries off: every entry is 2.000 times too large"),
        (factor("w3", -1.0), "w3", "sampled entries off: sign flipped"),
        (
            factor("w1", 0.125),
            "w1",
            "off: every entry is 8.000 times too small; 1/N once too often",
        ),
        (factor("b1", 1.01), "b1", "30 of 30 entries off: every entry is 1.01"),
        (factor("w3", 0.0), "w3", "64 of 64 sampled entries off"),
        (rearranged("w2", np.transpose), "w2", "sampled entries off: transposed"),
        (rearranged("w1", lambda g: g[::-1]), "w1", "64 of 64 sampled entries off"),
        (noise("w2", 1e-3), "w2", "64 of 64 sampled entries off"),
        (noise("w2", 1e-4), "w2", "sampled entries off"),
    ],
)
def test_planted_errors_are_found_and_explained(plant: Plant, name: str, expected: str) -> None:
    found = check(planted(NET, plant), DIRECTIONS)
    assert found.verdict == "fail"
    assert expected in told(found, name)
    others = {n: v.verdict for n, v in found.params.items() if n != name}
    assert set(others.values()) == {"pass"}


def test_several_wrong_entries_are_all_named() -> None:
    places = [(0, 0), (7, 29), (12, 3)]

    def plant(gradients: Any) -> None:
        for place in places:
            entry("w1", place)(gradients)

    found = check(planted(NET, plant), DIRECTIONS).params["w1"]
    assert [tuple(index) for index in found.failed_at] == places
    assert (found.failed, found.entries) == (3, 600)
    assert tuple(found.worst_index) in places


def test_two_errors_that_cancel_in_one_direction_do_not_hide(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Once the one that shows there is known, the rest is looked through along another."""
    seen: list[int] = []

    def plant(gradients: Any) -> None:
        gradients["w1"][3, 3] += 1.0
        gradients["w1"][3, 4] -= ratio
        gradients["w1"][19, 0] += 1.0

    drawn = weights_of(differentiate(Model.from_spec(NET)).gradients["w1"] * 0, _seeded())
    ratio = drawn[93] / drawn[94]
    monkeypatch.setattr("gradcli.check.directions.weights_of", _first_then(drawn, seen))
    monkeypatch.setattr(Prover, "prove_together", lambda *args: None)
    found = check(planted({**NET, "wrt": ["w1"]}, plant), DIRECTIONS).params["w1"]
    assert found.failed_at == [[3, 3], [3, 4], [19, 0]]


def _seeded() -> np.random.Generator:
    return np.random.default_rng(1)


def _first_then(first: Any, seen: list[int]) -> Any:
    def weights(primal: Any, rng: np.random.Generator) -> Any:
        seen.append(1)
        return first.copy() if len(seen) == 1 else weights_of(primal, rng)

    return weights


def test_a_row_that_a_sample_would_miss_is_found() -> None:
    def plant(gradients: Any) -> None:
        gradients["w1"][5] *= 1.5

    found = check(planted(LARGE, plant)).params["w1"]
    assert found.verdict == "fail"
    assert {index[0] for index in found.failed_at} == {5}
    assert "at least" in next(findings(found))
    assert found.cause is None  # other rows are right: no factor explains all


def test_one_entry_of_200_704_is_named() -> None:
    found = check(planted(LARGE, entry("w1", (3, 17))))
    assert told(found, "w1") == "1 of 200,704 entries off: [3, 17]"
    assert {n: v.verdict for n, v in found.params.items()} == {
        "w1": "fail", "b1": "pass", "w2": "pass", "b2": "pass"
    }  # fmt: skip


def test_infinite_and_missing_numbers_are_named() -> None:
    def plant(gradients: Any) -> None:
        gradients["w1"][4, 4] = np.nan
        gradients["b2"][:] = np.inf

    found = check(planted(NET, plant), DIRECTIONS)
    assert told(found, "w1") == "1 of 600 entries off: 1 entry is not finite at [4, 4]"
    assert told(found, "b2").startswith("30 of 30 entries off: 30 entries are not finite, the fir")


@pytest.mark.parametrize("seed", range(20))
def test_nothing_beyond_the_bound_passes(seed: int) -> None:
    """An error of 1e-4 of the norm in all entries; one of 1e-8 is none that counts."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=500)
    error = rng.normal(size=500)
    true = np.cos(x)
    for part, verdict in ((1e-4, False), (1e-8, True)):
        off = part * np.linalg.norm(true * _scale(x)) / np.linalg.norm(error * _scale(x)) * error
        assert _proof(x, true + off).holds is verdict
    proof = _proof(x, true)
    assert proof.norm == pytest.approx(np.linalg.norm(true * _scale(x)))
    assert proof.bound < 1e-4 * proof.norm
    per_direction = proof.bound / (math.sqrt(2) * CHANCE ** (-1 / proof.directions))
    assert 1e-6 * proof.norm < per_direction < 4e-6 * proof.norm  # tol times a norm of g v


def _scale(x: Any) -> Any:
    return np.maximum(1.0, np.abs(x))


def _proof(x: Any, gradient: Any) -> Any:
    from gradcli.check.claims import Claim
    from gradcli.check.lines import Point
    from gradcli.check.rounding import value_rounding
    from gradcli.check.rule import Rule

    problem = Formula("sum(sin(x))", {"x": x})
    result = differentiate(problem)
    at = Point(problem, float(result.value), value_rounding(problem, result))
    claim = Claim("x", gradient, gradient.dtype, gradient, Rule(1e-6), np.arange(0))
    return Prover(at, result, 1.2e-5).prove(claim, 1)[0]


def test_weights_are_never_small_of_either_sign_and_at_the_scale_of_x() -> None:
    x = np.array([0.0, 1e3, -1e-6] * 40_000)
    weights = weights_of(x, np.random.default_rng(0)) / _scale(x)
    assert np.abs(weights).min() >= 1
    assert np.abs(weights).max() <= 2
    assert abs(np.mean(weights > 0) - 0.5) < 0.01
    shares, _ = np.histogram(weights, 40, (-2, 2), density=True)
    assert shares.max() < 0.53  # a density of at most 1/2, on which the chance rests


KINKS = np.linspace(-1, 1, 301)  # 0 is the entry 150


@pytest.mark.parametrize(
    ("text", "left"),
    [("sum(abs(x))", -1.0), ("sum(relu(x))", 0.0), ("sum(maximum(x, 2*x))", 1.0)],
)
def test_kinks_are_found_named_and_inconclusive(text: str, left: float) -> None:
    """Though the mean slope of abs(x) to both sides of 0 is the 0 that backprop takes."""
    found = directions(text, x=KINKS).params["x"]
    assert (found.verdict, found.kinks) == ("inconclusive", [[150]])
    assert found.sides[0].left == pytest.approx(left)
    beside = np.delete(KINKS, 150)
    assert directions(text, x=beside).verdict == "pass"


def test_many_kinks_are_looked_for_where_they_are() -> None:
    x = np.linspace(-1, 1, 10_000)
    x[7000:7200] = 0
    found = directions("sum(abs(x))", x=x).params["x"]
    assert found.verdict == "inconclusive"
    assert len(found.kinks) == 64
    assert all(7000 <= index < 7200 for [index] in found.kinks)


@pytest.mark.parametrize(
    ("text", "smallest"),
    [("sum(log(x))", 1e-6), ("sum(log(x))", 1e-12), ("sum(sqrt(x))", 1e-8), ("sum(1/x)", 1e-4)],
)
def test_steps_beyond_the_domain_accuse_nobody(text: str, smallest: float) -> None:
    x = np.linspace(0.5, 2, 300)
    x[7] = smallest
    assert directions(text, x=x).verdict == "pass"
    wrong = differentiate(Formula(text, {"x": x})).gradients["x"]
    wrong[7] *= 1.01
    assert not _judged_own(text, x, wrong)


def _judged_own(text: str, x: Any, gradient: Any) -> bool:
    class Wrong(Formula):
        def replayed(self, at: Any = None) -> Any:
            from gradcli.gradient import by_tape

            result = by_tape(self, at)
            result.gradients = {"x": gradient}
            return result

    return check(Wrong(text, {"x": x}), DIRECTIONS).verdict == "pass"


def test_a_gradient_of_nothing_passes_unless_rounding_may_be_why() -> None:
    x = np.linspace(0.1, 1, 200)
    for text in ("sum(0*x) + y", "sum(relu(x - 9)) + y", "sum((x - x)^2) + y"):
        assert directions(text, x=x, y=2.0).verdict == "pass", text
    found = directions("sum(tanh(x + 30)) + y", x=x, y=2.0)
    assert {n: v.verdict for n, v in found.params.items()} == {"x": "inconclusive", "y": "pass"}
    assert "is uncertain by" in told(found, "x")


def test_a_difference_that_no_entry_shows_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gradient fails by its entries, never by a direction alone."""
    right = large_module.measure

    def blind(claim: Any, *args: Any) -> Any:
        measured = right(claim, *args)
        return measured._replace(slope=claim.entries, uncertainty=0 * measured.slope)

    monkeypatch.setattr(large_module, "measure", blind)
    found = check(planted(NET, entry("w1", (3, 17))), DIRECTIONS)
    assert found.verdict == "inconclusive"
    assert "off, but no entry can be shown to be wrong" in told(found, "w1")


def test_all_parameters_together_must_hold_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Prover.prove_together

    def wrong(*args: Any) -> Any:
        proof = right(*args)
        return proof._replace(worst=proof.worst._replace(numeric=proof.worst.claimed + 1))

    assert check(Model.from_spec(NET), DIRECTIONS).verdict == "pass"
    monkeypatch.setattr(Prover, "prove_together", wrong)
    assert check(Model.from_spec(NET), DIRECTIONS).verdict == "inconclusive"


def test_given_gradients_are_compared_entry_by_entry_with_the_proven_ones() -> None:
    net = Model.from_spec({**LARGE, "hidden_act": "tanh"})
    right = differentiate(net).gradients
    for dtype in ("float64", "float32"):
        found = check(net, against={n: g.astype(dtype) for n, g in right.items()})
        assert (found.verdict, found.method) == ("pass", "directions")
        assert sum(v.entries for v in found.params.values()) == 203_530
    wrong = {n: g.copy() for n, g in right.items()}
    place = np.unravel_index(np.argmax(np.abs(right["w1"])), (784, 256))
    wrong["w1"][place] *= 1 + 1e-5
    wrong["w1"][0, 0] = 1
    wrong["w2"] *= 2
    wrong["b1"] = -wrong["b1"]
    del wrong["b2"]
    found = check(net, against=wrong)
    assert found.params["w1"].failed_at == [[0, 0], [*place]]
    assert told(found, "w2").startswith(
        "2,560 of 2,560 entries off: every entry is 2.000 times too large"
    )
    assert "sign flipped" in told(found, "b1")
    assert told(found, "b2") == "missing"
    turned = check(net, against={**right, "w1": right["w1"].T}).params["w1"]
    assert (turned.verdict, turned.cause) == ("fail", "transposed")


def test_with_nothing_proven_there_is_nothing_to_compare_with() -> None:
    right = differentiate(Model.from_spec(NET)).gradients
    found = check(planted(NET, entry("w1", (3, 17))), DIRECTIONS, right)
    assert found.verdict == "inconclusive"
    assert told(found, "w1").startswith("there is no proven gradient to compare with")
    assert {v.verdict for n, v in found.params.items() if n != "w1"} == {"pass"}


def test_gradients_at_the_data_as_rounded_pass_there() -> None:
    net = Model.from_spec({"loss": "mse", "x": "0.1,0.7", "w": "1;-1", "b": "0.6000001", "y": "0"})
    rounded = net.rounded()
    assert rounded is not None
    found = check(net, DIRECTIONS, rounded.evaluate().gradients)
    assert found.verdict == "pass"
    assert {v.point for v in found.params.values()} == {"given data rounded to float32"}


def test_an_interrupt_keeps_what_is_done() -> None:
    def stop(done: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt

    left = 20
    found = check(Model.from_spec(NET), DIRECTIONS, progress=stop)
    assert (found.verdict, found.interrupted) == ("inconclusive", True)
    verdicts = [v.verdict for v in found.params.values()]
    assert set(verdicts) == {"pass", "not reached"}
    assert found.together is not None
    done: list[int] = []
    check(Model.from_spec(NET), DIRECTIONS, progress=done.append)
    assert sum(done) == sum(p.size for p in Model.from_spec(NET).primals.values())


def test_an_interrupt_at_once_still_tells_the_method(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*args: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Prover, "prove_together", stop)
    found = check(Model.from_spec(LARGE))
    assert {v.verdict for v in found.params.values()} == {"not reached"}
    document = CheckReport(found).document()
    assert (document["method"], document["by_size"]) == ("directions", True)
    assert document["together"] is None
