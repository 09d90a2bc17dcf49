"""The engine's face: what a type checker, ``dir`` and ``help`` know of it is what there is."""

from __future__ import annotations

import pydoc
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import gradcli.engine as engine
from gradcli.engine import REGISTRY, Op, ops, softmax

ROOT = Path(__file__).parents[2]

USES = """
from gradcli.engine import softmax, stack, tanh, tensor, top_k
reveal_type(softmax)
reveal_type(softmax(tensor([1.0]), axis=0))
reveal_type(tanh(1.0))
reveal_type(stack([1.0, 2.0], axis=0))
reveal_type(top_k([1.0]).values)
from gradcli.engine import tahn
softmax([1.0], axes=0)
tanh(1.0, 2.0)
"""


def public() -> set[str]:
    """The names in the families' files that are no ops: the engine has none of them."""
    families = [module for module in vars(ops).values() if isinstance(module, ModuleType)]
    names = {name for family in families for name in vars(family) if not name.startswith("_")}
    return {name for name in names if not hasattr(engine, name)}


def test_a_type_checker_knows_every_name_and_no_other(tmp_path: Path) -> None:
    names = sorted(set(dir(engine)))
    absent = sorted(public())
    assert "kept" in absent
    text = [*USES.splitlines(), *[f"from gradcli.engine import {name} as _" for name in absent]]
    first = len(text) + 1
    text += [f"from gradcli.engine import {name} as {name}_" for name in names]
    snippet = tmp_path / "uses.py"
    snippet.write_text("\n".join(text))
    mypy = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-error-summary", str(snippet)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    found = [line.partition("uses.py:")[2] for line in mypy.stdout.splitlines()]
    revealed = [line for line in found if "Revealed type" in line]
    outcome = '"gradcli.engine.tensor.Tensor | Any"'
    assert [line.partition("is ")[2] for line in revealed] == [
        '"gradcli.engine.op.Declared[[x: Any, axis: int =], gradcli.engine.tensor.Tensor | Any]"',
        *[outcome] * 4,
    ]
    errors = [line for line in found if ": error: " in line]
    for words, line in zip(("tahn", '"axes"', "Too many arguments"), errors):
        assert words in line
    assert sorted(line.partition("attribute ")[2].split('"')[1] for line in errors[3:]) == absent
    assert all(int(line.partition(":")[0]) < first for line in errors)


def test_dir_and_all_are_complete() -> None:
    assert set(engine.__all__) == set(dir(engine))
    for name in engine.__all__:
        assert getattr(engine, name) is not None
    assert {*REGISTRY, *REGISTRY.spellings, "GradientTape", "grad", "Program"} <= {*dir(engine)}


def test_help_shows_the_signature_and_what_an_op_gives() -> None:
    assert isinstance(softmax, Op)
    shown = pydoc.plain(pydoc.render_doc(softmax))
    assert "softmax(x: 'Array', axis: 'int' = -1) -> 'Outcome'" in shown
    assert "positive entries that sum to 1 along ``axis``" in shown
