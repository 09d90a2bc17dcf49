"""--set: a key of every document, said anew on the command line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Gradcli

MODEL = {"loss": "mse", "in": 2, "out": 1, "seed": 3}
FORMULA = {"formula": "x^2*y", "values": {"x": 3, "y": 2}}
LAYER = {"layer": "dense", "in": 2, "units": 1}


def answers(gradcli: Gradcli, command: str, *documents: Any) -> list[Any]:
    ran = gradcli(f"{command} --json", stdin="\n".join(map(json.dumps, documents)).encode())
    assert ran.code == 0, ran.err
    return [json.loads(line) for line in ran.out.splitlines()]


@pytest.mark.parametrize(
    ("document", "option", "written"),
    [
        (MODEL, "seed=5", {"seed": 5}),
        (MODEL, "dtype=float64", {"dtype": "float64"}),
        (MODEL, "x=1,2", {"x": "1,2"}),
        (MODEL, "hidden=4,5", {"hidden": [4, 5]}),
        (MODEL, "w=zeros", {"w": "zeros"}),
        (MODEL, "wrt=x", {"wrt": ["x"]}),
        (MODEL, "loss=mae", {"loss": "mae"}),
        (MODEL, "l2=0.5", {"l2": 0.5}),
        ({**MODEL, "hidden": [3]}, "w2=1;2;3", {"w2": [[1], [2], [3]]}),
        (LAYER, "act=tanh", {"act": "tanh"}),
        (LAYER, "w=1;2", {"w": [[1], [2]]}),
        ({**LAYER, "convention": "torch"}, "weight=1,2", {"weight": [[1, 2]]}),
        (FORMULA, "dtype=float32", {"dtype": "float32"}),
        (FORMULA, "values.x=4", {"values": {"x": 4, "y": 2}}),
        (FORMULA, "formula=x+y", {"formula": "x+y"}),
        ({"landscape": "beale", "verb": "descend"}, "start=2,0.25", {"start": [2, 0.25]}),
        ({"landscape": "beale", "verb": "descend"}, "lr=0.001", {"lr": 0.001}),
    ],
)
def test_it_is_as_if_it_were_written_there(
    document: Any, option: str, written: Any, gradcli: Gradcli
) -> None:
    [expected] = answers(gradcli, "run -", {**document, **written})
    name, _, _ = option.partition("=")
    for wrapped in (document, {"spec": document}):
        ran = gradcli("run", "-", "--json", "--set", option, stdin=json.dumps(wrapped).encode())
        found = ran.json
        assert found == expected
        assert name in found["spec"] or name.partition(".")[0] in found["spec"]


def test_it_goes_with_every_verb_and_all_documents(gradcli: Gradcli) -> None:
    steps = answers(gradcli, "descend run - --set lr=0.125 --set steps=2", MODEL, FORMULA)
    assert [(one["steps"], one["spec"]["lr"]) for one in steps] == [(2, 0.125)] * 2
    checked = answers(gradcli, "check run - --set method=forward --set seed=4", MODEL, FORMULA)
    assert [one["method"] for one in checked] == ["forward"] * 2
    assert checked[0]["spec"]["seed"] == 4
    [checked] = answers(gradcli, "run - --set verb=check", MODEL)
    assert checked["verdict"] == "pass"
    [high] = answers(gradcli, "run - --set order=3 --set wrt=x", FORMULA)
    assert (high["grads"]["x"], high["derivatives"]) == (12, [12, 4, 0])


def test_grads_beside_a_spec_stay_to_be_judged(gradcli: Gradcli) -> None:
    wrong = {**FORMULA, "grads": {"x": 12, "y": 9}}
    text = json.dumps(wrong).encode()
    assert gradcli("check run - --json", stdin=text).json["verdict"] == "pass"
    assert gradcli("check run - --json --set values.x=4", stdin=text).json["verdict"] == "fail"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--set sed=5", "--set: unknown key 'sed'; did you mean 'seed'?"),
        ("--set seed", "--set: 'seed' is no KEY=VALUE, such as seed=5"),
        ("--set =5", "--set: '=5' is no KEY=VALUE, such as seed=5"),
        ("--set seed=1 --set seed=2", "--set: seed is given twice"),
        ("--set seed=x", "-: --set seed: must be a whole number from 0, not 'x'"),
        ("--set act=sigmod", "-: --set act: unknown value 'sigmod'; did you mean 'sigmoid'?"),
        ("--set units=3", "-: --set: unknown key 'units' of a model; did you mean 'out'?"),
        ("--set values.x=3", "-: --set: unknown key 'values.x' of a model"),
        ("--set formula=x", "-: formula: does not go with loss: a specification is of one problem"),
    ],
)
def test_what_there_is_not_is_refused(options: str, message: str, gradcli: Gradcli) -> None:
    ran = gradcli(f"run - {options}", stdin=json.dumps(MODEL).encode())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"gradcli: error: {message}")


def test_a_document_without_the_key_does_not_end_a_stream(gradcli: Gradcli) -> None:
    text = "\n".join(map(json.dumps, (FORMULA, MODEL, FORMULA))).encode()
    ran = gradcli("run - --json --set x=4", stdin=text)
    first, model, last = map(json.loads, ran.out.splitlines())
    assert first["error"] == "-: --set: unknown key 'x' of a formula; did you mean 'values.x'?"
    assert last["line"] == 3
    assert (model["x"], ran.code) == ([[4, 4]], 2)


@pytest.mark.parametrize(
    ("document", "override"),
    [
        ({"layer": [1], "in": 2}, "seed=5"),
        ({"formula": "x^2", "values": [1]}, "values.x=5"),
        ({"formula": "x^2", "values": "x=1"}, "values.x=5"),
        ({"loss": "mse", "in": 2, "out": 1, "values": 3}, "units=5"),
        ({"loss": {"a": 1}, "in": 2}, "seed=5"),
        ({"verb": [1], "loss": "mse"}, "lr=1"),
    ],
)
def test_a_document_of_the_wrong_types_is_refused_in_a_line(
    document: dict[str, Any], override: str, gradcli: Gradcli
) -> None:
    ran = gradcli("run", "-", "--set", override, stdin=json.dumps(document).encode())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
