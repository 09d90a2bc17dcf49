"""``gradcli program``: a program of any language under every verb."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Gradcli

HERE = Path(__file__).parent
CLIENT = f"{sys.executable} {HERE / 'client.py'}"
VALUES = ["x=0.3,-1.2", "w=0.5,2", "b=0.1,0.7"]


def written(tmp_path: Path, body: str) -> str:
    file = tmp_path / "mine.py"
    file.write_text(f"import json, sys\n{body}\n")
    return f"{sys.executable} {file}"


def test_value_and_gradients_of_a_program(gradcli: Gradcli) -> None:
    answer = gradcli("program", CLIENT, *VALUES, "--json").json
    h = np.tanh([0.5 * 0.3 + 0.1, 2 * -1.2 + 0.7])
    assert answer["value"] == pytest.approx(h.sum(), rel=1e-15)
    assert answer["grads"]["x"] == pytest.approx((1 - h * h) * [0.5, 2], rel=1e-14)
    assert answer["spec"]["program"] == CLIENT


@pytest.mark.parametrize("verb", [[], ["check"], ["descend"]])
def test_an_answer_is_repeated_where_code_is_allowed(verb: list[str], gradcli: Gradcli) -> None:
    more = ["--steps", "3"] if verb == ["descend"] else []
    ran = gradcli(*verb, "program", CLIENT, *VALUES, "--timeout", "9", *more, "--json")
    assert ran.code == 0
    again = gradcli("run", "-", "--allow-code", "--json", stdin=ran.out.encode())
    assert again.out == ran.out
    refused = gradcli("run", "-", stdin=ran.out.encode())
    assert refused.code == 2
    assert "--allow-code" in refused.err


def test_a_program_is_judged(gradcli: Gradcli, tmp_path: Path) -> None:
    wrong = (HERE / "client.py").read_text().replace("[d * xi for", "[2 * d * xi for")
    assert gradcli("check", "program", CLIENT, *VALUES).code == 0
    ran = gradcli("check", "program", written(tmp_path, wrong), *VALUES)
    assert ran.code == 1
    assert "w: 2 of 2 entries off: every entry is 2.000 times too large" in ran.out


SQUARES = """
for line in sys.stdin:
    x = json.loads(line)["inputs"]["x"]
    print(json.dumps({"value": sum(v * v for v in x)}), flush=True)
"""


def test_without_gradients_others_are_judged(gradcli: Gradcli, tmp_path: Path) -> None:
    command = written(tmp_path, SQUARES)
    plain = gradcli("program", command, "x=1,2")
    assert (plain.code, "gives no gradients" in plain.out + plain.err) == (0, True)
    ran = gradcli("check", "program", command, "x=1,2")
    assert ran.code == 2
    assert "gives no gradients" in ran.err
    assert gradcli("descend", "program", command, "x=1,2").code == 2
    for gradient, code in (("[2, 4]", 0), ("[2, 4.1]", 1), ("[0, 0]", 1)):
        given = f'{{"x": {gradient}}}'.encode()
        judged = gradcli("check", "program", command, "x=1,2", "--against", "-", stdin=given)
        assert judged.code == code


def test_a_gradient_by_no_input_is_told(gradcli: Gradcli, tmp_path: Path) -> None:
    odd = SQUARES.replace("for v in x)}", 'for v in x), "grads": {"dz": x}}')
    ran = gradcli("program", written(tmp_path, odd), "x=1,2")
    assert ran.code == 2
    assert "gives a gradient 'dz', which is by no input" in ran.err


@pytest.mark.parametrize("timeout", ["0", "-1", "x"])
def test_a_timeout_is_a_number_above_0(timeout: str, gradcli: Gradcli) -> None:
    ran = gradcli("program", CLIENT, *VALUES, f"--timeout={timeout}")
    assert ran.code == 2
    assert "--timeout: must be a number above 0" in ran.err


def test_what_hangs_is_one_line(gradcli: Gradcli, tmp_path: Path) -> None:
    command = written(tmp_path, "import time; print('no', file=sys.stderr, flush=True)\n"
                      "time.sleep(99)")  # fmt: skip
    ran = gradcli("check", "program", command, "x=1", "--timeout", "0.3")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == (
        f"gradcli: error: program '{command}' has not replied within 0.3 seconds; its stderr: no\n"
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_program_too(number: int, tmp_path: Path) -> None:
    slow = (
        "import os, time\nopen('pid', 'w').write(str(os.getpid()))\n"
        "import signal; signal.signal(15, signal.SIG_IGN)\n"
        "sys.stdin.readline(); open('asked', 'w')\nwhile True: time.sleep(9)"
    )
    command = [sys.executable, "-m", "gradcli", "check", "program", written(tmp_path, slow), "x=1"]
    env = {**os.environ, "PYTHONPATH": str(HERE.parent.parent)}
    process = subprocess.Popen(command, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True)
    for _ in range(500):
        if (tmp_path / "asked").exists():
            break
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 128 + number
    assert "Traceback" not in err
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_many_documents_may_name_programs(gradcli: Gradcli) -> None:
    document = json.dumps({"program": CLIENT, "values": {"x": [0.3], "w": [0.5], "b": [0.1]}})
    broken = json.dumps({"program": "./nothing-here", "values": {"x": [1.0]}})
    stream = "\n".join([document, broken, document]).encode()
    ran = gradcli("check", "run", "-", "--allow-code", "--json", stdin=stream)
    first, second, third = map(json.loads, ran.out.splitlines())
    assert (ran.code, first["verdict"], third["verdict"]) == (2, "pass", "pass")
    assert second["error"].endswith("cannot be started: ./nothing-here: no such file")
