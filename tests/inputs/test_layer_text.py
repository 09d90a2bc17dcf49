"""Layers written as one text: what is written is read, and all else is refused with a caret."""

from __future__ import annotations

import json
import math
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.errors import LayersError
from gradcli.inputs.layer_text import DEEPEST, LONGEST, read_layers
from gradcli.keys import Key
from tests.conftest import Gradcli


class Kind(NamedTuple):
    keys: tuple[Key, ...] = ()


def keys(*names: str) -> tuple[Key, ...]:
    return tuple(Key(name, "value", "") for name in names)


UNITS = Key("units", "int", "", aliases=("out_features",))
KINDS = {
    "conv2d": Kind(
        (
            Key("filters", "int", "", aliases=("out_channels",)),
            Key("kernel", "ints", "", aliases=("kernel_size",)),
            *keys("stride", "padding", "act"),
        )
    ),
    "max_pool2d": Kind(keys("pool", "stride")),
    "flatten": Kind(),
    "reshape": Kind(keys("shape")),
    "lstm": Kind((UNITS, *keys("sequences"))),
    "dense": Kind((UNITS, *keys("act", "bias"))),
    "residual": Kind((Key("layers", "layers", ""),)),
}


def arrays(kind: str) -> list[str]:
    """What has no place among the values, and is given by its name alone."""
    return {"dense": ["w", "b"], "conv2d": ["w", "b"], "lstm": ["w", "h0"]}.get(kind, [])


def read(text: str) -> list[dict[str, Any]]:
    return read_layers(text, KINDS, arrays)


def refusal(text: str) -> str:
    """The message, the line and the caret; a line of its own for each, as a terminal has them."""
    with pytest.raises(LayersError) as caught:
        read(text)
    return caught.value.pointed(width=0)


def test_a_whole_network() -> None:
    text = """
        conv2d(4, 3, padding=same, act=relu), max_pool2d(2), flatten,
        residual(dense(4, act=relu), dense(4)),
        lstm(8, sequences=true, h0=[1, 2]), dense(3, name=fc1, w="w.npy")
    """
    assert read(text) == [
        {"kind": "conv2d", "filters": 4, "kernel": 3, "padding": "same", "act": "relu"},
        {"kind": "max_pool2d", "pool": 2},
        {"kind": "flatten"},
        {
            "kind": "residual",
            "layers": [{"kind": "dense", "units": 4, "act": "relu"}, {"kind": "dense", "units": 4}],
        },
        {"kind": "lstm", "units": 8, "sequences": True, "h0": [1, 2]},
        {"kind": "dense", "units": 3, "name": "fc1", "w": "w.npy"},
    ]


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("dense", [{}]),
        ("dense()", [{}]),
        ("dense ( 3 , relu , false ) ,", [{"units": 3, "act": "relu", "bias": False}]),
        ("dense(bias = True, units=\n3,)", [{"bias": True, "units": 3}]),
        ("dense(out_features=3)", [{"out_features": 3}]),
        ("dense(w=normal, b=[])", [{"w": "normal", "b": []}]),
        ("dense(-1, 1e3, .5)", [{"units": -1, "act": 1000.0, "bias": 0.5}]),
        ("dense(w=[[1, 2.5], (3, -4)])", [{"w": [[1, 2.5], [3, -4]]}]),
        ("dense(w=[inf, -inf])", [{"w": [math.inf, -math.inf]}]),
        ("""dense('it''s', "a, b) ")""", [{"units": "it's", "act": "a, b) "}]),
        ("dense('3', 'true')", [{"units": "3", "act": "true"}]),
    ],
)
def test_values(text: str, layers: list[dict[str, Any]]) -> None:
    found = read(text)
    assert found == [{"kind": "dense", **layer} for layer in layers]
    assert [list(map(type, layer.values())) for layer in found] == [
        [str, *map(type, layer.values())] for layer in layers
    ]


@pytest.mark.parametrize(
    "text",
    [
        "residual(dense(4), residual(flatten))",
        "residual([dense(4), residual(flatten)])",
        "residual(layers=[dense(4), residual(layers=flatten)])",
        "residual((dense(4), residual([flatten])),)",
    ],
)
def test_layers_within_layers(text: str) -> None:
    inner = {"kind": "residual", "layers": [{"kind": "flatten"}]}
    assert read(text) == [{"kind": "residual", "layers": [{"kind": "dense", "units": 4}, inner]}]


@pytest.mark.parametrize(
    ("text", "message", "found"),
    [
        ("dense(3), dence(4)", "there is no layer 'dence'; did you mean 'dense'?", "dence(4)"),
        ("Conv2D(4, 3)", "there is no layer 'Conv2D'; did you mean 'conv2d'?", "Conv2D"),
        ("residual(flaten)", "there is no layer 'flaten'; did you mean 'flatten'?", "flaten"),
        ("xyz", "there is no layer 'xyz': one of conv2d, max_pool2d, flatten, reshape, lstm", "x"),
        ("max_pool2d(2, 2, 1)", "max_pool2d takes at most 2 values: pool, stride", "1)"),
        ("flatten(1)", "flatten takes no values", "1"),
        ("reshape(4, 4)", "reshape takes at most 1 value: shape", "4)"),
        ("dense(3, units=4)", "units is given twice", "units"),
        ("dense(act=relu, act=tanh)", "act is given twice", "act=tanh"),
        ("dense(3, out_features=4)", "out_features is given twice: it is units", "out_"),
        ("dense(name=a, name=b)", "name is given twice", "name=b"),
        ("residual(flatten, layers=[dense(2)])", "layers is given twice", "layers"),
        ("dense(units=3, relu)", "this needs a key: what follows key=value is", "relu"),
        ("residual(layers=flatten, dense(1))", "this needs a key", "dense"),
        ("dense(3, akt=relu)", "dense has no key 'akt'; did you mean 'act'?", "akt"),
        ("conv2d(4, kernel_sise=3)", "no key 'kernel_sise'; did you mean 'kernel_size'?", "kernel"),
        ("max_pool2d(xyz=3)", "max_pool2d has no key 'xyz': it has pool, stride", "xyz"),
        ("flatten(h0=3)", "flatten has no key 'h0'", "h0"),
        ("dense(3", "this ( is never closed", "(3"),
        ("residual(dense(3), dense(4)", "this ( is never closed", "(dense(3)"),
        ("dense(w=[1, [2, 3]", "this [ is never closed", "[1"),
        ("dense(w=[1, 2)", "a comma or ] is needed here", ")"),
        ("dense(3 relu)", "a comma or ) is needed here", "relu"),
        ("dense(3.4.5)", "a comma or ) is needed here", ".5"),
        ("dense(w=w.npy)", "text with more than letters, digits and _ needs quotes", "w.npy"),
        ("dense(w=normal(3))", "a comma or ) is needed here", "(3"),
        ("dense('relu)", "this quote is never closed", "'relu"),
        ("dense(units=)", "a value is needed here", ")"),
        ("dense(units==3)", "a value is needed here", "=3"),
        ("dense(,)", "a value is needed here", ",)"),
        ("dense(3), , flatten", "a layer is needed here", ", flatten"),
        ("(dense)", "a layer is needed here", "(dense)"),
        ("dense(3) flatten", "a comma is needed between two layers", "flatten"),
        ("dense(3))", "a comma is needed between two layers", ")"),
        ("[dense(3)]", "a layer is needed here", "[dense"),
        ("residual(3)", "a layer is needed here", "3)"),
    ],
)
def test_what_is_wrong_is_said_and_shown(text: str, message: str, found: str) -> None:
    said, line, caret = refusal(text).split("\n")
    assert message in said
    at = text.rindex(found) if text.count(found) > 1 else text.index(found)
    assert line == f"  {text}"
    assert caret == f"{' ' * (2 + at)}^"


def test_the_caret_stands_in_the_line_at_fault() -> None:
    assert refusal("dense(3),\n  flatten,\n  dence(4),\ndense(2)").split("\n")[1:] == [
        "    dence(4),",
        "    ^",
    ]


@pytest.mark.parametrize("text", ["", "  \n "])
def test_no_text_is_no_layers(text: str) -> None:
    assert refusal(text) == "no layers are given"


@pytest.mark.parametrize(
    "text", ["(" * 99_999, "dense(" * 16_000, "dense(" + "[" * 90_000, "residual(" * 11_000]
)
def test_too_deep(text: str) -> None:
    with pytest.raises(LayersError):
        read(text)


def test_as_deep_as_it_may_be() -> None:
    deep = "residual(" * DEEPEST + "flatten" + ")" * DEEPEST
    [layer] = read(deep)
    for _ in range(DEEPEST):
        [layer] = layer["layers"]
    assert layer == {"kind": "flatten"}
    assert f"nested more than {DEEPEST} deep" in refusal(f"residual({deep})")
    assert len(read(f"{deep}, {deep}")) == 2


def test_too_long() -> None:
    assert len(read("flatten," * 60)) == 60
    said = refusal("flatten," * (LONGEST // 8 + 1))
    assert said == "the layers have 100,008 characters; 100,000 are allowed"


def written(value: Any) -> str:
    """``value`` as it can be written: a layer, a list, or one value."""
    if isinstance(value, dict):
        inner = [
            f"{name}={written(value)}" if name != "kind" else "" for name, value in value.items()
        ]
        return f"{value['kind']}({', '.join(filter(None, inner))})"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, str):
        quote = "'" if '"' in value else '"'
        return quote + value.replace(quote, 2 * quote) + quote
    return str(value)


TEXT = st.text("aé'\"\n\0 ,=()[]", max_size=5)
WHOLE = st.integers(-(2**63), 2**63)
VALUES = st.recursive(
    st.booleans() | WHOLE | st.floats(allow_nan=False) | TEXT, st.lists, max_leaves=5
)


def tables(kind: str) -> st.SearchStrategy[dict[str, Any]]:
    names = ["name", *arrays(kind), *[key.name for key in KINDS[kind].keys]]
    fields = st.dictionaries(st.sampled_from(names), VALUES, max_size=4)
    return fields.map(lambda table: {"kind": kind, **table})


PLAIN = st.sampled_from([kind for kind in KINDS if kind != "residual"]).flatmap(tables)
LAYERS = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=3).map(lambda n: {"kind": "residual", "layers": n}),
    max_leaves=5,
)


@given(st.lists(LAYERS, min_size=1, max_size=4))
def test_what_is_written_is_read_back(layers: list[dict[str, Any]]) -> None:
    found = read(", ".join(map(written, layers)))
    assert found == layers
    assert repr(found) == repr(layers)  # 1, 1.0 and true are equal, but not the same


PIECES = st.sampled_from(
    [*KINDS, *"()[],='\" \n", "units", "act", "3", "-1.5", "é", "\x00", "true"]
)


@given(st.text() | st.lists(PIECES).map("".join))
def test_any_text_is_layers_or_an_error(text: str) -> None:
    try:
        layers = read(text)
    except LayersError as error:
        layers, said = [], error.pointed(width=40).split("\n")
    else:
        said = []
    assert all(layer["kind"] in KINDS for layer in layers)
    assert all(line.isprintable() for line in said)
    assert bool(layers) != bool(said)


def test_on_the_command_line(gradcli: Gradcli) -> None:
    ran = gradcli("mse --in 3 --layers 'dense(4, relu), dence(2)'")
    assert ran.code == 2
    said, caret = ran.err.rstrip("\n").split("\n")
    assert said.endswith(
        "there is no layer 'dence'; did you mean 'dense'?: dense(4, relu), dence(2)"
    )
    assert caret == f"{' ' * said.rindex('dence')}^"


def test_in_a_document(gradcli: Gradcli) -> None:
    """As tables and as a text they are the same network."""
    tables = [{"units": 4, "act": "relu"}, {"kind": "dense", "units": 2, "w": [[1, 2]] * 4}]
    text = "dense(4, relu), dense(2, w=[[1, 2], [1, 2], [1, 2], [1, 2]])"
    spec = {"loss": "mse", "in": 3, "layers": tables}
    documents = "\n".join(json.dumps(s) for s in (spec, {**spec, "layers": text}))
    first, second = gradcli("run - --json", stdin=documents.encode()).out.splitlines()
    assert first == second
    ran = gradcli("run - --json", stdin=json.dumps({**spec, "layers": "dense(4"}).encode())
    assert ran.code == 2
    assert ran.json == {"error": "-: this ( is never closed: dense(4", "line": 1}
