"""What a walk is asked for: keys of optimizers, through every door, and what does not fit."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.catalogue import OPTIMIZERS
from gradcli.descent.settings import settings_of
from gradcli.errors import SpecError
from gradcli.keys import Key
from gradcli.problem import Walk
from gradcli.verb_keys import DESCEND_KEYS, OPTIMIZER_KEYS
from tests.cli.test_help import commands
from tests.conftest import Gradcli


def test_keys_go_to_those_that_have_them() -> None:
    asked = {"optimizer": ["gd", "momentum", "adam"], "momentum": 0.5, "epsilon": 1e-7, "lr": 0.3}
    several = settings_of(asked, Walk(0.1, 40))
    assert [one.optimizer for one in several] == ["gd", "momentum", "adam"]
    assert [one.keys for one in several] == [{}, {"momentum": 0.5}, {}]
    assert {(one.lr, one.steps, one.every) for one in several} == {(0.3, 40, 4)}
    assert several[2].options() == {
        "lr": 0.3, "steps": 40, "every": 4, "optimizer": "adam", "beta_1": 0.9, "beta_2": 0.999,
        "epsilon": 1e-7,
    }  # fmt: skip


def test_a_key_on_the_command_line(gradcli: Gradcli) -> None:
    """Down a slope of 1 at 0.1, momentum 0.5: v = -0.1, -0.15, -0.175; x = -0.1, -0.25, -0.425."""
    walk = "descend formula x x=0 --optimizer momentum --momentum 0.5 --lr 0.1 --steps 3 --every 1"
    answer = gradcli(f"{walk} --json").json
    assert [row["at"]["x"] for row in answer["path"]] == pytest.approx([0, -0.1, -0.25, -0.425])
    assert answer["spec"]["momentum"] == 0.5
    assert gradcli("run - --json", stdin=json.dumps(answer).encode()).json == answer
    assert "\nmomentum, lr 0.1, momentum 0.5, 3 steps\n" in gradcli(walk).out
    usual = gradcli("descend formula x x=0 --optimizer adam --json").json["spec"]
    assert {key: usual[key] for key in ("beta_1", "beta_2", "epsilon")} == {
        "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7,
    }  # fmt: skip


@pytest.mark.parametrize("key", OPTIMIZER_KEYS, ids=lambda key: key.name)
def test_every_key_changes_the_walks_of_those_that_have_it(key: Key, gradcli: Gradcli) -> None:
    walk = "descend formula x^2*y x=3 y=4 --steps 3"
    option = f"--{key.name.replace('_', '-')} 0.25"
    for name in key.only:
        usual = gradcli(f"{walk} --optimizer {name} --json").json["end"]
        assert gradcli(f"{walk} --optimizer {name} {option} --json").json["end"] != usual
    spec = {"landscape": "sphere", "optimizer": "gd", key.name: 0.25}
    ran = gradcli("run -", stdin=json.dumps(spec).encode())
    assert (ran.code, f"{key.name}: goes with {key.only[0]}" in ran.err) == (2, True)


def test_an_optimizers_key_goes_before_what_others_call_a_layers(gradcli: Gradcli) -> None:
    """epsilon is also Keras's name for the eps of a norm."""
    walk = "descend layer layer_norm --in 4 --steps 3 --optimizer adam --epsilon 0.5 --json"
    spec = gradcli(walk).json["spec"]
    assert (spec["eps"], spec["epsilon"]) == (0.001, 0.5)
    assert gradcli("layer layer_norm --in 4 --epsilon 0.5 --json").json["spec"]["eps"] == 0.5
    for path, command in commands():
        options = [param.name for param in command.params]
        assert len(set(options)) == len(options), path


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--momentum 0.5", "--momentum: goes with momentum and nesterov only, not gd"),
        ("--optimizer gd,adam --rho 0.5", "--rho: goes with rmsprop only, not gd and adam"),
        ("--optimizer adam --beta-1 1", "--beta-1: must be a number from 0 to below 1, not 1.0"),
        ("--optimizer adamw --weight-decay -1", "--weight-decay: must be a number from 0"),
        ("--optimizer adagrad --initial-accumulator x", "did you mean --initial-accumulator-val"),
        ("--optimizer rmsprop --alpha 0.9", "--alpha: goes with focal and binary_focal only; did"),
        ("--optimizer rmsprop --alpha 0.9", "did you mean --rho?"),
        ("--optimizer adam --eps 1", "there is no option --eps; did you mean --epsilon?"),
        ("--optimizer adam --beta1 0.5", "did you mean --beta-1?"),
        ("--optimizer gd,adm", "--optimizer: unknown value 'adm'; did you mean 'adam'?"),
        ("--optimizer gd,adam,gd", "--optimizer: has gd twice"),
        ("--optimizer gd,", "--optimizer: unknown value ''"),
        ("--optimizer l-bfgs-b", "did you mean 'lbfgs'?"),
    ],
)
def test_mistakes(options: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli(f"himmelblau {options}")
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err
    assert ran.err.count("\n") == 1


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5
)
WORDS = st.lists(st.sampled_from([*OPTIMIZERS, " gd ", "", "adm"])).map(",".join)


@given(ANYTHING | st.text() | WORDS)
def test_optimizers_are_read_or_refused(value: object) -> None:
    key = next(key for key in DESCEND_KEYS if key.name == "optimizer")
    try:
        found = key.read(value)
    except SpecError:
        return
    names = [found] if isinstance(found, str) else found
    assert names
    assert len(set(names)) == len(names)
    assert set(names) <= set(OPTIMIZERS)


@pytest.mark.parametrize("value", [5, [], ["gd", 5], [["gd"]], {"gd": 1}, True, ""])
def test_what_is_no_optimizer_in_a_document(value: object, gradcli: Gradcli) -> None:
    spec = {"landscape": "sphere", "optimizer": value}
    ran = gradcli("run -", stdin=json.dumps(spec).encode())
    assert (ran.code, ran.out) == (2, "")
    assert "optimizer: unknown value" in ran.err
