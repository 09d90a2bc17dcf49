"""Somebody else's gradients: from which files, and whose each of them is."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradcli.check.against import read_gradients
from gradcli.errors import FileError, SpecError
from gradcli.naming.matching import matched
from tests.conftest import Gradcli
from tests.inputs.test_binary_formats import safetensors, saved

TWO = {"w1": (3, 4), "b1": (4,), "w2": (4, 2), "b2": (2,)}
"""Two layers of other sizes,"""
SQUARE = {"w1": (3, 3), "b1": (3,), "w2": (3, 3), "b2": (3,)}
"""and of the same."""


def meant(theirs: Any, ours: Any, told: dict[str, str] | None = None) -> dict[str, str]:
    """``matched``, of dicts of shapes, or names of vectors."""
    found = []
    for names in (theirs, ours):
        shapes = names if isinstance(names, dict) else dict.fromkeys(names.split(), (1,))
        found.append({name: {shape} for name, shape in shapes.items()})
    return matched(found[0], found[1], told or {})


def doubt(theirs: Any, ours: Any, told: dict[str, str] | None = None) -> str:
    with pytest.raises(SpecError) as caught:
        meant(theirs, ours, told)
    assert caught.value.key == "map"
    return caught.value.problem


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("dw db", "w b"),
        ("dW dB", "w b"),
        ("W B", "w b"),
        ("grad_w grad_b", "w b"),
        ("w_grad b_grad", "w b"),
        ("w.grad b.grad", "w b"),
        ("grads/w grads/b", "w b"),
        ("kernel bias", "w b"),
        ("dweights dbiases", "w b"),
        ("dW1 db1", "w1 b1"),
        ("w_1 b_1", "w1 b1"),
        ("grad_input grad_weight grad_bias", "x w b"),
        ("dx dgamma dbeta", "x gamma beta"),
        ("dx weight bias", "x gamma beta"),
        ("dWx dWh db", "Wx Wh b"),
        ("kernel recurrent_kernel bias", "w u b"),
        ("dW dw", "W w"),
        ("fc1.weight.grad fc1.bias.grad", "fc1.weight fc1.bias"),
        ("fc1_weight dfc1_bias", "fc1.weight fc1.bias"),
        ("model.fc1.weight module.fc1.bias", "fc1.weight fc1.bias"),
        ("fc1/kernel:0 fc1/bias:0", "fc1.w fc1.b"),
        ("params/fc1/kernel params/fc1/bias", "fc1.w fc1.b"),
        ("fc1.dW fc1.db", "fc1.w fc1.b"),
        ("W_fc1 b_fc1", "fc1.w fc1.b"),
        ("net.0.weight net.2.weight", "0.weight 2.weight"),
        ("params/w1 params/b1", "w1 b1"),
    ],
)
def test_names_as_people_write_them(theirs: str, ours: str) -> None:
    assert meant(theirs, ours) == dict(zip(theirs.split(), ours.split()))


@pytest.mark.parametrize(
    "layers",
    [
        ("layers.0", "layers.2"),
        ("0", "2"),
        ("2", "10"),
        ("dense", "dense_1"),
        ("params/Dense_0", "params/Dense_1"),
        ("net.1.lin", "net.2.lin"),
    ],
)
@pytest.mark.parametrize("shapes", [TWO, SQUARE])
def test_numbered_layers_go_by_their_order(
    layers: tuple[str, str], shapes: dict[str, tuple[int, ...]]
) -> None:
    names = {f"{layer}.{a}": f"{letter}{i}" for i, layer in enumerate(layers, 1)
             for letter, a in (("w", "weight"), ("b", "bias"))}  # fmt: skip
    theirs = {name: shapes[own] for name, own in reversed(names.items())}
    assert meant(theirs, shapes) == names


def test_numbers_from_0_and_those_that_are_our_own() -> None:
    assert meant("dW0 dW1", "w1 w2") == {"dW0": "w1", "dW1": "w2"}
    assert meant("dW1 dW2 dW3", "w1 w2") == {"dW1": "w1", "dW2": "w2"}
    assert meant("2.weight", "0.weight 2.weight") == {"2.weight": "2.weight"}
    # A list of three linear layers is none of a sequence in which activations count as well.
    told = doubt("l.0.w l.1.w l.2.w x", "0.weight 2.weight 4.weight 6.weight")
    assert told == "l.1.w may be 2.weight or 4.weight: say which, such as l.1.w=2.weight"


def test_shapes_tell_where_names_do_not_and_a_transpose_is_not_guessed() -> None:
    conv = {"w1": (2, 3), "b1": (2,), "gamma2": (2,), "beta2": (2,)}
    bn = {"c.weight": (2, 3), "c.bias": (2,), "bn.weight": (2,), "bn.bias": (2,)}
    assert meant(bn, conv) == dict(zip(bn, conv))
    assert meant({"fc1.weight": (4, 2)}, TWO) == {"fc1.weight": "w2"}
    assert meant({"fc1.w": (3, 3), "fc2.w": (2, 3)}, {"w": (3, 3)}) == {"fc1.w": "w"}
    # All of the layers, and each transposed: theirs in order, so that it is said what is wrong.
    theirs = {"0.weight": (4, 3), "0.bias": (4,), "2.weight": (2, 4), "2.bias": (2,)}
    assert meant(theirs, TWO) == dict(zip(theirs, TWO))
    assert meant({"2.weight": (2, 4)}, TWO) == {}
    assert meant({"scores": (3, 4)}, TWO) == {}


def test_what_is_in_doubt_is_an_error_that_names_the_candidates() -> None:
    assert doubt("W dw db", "w b") == "W and dw may both be w: say which, such as W=w"
    told = "11_weight may be 1.1.weight or 11.weight: say which, such as 11_weight=1.1.weight"
    assert doubt("11_weight", "1.1.weight 11.weight") == told
    assert meant("11_weight 1.1.weight", "1.1.weight 11.weight")["11_weight"] == "11.weight"
    assert doubt({"layers.1.weight": (3, 3)}, SQUARE) == (
        "layers.1.weight may be w1 or w2: say which, such as layers.1.weight=w1"
    )
    assert "fc1.w and fc2.w may both be w" in doubt("fc1.w fc2.w", "w")
    assert "dec.w and enc.w may both be w" in doubt("enc.w dec.w", "w")
    assert doubt("weight", "w gamma") == "weight may be w or gamma: say which, such as weight=w"
    assert meant("weight", "w gamma", {"weight": "gamma"}) == {"weight": "gamma"}


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        ({"dv": "w"}, "there is no gradient 'dv': there are dw, db"),
        ({"d_w": "w"}, "there is no gradient 'd_w'; did you mean 'dw'?"),
        ({"dw": "v"}, "'v' is no parameter of this problem: one of w, b"),
        ({"dw": "w", "db": "w"}, "w is told twice, of dw and of another"),
    ],
)
def test_what_is_told_must_be_there(told: dict[str, str], problem: str) -> None:
    assert doubt("dw db", "w b", told) == problem


NAMES = st.lists(
    st.builds(
        "{}{}{}{}".format,
        st.sampled_from(["", "d", "grad_", "net.", "layers.", "fc", "Dense_"]),
        st.sampled_from(["", "0", "1", "2", "10"]),
        st.sampled_from([".", "/", "_", ""]),
        st.sampled_from(["w", "W", "b", "weight", "bias", "kernel", "gamma", "x", "w1", "b2"]),
    ),
    unique=True,
    max_size=5,
)  # fmt: skip
SHAPES = st.sampled_from([(1,), (2,), (2, 2), (2, 3)])


@settings(max_examples=300)
@given(st.data())
def test_two_are_never_one_and_the_name_itself_comes_first(data: Any) -> None:
    theirs = {name: {data.draw(SHAPES)} for name in data.draw(NAMES)}
    ours = {name: {data.draw(SHAPES)} for name in data.draw(NAMES)}
    outcomes = []
    for names in (theirs, dict(data.draw(st.permutations(list(theirs.items()))))):
        try:
            found = matched(names, ours, {})
        except SpecError as error:
            outcomes.append(error.problem)
            continue
        assert len(set(found.values())) == len(found)
        assert all(found[name] == name for name in theirs if name in ours)
        assert set(found) <= set(theirs)
        assert set(found.values()) <= set(ours)
        outcomes.append(json.dumps(found, sort_keys=True))
    assert outcomes[0] == outcomes[1]


@settings(max_examples=200)
@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_may_be_a_name(theirs: str, ours: str) -> None:
    assert set(meant({theirs: (1,)}, {ours: (1,)}).values()) <= {ours}


ONE = "mse --x 1,2 --y 0.9,0.8 --w eye --b 0,-1"
"""Its gradients, x outer (o - y) and o - y at o = (1, 1), by hand:"""
RIGHT = {"w": [[0.1, 0.2], [0.2, 0.4]], "b": [0.1, 0.2]}


def test_its_own_names_and_others_on_the_command_line(gradcli: Gradcli) -> None:
    ran = gradcli(f"check {ONE} --against -", stdin=json.dumps(RIGHT).encode())
    assert (ran.code, ran.err) == (0, "")
    assert "matched" not in ran.out
    flax = {"params": {"Dense_0": {"kernel": RIGHT["w"], "bias": RIGHT["b"]}}}
    ran = gradcli(f"check {ONE} --against -", stdin=json.dumps(flax).encode())
    assert (ran.code, ran.err) == (0, "")
    assert "\nmatched: params.Dense_0.kernel -> w, params.Dense_0.bias -> b\n" in ran.out
    twice = json.dumps({"w": RIGHT["w"], "dB": RIGHT["b"], "grad_b": RIGHT["b"]}).encode()
    ran = gradcli(f"check {ONE} --against -", stdin=twice)
    told = "dB and grad_b may both be b: say which, such as dB=b"
    assert (ran.code, ran.err) == (2, f"gradcli: error: --map: -: {told}\n")
    ran = gradcli(f"check {ONE} --against - --map grad_b=b", stdin=twice)
    assert (ran.code, ran.err.count("'dB' is no parameter of this problem")) == (0, 1)


def test_what_is_told_is_part_of_the_answer_and_repeats_it(
    gradcli: Gradcli, tmp_path: Path
) -> None:
    (tmp_path / "g.json").write_text(json.dumps({"p": RIGHT["w"], "q,r": RIGHT["b"]}))
    line = f"check {ONE} --against {tmp_path}/g.json"
    assert gradcli(f"{line} --map p=w").code == 1  # q,r is missing
    (tmp_path / "g.json").write_text(json.dumps({"p": RIGHT["w"], "q": RIGHT["b"]}))
    ran = gradcli(f"{line} --map p=w --map q=b --json")
    assert ran.code == 0
    assert ran.json["matched"] == ran.json["spec"]["map"] == {"p": "w", "q": "b"}
    assert gradcli("run -", stdin=ran.out.encode()).out.startswith("check mse")
    assert gradcli("run - --json", stdin=ran.out.encode()).json == ran.json
    assert gradcli(f"{line} --map p=w,q=b --json").json == ran.json
    spec = {**ran.json["spec"], "map": ["p=w", "q=b"]}
    assert gradcli("run - --json", stdin=json.dumps(spec).encode()).json == ran.json
    for words, told in {
        "--map p": "must be names such as dw=w, not 'p'",
        "--map =w": "must be names such as dw=w, not '=w'",
        "--map p=w,p=b": "has p twice",
        "--map P=w": f"{tmp_path}/g.json: there is no gradient 'P'; did you mean 'p'?",
    }.items():
        ran = gradcli(f"{line} {words}")
        assert (ran.code, ran.err) == (2, f"gradcli: error: --map: {told}\n")
    ran = gradcli(f"check {ONE} --map p=w")
    assert "--map: goes with against" in ran.err
    spec["map"] = {"p": 3}
    assert (
        "map: must be names such as dw=w, or a table"
        in gradcli("run -", stdin=json.dumps(spec).encode()).err
    )


def test_the_gradients_of_a_document_may_be_nested_and_told(gradcli: Gradcli) -> None:
    document = {"spec": {"formula": "x^2*y", "values": {"x": 3, "y": 2}, "verb": "check"}}
    document |= {"grads": {"point": {"a": 12, "dy": 9}}}
    ran = gradcli("check run - --map point.a=x --json", stdin=json.dumps(document).encode())
    assert (ran.code, ran.json["matched"]) == (0, {"point.a": "x", "point.dy": "y"})
    document["grads"] = {"x.a": 1, "x": {"a": 2}}
    ran = gradcli("check run -", stdin=json.dumps(document).encode())
    assert ran.err == "gradcli: error: -: grads: holds 'x.a' twice\n"


def npy(array: Any) -> bytes:
    return saved(lambda file, **arrays: np.save(file, arrays["a"]), a=np.asarray(array))


def test_gradients_from_every_format(gradcli: Gradcli, tmp_path: Path) -> None:
    """By hand; those that are saved are of float32."""
    arrays = {name: np.array(array, np.float32) for name, array in RIGHT.items()}
    gradcli(f"{ONE} --save {tmp_path}/g.csv")
    gradcli(f"{ONE} --save {tmp_path}/g.safetensors")
    (tmp_path / "theirs.safetensors").write_bytes(safetensors(arrays))
    (tmp_path / "g.npz").write_bytes(saved(np.savez, **arrays))
    (tmp_path / "g.json").write_text(json.dumps(RIGHT))
    (tmp_path / "g.f64").write_bytes(np.array([7.0, *np.ravel(RIGHT["w"]), *RIGHT["b"]]).tobytes())
    table = {"w": {"file": "g.f64", "shape": [2, 2], "offset": 1}}
    table["b"] = {"file": "g.f64", "shape": [2]}  # behind it
    (tmp_path / "raw.json").write_text(json.dumps(table))
    files = ["g.csv", "g.safetensors", "theirs.safetensors", "g.npz", "g.json", "raw.json"]
    for name in files:
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        for source in (name, f"{name}.gz"):
            ran = gradcli(f"check {ONE} --against {tmp_path / source}")
            assert (ran.code, ran.err, "matched" in ran.out) == (0, "", False), source
        assert gradcli(f"check {ONE} --b 1,-1 --against {tmp_path / name}").code == 1
    for name in files[:-1]:  # - tells no folder
        ran = gradcli(f"check {ONE} --against -", stdin=(tmp_path / name).read_bytes())
        assert (ran.code, ran.err) == (0, ""), name


def test_a_large_file_is_not_copied(tmp_path: Path) -> None:
    """Views of the file, but of what an npz holds: of the bytes that were read."""
    array = np.arange(6, dtype="<f4").reshape(2, 3)
    np.save(tmp_path / "w.npy", array)
    np.savez(tmp_path / "w.npz", w=array)
    (tmp_path / "w.safetensors").write_bytes(safetensors({"w": array}))
    array.tofile(tmp_path / "w.f32")
    (tmp_path / "w.json").write_text('{"w": {"file": "w.f32", "shape": [2, 3]}}')
    for ending in ("npy", "npz", "safetensors", "json"):
        found = read_gradients(f"{tmp_path}/w.{ending}", "float64", {"w": array})["w"]
        assert not found.flags.owndata, ending
        np.testing.assert_array_equal(found, array)


def test_raw_numbers_are_as_exact_as_their_own_dtype(gradcli: Gradcli, tmp_path: Path) -> None:
    """6 and 6.0003: 5e-5 is less than 1000 eps of float32, and more than 1e-6."""
    table = json.dumps({"x": {"file": "g.f32", "shape": []}})
    for kind, dtype, code in (("f32", "float64", 0), ("f64", "float32", 1)):
        np.array([6.0003], f"<f{int(kind[1:]) // 8}").tofile(tmp_path / f"g.{kind}")
        (tmp_path / "g.json").write_text(table.replace("f32", kind))
        line = f"check formula x^2 x=3 --dtype {dtype} --against {tmp_path}/g.json"
        assert gradcli(line).code == code


def test_a_file_of_one_array_is_of_one_parameter_or_told(gradcli: Gradcli, tmp_path: Path) -> None:
    """Of (x1 + 2 x2)^2 at 1, 1 they are 6 and 12."""
    line = f'check formula "sum(x*c)^2" x=1,1 c=1,2 --wrt {{}} --against {tmp_path}/{{}}'
    np.save(tmp_path / "any.npy", [6.0, 12.0])
    np.array([6.0, 12.0]).tofile(tmp_path / "any.f64")
    (tmp_path / "any.json").write_text("[6, 12]")
    (tmp_path / "rows.csv").write_text("6,12\n")
    (tmp_path / "column.csv").write_text("slope\n6\n12\n")
    (tmp_path / "column.txt.gz").write_bytes(gzip.compress(b"6\n12\n"))
    for name in ("any.npy", "any.f64", "any.json", "rows.csv", "column.csv", "column.txt.gz"):
        ran = gradcli(line.format("x", name))
        assert (ran.code, ran.err) == (0, ""), name
        assert f"matched: {name.partition('.')[0]} -> x\n" in ran.out
    both = gradcli(line.format("x,c", "any.npy"))
    told = "is one array, of 2 parameters: say whose it is, such as any=x"
    assert both.err == f"gradcli: error: --map: {tmp_path}/any.npy: {told}\n"
    answer = gradcli(line.format("x,c", "any.npy --map any=x --json")).json
    assert [v["verdict"] for v in answer["params"].values()] == ["pass", "fail"]
    np.save(tmp_path / "dx.npy", [6.0, 12.0])
    assert gradcli(line.format("x,c", "dx.npy --json")).json["matched"] == {"dx": "x"}
    (tmp_path / "both.csv").write_text("dx,dc\n6,6\n12,6\n")
    assert gradcli(line.format("x,c", "both.csv")).code == 0


def test_shapes_are_their_own_but_for_those_of_a_table(gradcli: Gradcli, tmp_path: Path) -> None:
    """A gradient of (n, 1) in place of (n,) is the mistake of a sum that kept its axis."""
    line = f'check formula "sum(x^2)" x=3,4 --against {tmp_path}/'
    for found, code in (([6, 8], 0), ([[6], [8]], 1), ([[6, 8]], 1), ([], 1), (6, 1)):
        (tmp_path / "g.json").write_text(json.dumps({"x": found}))
        assert gradcli(f"{line}g.json").code == code, found
        np.savez(tmp_path / "g.npz", x=np.array(found, np.int64))
        assert gradcli(f"{line}g.npz").code == code, found
    np.array([6.0, 8.0, 9.0]).tofile(tmp_path / "g.f64")
    assert "has shape 3, not 2" in gradcli(f"{line}g.f64").out
    np.array(RIGHT["w"], "<f4").tofile(tmp_path / "dw.f32")  # as a program in C writes it
    ran = gradcli(f"check {ONE} --wrt w --against {tmp_path}/dw.f32")
    assert (ran.code, ran.err) == (0, "")
    (tmp_path / "g.csv").write_text("6,8,9\n")
    assert "has shape 1x3, not 2" in gradcli(f"{line}g.csv").out
    scalar = f"check formula x^2 x=3 --against {tmp_path}/"
    (tmp_path / "g.csv").write_text("6\n")
    assert gradcli(f"{scalar}g.csv").code == 0
    np.savez(tmp_path / "g.npz", x=6.0)
    assert gradcli(f"{scalar}g.npz").code == 0
    np.savez(tmp_path / "g.npz", x=np.array([6.0]))
    assert "has shape 1, not scalar" in gradcli(f"{scalar}g.npz").out
    for number in ("nan", "-inf"):
        np.savez(tmp_path / "g.npz", x=np.float16(number))
        ran = gradcli(f"{scalar}g.npz")
        assert (ran.code, "1 entry is not finite" in ran.out) == (1, True)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("g.json", b'{"x": 1, "x": 2}', "holds 'x' twice"),
        ("g.json", b'{"a.b": 1, "a": {"b": 2}}', "holds 'a.b' twice"),
        ("g.json", b'{"x": {"file": "no.f32", "shape": [1]}}', "no.f32: No such file"),
        ("g.json", b'{"x": {"file": "a.f32", "shape": [2]}}', "x: a.f32 has 1 numbers, and it wo"),
        ("g.json", b'{"x": {"file": "a.f32", "shape": [-1]}}', "x: must have file, shape and"),
        ("g.json", b'{"x": {"file": "a.f32"}}', "x: must have file, shape and"),
        ("g.json", b'{"x": {"file": "a.f32", "shape": [1], "at": 0}}', "x: must have file, sha"),
        ("g.npz", b"", "is empty"),
        ("g.csv", b"quantity,name,row,column,value\ngrad,x,,0\n", "line 2 is no quantity,"),
        ("g.csv", b"quantity,name,row,column,value\ngrad,x,,-1,2\n", "line 2 is no quantity,"),
        ("g.csv", b"quantity,name,row,column,value\ngrad,x,,1,2\n", "grads.x: 1 numbers do not"),
        (
            "g.csv",
            b"quantity,name,row,column,value\ngrad,x,,,2\ngrad,x,,,3\n",
            "line 3: grad x has a number there already",
        ),
        (
            "g.csv",
            b"quantity,name,row,column,value\ngrad,x,,,2\ngrad,x,,0,3\n",
            "grads.x: 2 numbers do not fill an array",
        ),
    ],
)
def test_files_that_are_wrong(
    name: str, data: bytes, told: str, gradcli: Gradcli, tmp_path: Path
) -> None:
    (tmp_path / "a.f32").write_bytes(bytes(4))
    (tmp_path / name).write_bytes(data)
    ran = gradcli(f"check formula x^2 x=3 --against {tmp_path / name}")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"gradcli: error: {tmp_path / name}: {told}")
    assert ran.err.count("\n") == 1


def test_an_npz_may_not_hold_a_name_twice(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "g.npz", "w") as file:
        file.writestr("x.npy", npy(1.0))
        with pytest.warns(UserWarning, match="Duplicate name"):
            file.writestr("x.npy", npy(2.0))
    with pytest.raises(FileError, match="holds 'x' twice"):
        read_gradients(str(tmp_path / "g.npz"), "float64", {"x": np.ones(())})


def test_what_is_saved_as_a_table_comes_back(gradcli: Gradcli, tmp_path: Path) -> None:
    """Arrays of any number of axes, of a convention's names."""
    model = '--in 2,3,3 --layers "conv2d(2, 2, name=c), flatten, dense(1)" --convention torch'
    gradcli(f"mse {model} --save {tmp_path}/g.csv")
    gradcli(f"mse {model} --save {tmp_path}/g.safetensors")
    for name in ("g.csv", "g.safetensors"):
        ran = gradcli(f"check mse {model} --against {tmp_path / name}")
        assert (ran.code, ran.err, "matched" in ran.out) == (0, "", False), ran
        read = gradcli(f"mse {model} --params {tmp_path / name} --seed 1 --json")
        assert read.json["params"] == gradcli(f"mse {model} --json").json["params"]


def test_safetensors_are_written_as_they_are_read(gradcli: Gradcli, tmp_path: Path) -> None:
    """By the words of the format: a length, a header padded to eight bytes, the bytes."""
    gradcli(f"mse --x 1 --y 0 --w 3 --save {tmp_path}/g.safetensors")
    gradcli(f"mse --x 1 --y 0 --w 3 --save {tmp_path}/g.npz")
    data = (tmp_path / "g.safetensors").read_bytes()
    length = int.from_bytes(data[:8], "little")
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    assert length % 8 == 0
    assert header["grads.w"]["dtype"] == "F32"
    expected = np.load(tmp_path / "g.npz")
    assert list(header) == list(expected)
    start = 0
    for name, entry in header.items():
        assert entry["data_offsets"][0] == start
        start = entry["data_offsets"][1]
        found = np.frombuffer(body[entry["data_offsets"][0] : start], "<f4")
        assert found.reshape(entry["shape"]).tolist() == expected[name].tolist(), name
    assert start == len(body)
