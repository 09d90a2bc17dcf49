"""The course pages of the manual print what the notes print: each topic, and each number.

tests/test_readme.py runs the pages; here their printed numbers are held to those of the notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradcli.cli.help import page
from tests.conftest import GOLDEN
from tests.test_readme import NUMBER

PAGES = [page("tensorflow"), page("tensors")]
SECTIONS = dict(
    re.findall(r"^## ([^\n]*)\n(.*?)(?=^## |\Z)", "\n".join(PAGES), re.M | re.S)  # heading: text
)
TOPICS = {
    "MSE and its gradient": ["mse_sigmoid_3_2", "mse_sigmoid_3_2_first_run"],
    "Softmax and its gradient": [
        *("softmax_mse_2_rows", "softmax_mse_2_rows_solved", "softmax_mse_3_rows"),
        *("softmax_mse_3_rows_solved", "mse_softmax_4_3_tf_seed"),
    ],
    "Cross entropy": [
        *("categorical_crossentropy", "binary_crossentropy", "ce_probs_4_3_tf_seed"),
    ],
    "GradientTape: watch": ["square"],
    "Variable against watch": [],
    "One use, and persistence": ["product_rule"],
    "Chain rule": ["chain_rule"],
    "Higher derivatives": ["cube_second_order"],
    "Control flow": [],
    "Perceptron with a single output": ["mse_sigmoid_3_1_perceptron"],
    "Perceptron with several outputs": [
        *("mse_softmax_4_3_perceptron", "mse_softmax_4_3_perceptron_solved"),
    ],
    "Multi-layer perceptron": [],
    "Activations": ["sigmoid_gradient", "tanh", "relu", "leaky_relu"],
    "Vanishing gradient": [],
    "Entropy": ["entropy", "entropy_elementwise"],
    "Why equal probabilities have the largest entropy": [],
    "Top-k accuracy": ["topk_accuracy"],
    "Pad": ["pad"],
    "Tile": ["tile"],
    "Clip": ["clip"],
    "Clip by norm": ["clip_by_norm"],
    "Where": ["where"],
    "Gather_nd and boolean_mask": [],
    "Scatter_nd": ["scatter_nd_1d", "scatter_nd_rows"],
    "Meshgrid": ["meshgrid"],
    "Data sets": ["data_facts"],
    "Himmelblau": ["himmelblau"],
}
"""The topics in the order of the notes, and the cases whose numbers their commands print."""
NAMED = [
    *("MSE", "softmax", "cross entropy", "GradientTape", "watch", "persistent", "chain rule"),
    *("Jacobian", "from_logits", "once", "`if` and `while`", "one-hot", "leaky_relu", "tanh"),
    *("top-k accuracy", "clip_by_norm", "clip_by_value", "gather_nd", "boolean_mask", "shuffle"),
    *("map", "batch", "load", "three arguments", "120 x 120", "logits", "assign_sub", "seed=1"),
]
"""What else the notes call by name."""


def outputs(section: str) -> str:
    """What the commands of a section print, without the commands themselves."""
    blocks = re.findall(r"```(?:console|python)\n(.*?)```", section, re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return "\n".join([line for line in lines if not line.startswith(("$ ", ">>> ", "... "))])


def is_printed(numbers: Any, text: str, rtol: float, atol: float = 0.0) -> bool:
    """Whether ``text`` has ``numbers`` one after the other: in a row, or in a column of a table.

    They are as close as ``rtol`` and six printed digits allow.
    """
    wanted = np.ravel(numbers).astype(float)
    found = np.array([float(number) for number in NUMBER.findall(text)])
    allowed = atol + (rtol + 5e-6) * np.abs(wanted)
    for stride in range(1, 5):  # a table has its row's number, and columns between
        for first in range(len(found) - stride * (len(wanted) - 1)):
            part = found[first : first + stride * len(wanted) : stride]
            if np.all(np.abs(part - wanted) <= allowed):
                return True
    return False


def rows(expect: Any) -> Iterator[list[float]]:
    """The rows of every array that is expected; single numbers, and columns, are one row."""
    if isinstance(expect, dict):
        singles = [value for value in expect.values() if not isinstance(value, (dict, list))]
        if singles:
            yield singles
        for value in expect.values():
            if isinstance(value, (dict, list)):
                yield from rows(value)
    else:
        array = np.array(expect, float)
        yield from array.reshape(-1, array.size if array.shape[-1] == 1 else array.shape[-1])


FOUND = [
    *[(name, name, GOLDEN[name]["expect"]) for name in GOLDEN if "expect" in GOLDEN[name]],
    *[
        (name, f"{name} {i}", {key: case[key] for key in ("loss", "bits") if key in case})
        for name in GOLDEN
        for i, case in enumerate(GOLDEN[name].get("cases", []))
    ],
]
SECTION_OF = {name: topic for topic, names in TOPICS.items() for name in names}
ROWS_OF_THEIR_OWN = ("himmelblau", "data_facts")


@pytest.mark.parametrize(
    ("name", "expect"),
    [(name, expect) for name, _, expect in FOUND if name not in ROWS_OF_THEIR_OWN],
    ids=[label for name, label, _ in FOUND if name not in ROWS_OF_THEIR_OWN],
)
def test_every_number_of_the_notes_is_printed(name: str, expect: Any) -> None:
    case, text = GOLDEN[name], outputs(SECTIONS[SECTION_OF[name]])
    # The notes computed the exempt ones from values that had been rounded to float32.
    atol = 2e-7 if "exempt" in case else 0.0
    for row in rows(expect):
        assert is_printed(row, text, case.get("rtol", 0), atol), f"{row} is not printed"


def test_what_the_notes_say_of_data() -> None:
    """The files themselves are not here: what they hold is told, what is done with it printed."""
    facts = GOLDEN["data_facts"]["expect"]
    printed = ("cifar_batch", "cifar_labels", "one_after_map", "cifar10_test_first_one_hot")
    grid = facts["himmelblau_grid"]
    assert is_printed(grid, outputs(SECTIONS["Himmelblau"]), 0)
    for key in facts.keys() - {"himmelblau_grid"}:
        text = SECTIONS["Data sets"]
        shapes = facts[key] if key == "one_after_map" else [facts[key]]
        for shape in shapes:
            assert is_printed(shape, outputs(text) if key in printed else text, 0), key


def test_row_k_plus_1_is_step_k_of_the_notes() -> None:
    case = GOLDEN["himmelblau"]
    text = SECTIONS["Himmelblau"]
    assert "Row k + 1 here is the notes' step k" in text
    table = [line for line in outputs(text).splitlines() if re.match(r"│ +\d", line)]
    walk = {int(k): [float(n) for n in values] for k, *values in map(NUMBER.findall, table)}
    for row in case["expect"]["rows"]:
        assert walk[row["step"] + 1][:2] == pytest.approx(row["x"], rel=1e-5)
        assert walk[row["step"]][2] == pytest.approx(row["f"], rel=1e-5)
    for start in case["inputs"]["start"], *case["inputs"]["other_starts"]:
        assert f"--start {start[0]} {start[1]}" in text


def test_every_topic_is_there_in_the_order_of_the_notes() -> None:
    assert list(SECTIONS) == list(TOPICS)
    assert set(SECTION_OF) == set(GOLDEN)
    for name in NAMED:
        assert name.lower() in "\n".join(PAGES).lower(), name


def test_a_number_that_drifts_is_seen() -> None:
    text = outputs(SECTIONS["MSE and its gradient"])
    row = GOLDEN["mse_sigmoid_3_2"]["expect"]["grads"]["w"][0]
    assert is_printed(row, text, 2e-5)
    assert not is_printed([row[0] * 1.0001, row[1]], text, 2e-5)
    assert not is_printed(row[::-1], text, 2e-5)
