"""Programs as callees: the protocol, and what becomes of those that do not keep to it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from gradcli.code.program import Program
from gradcli.errors import GradcliError

HERE = Path(__file__).parent
X = {"x": np.array([0.3, -1.2]), "w": np.array([0.5, 2.0]), "b": np.array([0.1, 0.7])}

Hostile = Callable[[str], str]


@pytest.fixture
def hostile(tmp_path: Path) -> Hostile:
    """The command of a script of Python's; ``read`` takes a request, ``say`` writes a line."""

    def command(body: str) -> str:
        head = (
            "import os, sys, time\n"
            "read = sys.stdin.readline\n"
            "def say(text): print(text, flush=True)\n"
        )
        file = tmp_path / "mine.py"
        file.write_text(head + body)
        return f"{sys.executable} -S -E {file}"

    return command


@pytest.mark.parametrize("kind", ["py", "c"])
def test_the_clients_give_value_and_gradients(kind: str, request: pytest.FixtureRequest) -> None:
    """Those of sum(tanh(w x + b)), in closed form."""
    assert len((HERE / f"client.{kind}").read_text().splitlines()) < 40
    interpreted = f"{sys.executable} {HERE}/client.py"
    command = interpreted if kind == "py" else str(request.getfixturevalue("client"))
    program = Program(command, floating=list(X))
    h = np.tanh(X["w"] * X["x"] + X["b"])
    value, none = program(X, None)
    assert (float(value[0]), none) == (pytest.approx(h.sum(), rel=1e-15), None)
    [value], gradients = program(X, [np.array(2.0)])
    assert gradients is not None
    expected = {"x": (1 - h * h) * X["w"], "w": (1 - h * h) * X["x"], "b": 1 - h * h}
    for name, array in expected.items():
        np.testing.assert_allclose(gradients[name], 2 * array, rtol=1e-14)
    program.close()


def test_numbers_go_and_come_as_they_are(hostile: Hostile) -> None:
    """Also nan and infinity, and what C makes of them."""
    body = "import json\nfor line in sys.stdin: "
    program = Program(
        hostile(f"{body}say(json.dumps({{'value': json.loads(line)['inputs']['x']}}))")
    )
    for array in (
        np.random.default_rng(0).standard_normal((2, 3, 4)) * 1e-300,
        np.array([[0.1, -0.0], [np.nan, -np.inf]]),
        np.float32([0.1, 16777217.0]),
        np.arange(3),
        np.zeros((0,)),
    ):
        [value], _ = program({"x": array}, None)
        np.testing.assert_array_equal(value, array)
        assert np.array_equal(np.signbit(value), np.signbit(array))
    program.close()
    program = Program(hostile("say('{\"value\": [nan, -nan, inf, -INF, null, 1]}')\nread()"))
    [value], _ = program({}, None)
    np.testing.assert_array_equal(value, [np.nan, np.nan, np.inf, -np.inf, np.nan, 1])
    program.close()


def test_the_upstream_is_sent_where_the_value_is_an_array(hostile: Hostile) -> None:
    body = "import json\nfor line in sys.stdin: say(json.dumps({'value': 1, 'grads': {'u': "
    program = Program(hostile(f"{body}json.loads(line).get('upstream', -1)}}}}))"), floating=["u"])
    for upstream, sent in ((np.float64(3), -3), (np.array([[1.0, 2.0]]), [[1.0, 2.0]])):
        gradients = program({}, [upstream]).gradients
        assert gradients is not None
        assert gradients["u"].tolist() == sent
    program.close()


def test_large_arrays_go_both_ways(hostile: Hostile) -> None:
    """A program that writes while it reads does not stop for us, nor we for it."""
    body = "for line in sys.stdin:\n  a = line.index('[')\n  b = line.index(']')\n"
    body += "  sys.stderr.write(line)\n  say('{\"value\": ' + line[a:b + 1] + '}')"
    program = Program(hostile(body))
    x = np.random.default_rng(0).standard_normal(200_000)
    for _ in range(2):
        [value], _ = program({"x": x}, None)
        np.testing.assert_array_equal(value, x)
    program.close()


BAD = {
    "dies": ("read(); sys.exit('no weights')", "ended with exit code 1 before it replied; its "
             "stderr: no weights"),
    "dies later": ("read(); say('{\"value\": 1}'); read(); os._exit(3)",
                   "ended with exit code 3 after 1 reply"),
    "is killed": ("read(); os.kill(os.getpid(), 11)", "was killed by SIGSEGV before it replied"),
    "raises": ("read(); 1/0", "ZeroDivisionError: division by zero"),
    "ends at once": ("", "ended with exit code 0 before it replied"),
    "hangs": ("time.sleep(99)", "has not replied within 0.3 seconds"),
    "hangs in a line": ("sys.stdout.write('{'); sys.stdout.flush(); time.sleep(99)",
                        "has not replied within 0.3 seconds"),
    "a banner": ("say('Loading model...'); read(); say('{\"value\": 1}')", "more than one line"),
    "a banner alone": ("read(); say('Loading model...'); time.sleep(9)",
                       "replies with a line that is no JSON: 'Loading model...'"),
    "no JSON": ("read(); say('1.5 2.5')", "that is no JSON: '1.5 2.5'"),
    "bytes": ("read(); os.write(1, b'\\xff\\xfe\\n')", "that is no text in UTF-8"),
    "a number": ("read(); say('1.5')", "replies 1.5, not an object"),
    "no value": ("read(); say('{\"loss\": 1.5}')", "replies without a value: '{\"loss\": 1.5}'"),
    "text": ("read(); say('{\"value\": \"1.5\"}')", "value is not a list of numbers: '1.5'"),
    "truth": ("read(); say('{\"value\": true}')", "value is no number: True"),
    "ragged": ("read(); say('{\"value\": [[1, 2], [3]]}')", "lists of one length"),
    "deep": ("read(); say('[' * 100000)", "no JSON"),
    "two lines": ("read(); say('{\"value\": 1}\\n{\"value\": 2}')",
                  "replied with more than one line; behind the reply: '{\"value\": 2}'"),
    "a late line": ("v = '{\"value\": 1}'; read(); say(v); read(); say(v); time.sleep(0.05)\n"
                    "say(v); read(); time.sleep(9)", "more than one line"),
    "pretty": ("read(); say('{\\n\"value\": 1\\n}')", "more than one line"),
    "complains": ("read(); say('{\"error\": \"x must be (2, 3)\"}')", "says: x must be (2, 3)"),
    "floods": ("while True: os.write(1, b'\\0' * 65536)", "without the end of a line"),
    "lines for ever": ("while True: say('y')", "more than one line"),
    "closes stdin": ("os.close(0); time.sleep(9)", "has closed its standard input"),
    "closes stdout": ("os.close(1); time.sleep(9)", "has closed its standard output"),
    "odd grads": ("read(); say('{\"value\": 1, \"grads\": [1]}')", "no object by name, but [1]"),
    "ragged grads": ("read(); say('{\"value\": 1, \"grads\": {\"x\": [1, [2]]}}')",
                     "grads: x is not a list of numbers"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_what_breaks_the_protocol_is_told(
    kind: str, hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    body, told = BAD[kind]
    monkeypatch.setattr("gradcli.code.process.MOST", 2**21)
    monkeypatch.setattr("gradcli.code.process._GRACE", 0.1)
    program = Program(hostile(body), timeout=0.3 if "hangs" in kind else 20)
    # Too long for a pipe: somebody must read it.
    x = np.zeros(40_000 if kind == "closes stdin" else 2)
    with pytest.raises(GradcliError) as error:  # noqa: PT012
        for _ in range(3):
            program({"x": x}, [np.array(1.0)])
            time.sleep(0.1 if kind == "a late line" else 0.0)
    assert told in str(error.value)
    assert "mine.py' " in str(error.value)
    assert "\n" not in str(error.value)
    assert program.process._running is None


STARTS = [
    ("", "is empty"),
    ("'mine", "no closing quotation"),
    ("no-such-program-here --x", "no-such-program-here: no program of that name"),
    ("./missing", "./missing: no such file"),
    ("./plain.txt", "./plain.txt is not executable"),
    ("plain.txt", "did you mean ./plain.txt?"),
    ("./odd", "./odd: Exec format error"),
    ("./a\0b", "embedded null byte"),
]


@pytest.mark.parametrize(("command", "told"), STARTS)
def test_what_cannot_be_started_is_told(
    command: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plain.txt").write_text("1,2\n")
    Path("odd").write_text("no script\n")
    Path("odd").chmod(0o755)
    with pytest.raises(GradcliError, match=r"^program") as error:
        Program(command)({"x": np.zeros(2)}, None)
    assert told in str(error.value)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize(
    "stays",
    [
        "",  # it ends with its input
        "time.sleep(99)",
        "import signal; signal.signal(15, signal.SIG_IGN)\nwhile True: time.sleep(9)",
    ],
)
def test_nothing_is_left_behind(
    stays: str, hostile: Hostile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the process nor what it has started itself, whatever they do with signals."""
    monkeypatch.setattr("gradcli.code.process._GRACE", 0.1)
    body = "import subprocess\nchild = subprocess.Popen(['sleep', '99'])\nread()\n"
    body += f"say('{{\"value\": [%d, %d]}}' % (os.getpid(), child.pid))\nread()\n{stays}"
    program = Program(hostile(body))
    pids = [int(n) for n in program({}, None).outputs[0]]
    assert all(map(alive, pids))
    program.close()
    assert not alive(pids[0])
    for _ in range(50):  # whoever inherits it must see that it has ended
        if not alive(pids[1]) or "Z" in _state(pids[1]):
            return
        time.sleep(0.02)
    pytest.fail("its child goes on")


def _state(pid: int) -> str:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return done.stdout


def test_a_process_is_started_once_and_again_after_it_was_ended(hostile: Hostile) -> None:
    program = Program(hostile("for n, _ in enumerate(sys.stdin): say('{\"value\": %d}' % n)"))
    assert [float(program({}, None).outputs[0]) for _ in range(3)] == [0, 1, 2]
    program.close()
    assert float(program({}, None).outputs[0]) == 0
    program.close()


def test_its_stderr_may_be_of_any_length(hostile: Hostile) -> None:
    body = "while read():\n  sys.stderr.write('x' * 99 + '\\n') if 0 else None\n"
    body += "  [sys.stderr.write('x' * 99 + '\\n') for _ in range(3000)]\n  say('{\"value\": 1}')"
    program = Program(hostile(body))
    for _ in range(3):
        assert float(program({}, None).outputs[0]) == 1
    program.close()


@pytest.mark.parametrize("name", ["client.py", "client.c"])
def test_the_page_has_the_clients_as_they_are(name: str) -> None:
    page = (HERE.parent.parent / "gradcli" / "help" / "program.md").read_text()
    kind = {"py": "python", "c": "c"}[name.partition(".")[2]]
    assert f"```{kind}\n{(HERE / name).read_text()}```" in page
    [request, reply] = re.findall(r"^    (\{.*\})$", page, re.M)[:2]
    client = [sys.executable, str(HERE / "client.py")]
    done = subprocess.run(client, input=request, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    found["grads"] = {name.removeprefix("d"): g for name, g in found["grads"].items()}
    assert found == json.loads(reply)


def test_what_changes_is_sent_and_nothing_else(hostile: Hostile) -> None:
    """A few numbers or all of them, to and fro, in any shape, -0.0 and nan included."""
    body = "import json\nfor line in sys.stdin: "
    program = Program(
        hostile(f"{body}say(json.dumps({{'value': json.loads(line)['inputs']['x']}}))")
    )
    rng = np.random.default_rng(0)
    for shape in ((7,), (3, 1, 4), ()):
        x = rng.standard_normal(shape)
        for some in (0.1, 0.1, 0.9, 0.0, 0.3):
            chosen = rng.random(shape) < some
            x = np.where(chosen, rng.choice([-0.0, 0.0, np.nan, 1e300, -np.inf, 0.1], shape), x)
            [value], _ = program({"x": x}, None)
            assert np.array_equal(value, x, equal_nan=True)
            assert np.array_equal(np.signbit(value[~np.isnan(x)]), np.signbit(x[~np.isnan(x)]))
    program.close()
