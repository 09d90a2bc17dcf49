"""Schedules of the learning rate: Keras's rates, what is left to defaults, one more declared."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gradcli import catalogue
from gradcli.descent import Schedule
from gradcli.descent.schedules import SCHEDULES, schedule
from gradcli.errors import SpecError
from gradcli.verb_keys import SCHEDULE_KEYS
from tests.conftest import HERE, Gradcli

KERAS = json.loads((HERE / "reference" / "optimizers.json").read_text())["schedules"]


def test_the_catalogue_and_the_keys_are_those_of_the_schedules() -> None:
    assert list(SCHEDULES) == list(catalogue.SCHEDULES)
    for name, found in SCHEDULES.items():
        assert found.decay.__doc__
        told = {key.name: key.default for key in SCHEDULE_KEYS if name in key.only}
        assert set(told) == {"decay_steps", *found.keys}
        assert all(float(told[key]) == value for key, value in found.keys.items())


@pytest.mark.parametrize("case", KERAS, ids=lambda c: f"{c['schedule']} {c['keys']}")
def test_rates_as_in_keras(case: dict[str, Any]) -> None:
    found = Schedule(case["schedule"], case["lr"], 1, **case["keys"])
    assert len(case["rates"]) == 12
    for taken, rate in case["rates"].items():
        assert found(int(taken)) == pytest.approx(rate, rel=1e-6, abs=1e-8)


def test_what_is_left_to_defaults() -> None:
    """Down to nothing, to a hundredth in three flights, and to a tenth: at the last of 90 steps."""
    assert Schedule("cosine", 1, 90)(90) == 0
    assert [Schedule("step", 1, 90)(t) for t in (29, 30, 60, 89)] == pytest.approx(
        [1, 0.1, 0.01, 0.01]
    )
    assert Schedule("exp", 1, 90)(90) == pytest.approx(0.1)
    assert Schedule("step", 1, 2).keys["decay_steps"] == 1
    assert Schedule("cosine", 1, 90).keys == {"decay_steps": 90, "decay_alpha": 0}


def test_a_name_that_is_not_known() -> None:
    with pytest.raises(SpecError, match="unknown schedule 'cosin'; did you mean 'cosine'"):
        Schedule("cosin", 0.1, 3)


def test_a_walk_under_a_schedule(gradcli: Gradcli) -> None:
    """x^2/2 by gd: x is multiplied by 1 - lr each step; halved lr after each of three."""
    walk = "descend formula x^2/2 x=1 --lr 0.5 --lr-schedule step --decay-steps 1 --decay-rate 0.5"
    answer = gradcli(f"{walk} --steps 3 --json").json
    assert [row["at"]["x"] for row in answer["path"]] == [1, 0.5, 0.375, 0.328125]
    assert answer["spec"]["lr_schedule"] == "step"
    assert (answer["spec"]["decay_steps"], answer["spec"]["decay_rate"]) == (1, 0.5)
    assert gradcli("run - --json", stdin=json.dumps(answer).encode()).json == answer
    shown = gradcli(f"{walk} --steps 3").out
    assert "\ngd, lr 0.5 step, decay_steps 1, decay_rate 0.5, 3 steps\n" in shown
    usual = gradcli("descend formula x^2 x=1 --lr-schedule cosine --steps 7 --json").json
    assert (usual["spec"]["decay_steps"], usual["spec"]["decay_alpha"]) == (7, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--decay-steps 3", "--decay-steps: goes with cosine, step and exp only: give an lr_sch"),
        ("--lr-schedule cosine --decay-rate 3", "--decay-rate: goes with step and exp only, not"),
        ("--lr-schedule cosin", "--lr-schedule: unknown value 'cosin'; did you mean 'cosine'?"),
        ("--lr-schedule exponential", "did you mean 'exp'?"),
        ("--lr-schedule step --decay-steps 0", "--decay-steps: must be a whole number from 1"),
        ("--lr-schedule exp --decay-rate 0", "--decay-rate: must be a number above 0"),
        ("--lr-schedule exp --gamma 0.5", "did you mean --decay-rate?"),
        ("--scheduler cosine", "there is no option --scheduler; did you mean --lr-schedule?"),
        ("--lr-schedule cosine --eta-min 0", "did you mean --decay-alpha?"),
    ],
)
def test_mistakes(options: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli(f"himmelblau {options}")
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


def test_a_schedule_is_added_by_one_declaration(
    gradcli: Gradcli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Down to nothing along a line: from 1 by 1/2 (1 - 0/2), and by 1/2 (1 - 1/2) of 1/2."""
    monkeypatch.setitem(SCHEDULES, "linear", SCHEDULES["exp"])
    monkeypatch.setitem(catalogue.SCHEDULES, "linear", "along a line")

    @schedule(times=1)
    def linear(taken: int, *, decay_steps: int) -> float:
        return 1 - taken / decay_steps

    walk = "descend formula x^2/2 x=1 --lr 0.5 --lr-schedule linear --steps 2 --json"
    assert [row["at"]["x"] for row in gradcli(walk).json["path"]] == [1, 0.5, 0.375]
