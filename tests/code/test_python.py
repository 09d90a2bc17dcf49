"""``gradcli python FILE.py:NAME``: functions of every kind, under every verb."""

from __future__ import annotations

import json
import random
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradcli.cli.main import cli
from gradcli.code.gradients import by_name
from gradcli.errors import GradcliError, SpecError
from gradcli.inputs.bindings import settings_among
from gradcli.problems import problem_from
from tests.conftest import Gradcli

SOURCE = """
import math
import numpy as np

def plain(x, w):
    return np.sum(np.tanh(x @ w))

def of_dict(params, scale=1.0):
    return scale * np.sum(params["a"] * params["b"])

def logistic(x):
    return math.log(x), 1 / x

def softmax_loss(x, y):
    shifted = x - x.max(axis=1, keepdims=True)
    p = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    rows = np.arange(len(x))
    dx = p.copy()
    dx[rows, y] -= 1
    return -np.log(p[rows, y]).mean(), dx / len(x)

def loss_of_dict(params, reg=0.5):
    total = sum(np.sum(v**2) for v in params.values())
    return reg * total, {"d" + k: 2 * reg * v for k, v in params.items()}

def affine(x, w, b):
    return x @ w + b, (x, w)

def affine_backward(dout, cache):
    x, w = cache
    return dout @ w.T, x.T @ dout, dout.sum(axis=0)

def affine_wrong(dout, cache):
    x, w = cache
    return dout @ w.T, -x.T @ dout, dout.sum(axis=0)

def affine_by_name(dout, cache):
    x, w = cache
    return {"grad_b": dout.sum(axis=0), "dW": x.T @ dout, "dx": None}

def relu(x):
    return np.maximum(x, 0), x

def relu_backward(dout, x):
    dout[x <= 0] = 0
    return dout

def step(x, h, c):
    c2 = c * np.tanh(x)
    return h + c2, c2, (x, c)

def step_backward(dnext_h, dnext_c, cache):
    x, c = cache
    dc2 = dnext_h + dnext_c
    return dc2 * c * (1 - np.tanh(x) ** 2), dnext_h, dc2 * np.tanh(x)

def step_backward_together(douts, cache):
    return step_backward(*douts, cache)

def scaled(x, scale_param):
    scale_param["calls"] = scale_param.get("calls", 0) + 1
    return x * scale_param["factors"] * scale_param["calls"], scale_param

def scaled_backward(dout, cache):
    return dout * cache["factors"] * cache["calls"]

def in_place(x):
    out = np.zeros_like(x)
    out[0] = x[0] ** 2
    return out.sum()

def two_names(x):
    y = x
    y += 1
    return np.sum(x * y)

def old(x):
    return np.sum(x.astype(np.float)), np.ones_like(x)

def broken(x):
    return {}["k"]

def leaves(x):
    raise SystemExit(3)

def talks(x):
    print("from the function")
    return np.sum(x), np.ones_like(x)

def noisy(x):
    return np.sum(x) + np.random.rand(), np.ones_like(x)

def squash(x):
    out = np.tanh(x)
    return out, out

def squash_backward(dout, out):
    out *= out
    return dout * (1 - out)

def guarded(x):
    if x <= 0:
        raise ValueError("x is a length")
    return np.log(x)

def guarded_pair(x):
    assert x > 0
    return np.log(x), x

def guarded_backward(dout, x):
    return dout / x
"""


@pytest.fixture
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mine.py"
    path.write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    return path


AFFINE = "mine.py:affine x=normal(2,3) w=normal(3,2) b=normal(2)"
STEP = "mine.py:step x=0.5,1 h=1,2 c=2,3"
GOOD = [
    "mine.py:plain x=normal(2,3) w=normal(3,2)",
    "mine.py:of_dict a=1,2 b=3,4 scale:=2",
    "mine.py:softmax_loss x=normal(3,4) y:=[0,3,1]",
    "mine.py:loss_of_dict W1=1,2 b1=3 reg:=0.25",
    f"{AFFINE} --backward affine_backward",
    f"{AFFINE} --backward mine.py:affine_backward",
    f"{AFFINE} --backward affine_by_name",
    "mine.py:relu x=-1,2,0.5 --backward relu_backward",
    "mine.py:squash x=-1,0.5 --backward squash_backward",
    "mine.py:logistic x=1e-7",
    f"{STEP} --backward step_backward",
    f"{STEP} --backward step_backward_together",
    """mine.py:scaled x=1,2 'scale_param:={"factors": [2, 3.5]}' --backward scaled_backward""",
]


@pytest.mark.parametrize("command", GOOD)
def test_right_ones_pass_and_their_documents_repeat(
    command: str, mine: Path, gradcli: Gradcli
) -> None:
    first = gradcli("check", "python", *shlex.split(command), "--json")
    assert (first.code, first.json["verdict"]) == (0, "pass")
    again = gradcli("run", "-", "--allow-code", "--json", stdin=first.out.encode())
    assert again.out == first.out


@pytest.mark.parametrize("name", ["guarded", "guarded_pair --backward guarded_backward"])
def test_where_code_refuses_a_number_it_has_no_value(
    name: str, mine: Path, gradcli: Gradcli
) -> None:
    """A step beside 1e-6 leaves the domain of log, which the code looks after itself."""
    ran = gradcli(f"check python {mine}:{name} x=1e-6 --json")
    assert ran.code == 0
    upstream = ran.json["spec"].get("upstream", 1.0)
    assert ran.json["params"]["x"]["numeric"] == pytest.approx(1e6 * upstream, rel=1e-6)
    ran = gradcli(f"check python {mine}:{name} x=-1")
    assert (ran.code, ran.out) == (2, "")


def test_a_wrong_one_fails_with_its_cause(mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli(f"check python {AFFINE} --backward affine_wrong --json")
    assert ran.code == 1
    found = ran.json["params"]
    assert {n: v["verdict"] for n, v in found.items()} == {"x": "pass", "w": "fail", "b": "pass"}
    assert found["w"]["cause"] == "sign flipped"


def test_a_missing_mean_over_the_rows_is_told(mine: Path, gradcli: Gradcli) -> None:
    mine.write_text(SOURCE.replace("dx / len(x)", "dx"))
    ran = gradcli("check python mine.py:softmax_loss x=normal(3,4) y:=[0,3,1] --json")
    assert ran.json["params"]["x"]["cause"] == (
        "every entry is 3.000 times too large; 1/N missing: N = 3 is the batch size"
    )


def test_no_higher_order_of_what_has_gradients_of_its_own(mine: Path, gradcli: Gradcli) -> None:
    for more in ("--order 2", "--jacobian"):
        ran = gradcli(f"python {AFFINE} --backward affine_backward {more}")
        assert ran.code == 2
        assert "has gradients of its own, of the first order" in ran.err
    for more in ("--trace", "--graph g.dot"):
        ran = gradcli(f"python {AFFINE} --backward affine_backward {more}")
        assert (ran.code, ran.out) == (2, "")


def test_values_and_gradients(mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli("python mine.py:of_dict a=1,2 b=3,4 --json --trace")
    assert ran.json["value"] == 11.0
    assert ran.json["grads"] == {"a": [3.0, 4.0], "b": [1.0, 2.0]}
    assert [row["op"] for row in ran.json["trace"] if "op" in row] == [
        "multiply",
        "sum",
        "multiply",
    ]
    ran = gradcli("python mine.py:logistic x=2 --json")
    assert (ran.json["value"], ran.json["grads"]) == (0.6931471805599453, {"x": 0.5})


def test_several_outputs_have_upstreams_of_their_own(mine: Path, gradcli: Gradcli) -> None:
    given = "--backward step_backward --upstream 1,0 upstream_next_c=0,1 --json"
    ran = gradcli(f"python mine.py:step x=0,0 h=1,2 c=2,3 {given}")
    assert ran.json["value"] == [1.0, 2.0]
    assert ran.json["next_c"] == [0.0, 0.0]
    assert ran.json["grads"] == {"x": [2.0, 3.0], "h": [1.0, 0.0], "c": [0.0, 0.0]}
    assert ran.json["upstream_next_c"] == [0.0, 1.0]


def test_descent_goes_by_their_gradients(mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli("descend python mine.py:loss_of_dict a=1,-2 --lr 0.5 --steps 3 --json")
    assert ran.code == 0
    assert ran.json["end"]["a"] == [0.125, -0.25]  # halved each time: 2 reg lr = 1/2


WRONG = {
    "mine.py:plain x=1": "mine.py:plain(x, w) needs w as well: give w=VALUE, or w:=JSON",
    "mine.py:plain x=1 W=2": "mine.py:plain(x, w) has no parameter 'W'; did you mean 'w'?",
    "mine.py:talks X=1": "mine.py:talks(x) has no parameter 'X'; did you mean 'x'?",
    "mine.py:plane x=1": "mine.py: there is no 'plane' there; did you mean 'plain'?",
    "mine.py x=1": "'mine.py' names no function of a file, such as mine.py:plain",
    "none.py:f x=1": "none.py: No such file or directory",
    "mine.py:math x=1": "mine.py: math is no function",
    "mine.py:broken x=1": "mine.py:81: KeyError: 'k'",
    "mine.py:leaves x=1": "mine.py:84: it ends the program, by exit(3)",
    "mine.py:logistic x=-1": "mine.py:12: ValueError: math domain error",
    "mine.py:affine x=1,2 w=1;2 b=0": "--backward: is needed: mine.py:affine gives 2 things, which "
    "are not (loss, grads)",
    "mine.py:plain x=1,2 w=1,2 --backward affine_backward": "mine.py:plain gives a float64, not "
    "(out, cache), as its backward pass needs",
    "mine.py:softmax_loss x=1,2;3,4 y=0,1": "mine.py:19: IndexError: arrays used as indices must "
    "be of integer (or boolean) type; whole numbers are given by :=, as in y:=[0,1]",
    "mine.py:in_place x=1,2": "mine.py:69: a Tensor is not written into: use where() or "
    "concatenate(); or name its backward pass, key backward",
    "mine.py:relu x=1,2 y:=3": "mine.py:relu(x) has no parameter 'y'",
    "mine.py:softmax_loss x=1,2;3,4 y:=[0": "y: '[0' is no JSON (Expecting ',' delimiter: line 1 "
    "column 3 (char 2))",
    f"{STEP} --backward step_backward upstream_h=1": "there is no 'upstream_h' here, but upstream "
    "and upstream_next_c",
    f"{STEP} --backward affine_backward x=1": "x is given twice",
    f"{STEP} --backward relu_backward --wrt z": "--wrt: there is no array 'z' here",
}


@pytest.mark.parametrize("command", WRONG)
def test_what_is_wrong_is_told_in_a_line(command: str, mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli(f"check python {command}")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"gradcli: error: {WRONG[command]}\n"


def test_what_numpy_has_no_more_is_told(mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli("python mine.py:old x=1,2")
    assert ran.code == 2
    assert "mine.py:78: AttributeError: module 'numpy' has no attribute 'float'. " in ran.err
    assert "use `float` by itself" in ran.err


def test_two_names_of_one_array_are_refused(mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli("python mine.py:two_names x=1,2")
    assert ran.code == 2
    assert "has another value where the engine follows it" in ran.err


def test_prints_go_to_stderr_once(mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli("check python mine.py:talks x=1,2 --json")
    assert ran.json["verdict"] == "pass"
    assert ran.err.count("from the function") <= 1


def test_writes_to_an_upstream_are_told(mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli("check python mine.py:relu x=-1,2 --backward relu_backward")
    assert ran.code == 0
    assert "warning: mine.py:relu writes to the upstream gradient" in ran.err


def test_noise_gets_no_verdict(mine: Path, gradcli: Gradcli) -> None:
    ran = gradcli("check python mine.py:noisy x=1,2")
    assert ran.code == 3
    assert "fix its seed" in ran.out


def test_no_specification_runs_code_by_itself(mine: Path, gradcli: Gradcli) -> None:
    spec = {"python": "mine.py:plain", "values": {"x": [1.0, 2.0], "w": [1.0, 2.0]}}
    mine.with_name("spec.json").write_text(json.dumps(spec))
    for words in ("run spec.json", "check run spec.json", "descend run spec.json"):
        ran = gradcli(words)
        assert ran.code == 2
        assert "--allow-code" in ran.err
    assert gradcli("check run spec.json --allow-code").code == 0
    with pytest.raises(SpecError, match="is code"):
        problem_from(spec)
    assert problem_from(spec, allow_code=True).title.startswith("mine.py:plain(")


SWALLOWS = """
import os, signal
once = [signal.{signal}]
def f(x):
    try:
        while once:
            os.kill(os.getpid(), once.pop())
    except BaseException:
        pass
    return {value}
"""


@pytest.mark.parametrize("value", ["(x * x).sum()", "undefined"])
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_code_cannot_swallow_a_signal(name: str, code: int, value: str, tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text(SWALLOWS.format(signal=name, value=value))
    command = [sys.executable, "-m", "gradcli", "python", "f.py:f", "x=1,2"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (code, b"")


ODD = [
    "class E(BaseException): pass\ndef f(x): raise E('no')",
    "class E(BaseException): pass\nraise E('no')",
    "class E(Exception):\n    def __str__(self): raise self\ndef f(x): raise E()",
    "def __getattr__(name): raise RuntimeError(name)",
    "def f(x):\n    raise GeneratorExit",
    "def f(x):\n    y = []\n    y.append(y)\n    return 1.0, y",
    "def f(x): return 1.0, [[1, 2], [[3]]]",
]


@pytest.mark.parametrize("source", ODD)
def test_no_code_looks_like_a_bug_of_ours(source: str, tmp_path: Path, gradcli: Gradcli) -> None:
    (tmp_path / "odd.py").write_text(source)
    result = gradcli("check", "python", f"{tmp_path}/odd.py:f", "x=1,2")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("gradcli: error: ")
    assert result.err.count("\n") == 1
    assert "odd.py" in result.err or "--wrt" in result.err


def test_a_name_with_dots_is_a_file_like_any(tmp_path: Path, gradcli: Gradcli) -> None:
    (tmp_path / "v1.2.py").write_text("def f(x): return (x * x).sum()")
    assert gradcli("check", "python", f"{tmp_path}/v1.2.py:f", "x=1,2").code == 0


def test_a_plain_function_that_draws_gets_no_verdict(tmp_path: Path, gradcli: Gradcli) -> None:
    source = "import numpy as np\ndef f(x): return (x * x).sum() + np.random.rand()"
    (tmp_path / "draws.py").write_text(source)
    result = gradcli("check", "python", f"{tmp_path}/draws.py:f", "x=1,2")
    assert result.code == 3
    assert "fix its seed" in result.err


def test_two_people_may_have_modules_of_one_name(tmp_path: Path, gradcli: Gradcli) -> None:
    documents = []
    for factor in (2, 3):
        package = tmp_path / f"person{factor}" / "pack"
        package.mkdir(parents=True)
        package.joinpath("basic.py").write_text(f"def f(x):\n    return {factor} * x\n")
        package.joinpath("deep.py").write_text(
            "from .basic import *\ndef g(x):\n    from pack import basic\n"
            "    return f(x) * basic.f(x)\n"
        )
        documents.append(f'{{"python": "{package}/deep.py:g", "values": {{"x": 1.0}}}}')
    stream = "\n".join([*documents, *documents]).encode()
    ran = gradcli("run", "-", "--allow-code", "--json", stdin=stream)
    values = [json.loads(line)["value"] for line in ran.out.splitlines()]
    assert values == [4.0, 9.0, 4.0, 9.0]


def test_a_neighbour_is_imported_and_a_library_is_not_shadowed(
    tmp_path: Path, gradcli: Gradcli
) -> None:
    tmp_path.joinpath("helper.py").write_text("factor = 7")
    tmp_path.joinpath("json.py").write_text("raise ValueError('shadow')")
    tmp_path.joinpath("random.py").write_text(
        "from helper import factor\ndef f(x): return factor*x"
    )
    ran = gradcli("python", f"{tmp_path}/random.py:f", "x=2", "--json")
    assert ran.json["grads"] == {"x": 7.0}
    assert sys.modules["random"] is random


def test_a_file_that_python_cannot_read_is_told(tmp_path: Path, gradcli: Gradcli) -> None:
    path = tmp_path / "two.py"
    path.write_text("def f(x):\n    print x\n")
    ran = gradcli("python", f"{path}:f", "x=2")
    assert ran.err.startswith(f"gradcli: error: {path}:2: SyntaxError: Missing parentheses")
    path.write_text("import nonesuch\n")
    ran = gradcli("python", f"{path}:f", "x=2")
    assert f"{path}:1: ModuleNotFoundError: No module named 'nonesuch'" in ran.err


def test_help_does_not_run_the_file(tmp_path: Path, gradcli: Gradcli) -> None:
    path = tmp_path / "loud.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    assert gradcli("python", f"{path}:f", "--help").code == 0
    command = cli.get_command(None, "python")  # type: ignore[arg-type]
    assert command is not None
    assert not (tmp_path / "ran").exists()


def test_gradients_are_matched_in_order_or_by_name() -> None:
    one, two = np.ones(2), np.zeros(3)
    assert list(by_name((one, two), "f", ["x", "w"], [])) == ["x", "w"]
    assert list(by_name((one, None), "f", ["x", "w"], [])) == ["x"]
    assert list(by_name({"dW": two, "grad_x": one}, "f", ["x", "W"], [])) == ["W", "x"]
    assert list(by_name(one, "f", ["x", "w"], ["w"])) == ["w"]
    assert by_name([1.0, 2.0], "f", ["x"], [])["x"].tolist() == [1.0, 2.0]
    for returned in ((one,), (one, two, one), {"dz": one}):
        with pytest.raises(GradcliError):
            by_name(returned, "f", ["x", "w"], [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(JSON)
def test_settings_are_what_json_writes(value: object) -> None:
    values, settings = settings_among(["x=1,2", f"y:={json.dumps(value)}"])
    assert (values, settings) == ({"x": "1,2"}, {"y": value})
