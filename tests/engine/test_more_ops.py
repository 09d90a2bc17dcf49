"""einsum, linear algebra and windows: torch's numbers, closed forms, and what is refused.

more_ops_reference.json holds what torch 2.13 prints in float64: each entry the call, its inputs,
the value, and the gradients of sum(value * weights).
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import REGISTRY, GradientTape, Program, Tensor, grad, hessian, tensor
from gradcli.errors import GradcliError, OpError

REFERENCE = json.loads(Path(__file__).with_name("more_ops_reference.json").read_text())


def pick(*names: str) -> list[Any]:
    entries = [entry for entry in REFERENCE["ops"] if entry["name"] in names]
    return [pytest.param(entry, id=entry["numpy"] or entry["torch"]) for entry in entries]


def agrees(entry: dict[str, Any], function: Callable[..., Any], symmetric: bool = False) -> None:
    """``function`` of the entry's inputs has torch's value and gradients."""
    inputs = {name: tensor(value, dtype=np.float64) for name, value in entry["inputs"].items()}
    with GradientTape() as tape:
        tape.watch(inputs)
        value = function(**inputs)
    np.testing.assert_allclose(value.numpy(), entry["value"], 1e-11, 1e-12)
    grads = tape.gradient(value, inputs, output_gradients=np.array(entry["weights"]))
    for name, expected in entry["gradients"].items():
        found = grads[name].numpy()
        found = (found + found.mT) / 2 if symmetric else found
        np.testing.assert_allclose(found, expected, 1e-9, 1e-11)


@pytest.mark.parametrize("entry", pick("einsum", "solve", "inv", "det", "slogdet", "windows"))
def test_numpy_spellings_have_the_gradients_of_torch(entry: dict[str, Any]) -> None:
    agrees(entry, lambda **inputs: eval(entry["numpy"], {"np": np}, inputs))


@pytest.mark.parametrize("entry", pick("cholesky"))
def test_choleskys_gradient_along_symmetric_directions_is_torchs(entry: dict[str, Any]) -> None:
    agrees(entry, lambda x: np.linalg.cholesky(x), symmetric=True)


# --- einsum -----------------------------------------------------------------------------------


def test_einsum_is_one_op_called_as_numpys() -> None:
    x = np.arange(6.0).reshape(2, 3)
    assert REGISTRY["einsum"] is engine.einsum
    assert list(inspect.signature(engine.einsum).parameters) == ["subscripts", "operands"]
    assert engine.einsum.signature == "einsum(subscripts, *operands)"
    np.testing.assert_array_equal(engine.einsum("ij->ji", x), x.T)
    np.testing.assert_array_equal(engine.einsum(" i j , j ", x, [1, 0, 2]), x @ [1, 0, 2])
    gradient = grad(lambda t: engine.einsum(" i j , j -> ", t, [1, 0, 2]))(x)
    assert gradient.tolist() == [[1, 0, 2], [1, 0, 2]]


@pytest.mark.parametrize(
    ("subscripts", "shapes", "shape"),
    [
        ("ba", [(2, 3)], (3, 2)),  # without -> the labels in order of the alphabet,
        ("bA", [(2, 3)], (3, 2)),  # capitals first
        ("ii", [(3, 3)], ()),
        ("b...a", [(2, 4, 3)], (4, 3, 2)),  # the axes of an ellipsis before the others
        ("...i,...i", [(2, 4, 3), (4, 1)], (2, 4)),
        ("...ij->...", [(2, 3)], ()),
        ("i,...->...i", [(3,), (2, 4)], (2, 4, 3)),
        (",i", [(), (3,)], (3,)),
    ],
)
def test_implicit_outcomes_and_ellipses(
    subscripts: str, shapes: list[tuple[int, ...]], shape: tuple[int, ...]
) -> None:
    arrays = [tensor(np.ones(s)) for s in shapes]
    with GradientTape() as tape:
        tape.watch(arrays)
        value = engine.einsum(subscripts, *arrays)
    assert value.shape == shape
    # The value is linear in each array: with all ones, a gradient's entries sum to the value's.
    for gradient, array in zip(tape.gradient(value, arrays), arrays):
        assert gradient.shape == array.shape
        assert gradient.numpy().sum() == pytest.approx(value.numpy().sum())


def test_a_length_of_one_is_repeated_and_its_cotangents_are_added() -> None:
    a, b = tensor([1.0, 2.0, 4.0]), tensor([3.0])
    with GradientTape() as tape:
        tape.watch([a, b])
        value = engine.einsum("i,i->", a, b)
    ga, gb = tape.gradient(value, [a, b])
    assert value.item() == 21
    assert ga.tolist() == [3, 3, 3]
    assert gb.tolist() == [7]


def test_a_diagonal_of_one_entry_is_repeated_too() -> None:
    a, b = tensor([[2.0]]), tensor([1.0, 2.0, 3.0])
    with GradientTape() as tape:
        tape.watch([a, b])
        value = engine.einsum("ii,i->", a, b)
    ga, gb = tape.gradient(value, [a, b])
    assert value.item() == 12
    assert ga.tolist() == [[6]]
    assert gb.tolist() == [2, 2, 2]


def equation(rng: np.random.Generator) -> tuple[str, list[tuple[int, ...]]]:
    """Random subscripts of up to three operands, and shapes for them, some lengths 1."""
    lengths = {letter: int(rng.integers(1, 4)) for letter in "abcdAB"}
    dots, with_dots = rng.integers(1, 4, 2).tolist(), rng.random() < 0.5
    parts, shapes = [], []
    for _ in range(rng.integers(1, 4)):
        letters = rng.choice(list(lengths), rng.integers(0, 4)).tolist()
        stretched = letters[0] if letters and rng.random() < 0.3 else None
        shape = [1 if letter == stretched else lengths[letter] for letter in letters]
        if with_dots:
            place, count = rng.integers(0, len(letters) + 1), rng.integers(0, 3)
            letters.insert(place, "...")
            shape[place:place] = [n if rng.random() < 0.8 else 1 for n in dots[2 - count :]]
        parts.append("".join(letters))
        shapes.append(tuple(shape))
    left = ",".join(parts)
    if rng.random() < 0.3:
        return left, shapes
    outcome = rng.permutation(sorted(set(left) - set(",."))).tolist()
    outcome = outcome[: rng.integers(0, len(outcome) + 1)]
    if with_dots:
        outcome.insert(rng.integers(0, len(outcome) + 1), "...")
    return f"{left}->{''.join(outcome)}", shapes


@pytest.mark.parametrize("large", [0, 10**9])
def test_random_equations_have_exact_gradients(large: int, monkeypatch: Any) -> None:
    """The value is linear in each operand: its slope along d is the value with d in its place."""
    monkeypatch.setattr("gradcli.engine.ops.einsum._LARGE", large)
    rng = np.random.default_rng(7)
    for _ in range(150):
        subscripts, shapes = equation(rng)
        arrays = [rng.normal(size=shape) for shape in shapes]
        tensors = [tensor(array) for array in arrays]
        with GradientTape() as tape:
            tape.watch(tensors)
            value = engine.einsum(subscripts, *tensors)
        weights = rng.normal(size=value.shape)
        np.testing.assert_allclose(value.numpy(), np.einsum(subscripts, *arrays), 1e-10, 1e-10)
        for i, gradient in enumerate(tape.gradient(value, tensors, output_gradients=weights)):
            d = rng.normal(size=shapes[i])
            moved = np.einsum(subscripts, *arrays[:i], d, *arrays[i + 1 :])
            slope = np.sum(gradient.numpy() * d)
            assert slope == pytest.approx(np.sum(moved * weights), abs=1e-10), subscripts


def test_a_diagonal_leaves_zeros_beside_it_whatever_stands_there() -> None:
    x = np.array([[1.0, np.inf], [np.nan, 2.0]])
    assert grad(lambda t: engine.einsum("ii->i", t).sum())(x).tolist() == [[1, 0], [0, 1]]


def test_einsum_to_the_third_order() -> None:
    x = np.array([0.5, -1.5, 2.0])

    def cubes(t: Any) -> Any:
        return engine.einsum("i,i,i->", t, t, t)

    first = grad(cubes)
    second = grad(lambda t: first(t).sum())
    third = grad(lambda t: second(t).sum())
    np.testing.assert_allclose(first(x).numpy(), 3 * x**2, 1e-15)
    np.testing.assert_allclose(second(x).numpy(), 6 * x, 1e-15)
    np.testing.assert_allclose(third(x).numpy(), [6, 6, 6], 1e-15)


def test_large_products_have_the_gradients_of_matmul() -> None:
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=(30, 40)), rng.normal(size=(40, 20)), rng.normal(size=(20, 5))
    tensors = [tensor(v) for v in (a, b, c)]
    with GradientTape() as tape:
        tape.watch(tensors)
        value = engine.einsum("ij,jk,kl->il", *tensors)
    ga, gb, gc = tape.gradient(value, tensors)
    g = np.ones((30, 5))
    np.testing.assert_allclose(value.numpy(), a @ b @ c, 1e-12, 1e-12)
    np.testing.assert_allclose(ga.numpy(), g @ (b @ c).T, 1e-12, 1e-12)
    np.testing.assert_allclose(gb.numpy(), a.T @ g @ c.T, 1e-12, 1e-12)
    np.testing.assert_allclose(gc.numpy(), (a @ b).T @ g, 1e-12, 1e-12)


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3)]),
        ("ij->ij", [(2, 3), (3,)]),
        ("ij->ijk", [(2, 3)]),
        ("ij->ii", [(2, 3)]),
        ("ijk", [(2, 3)]),
        ("i", [(2, 3)]),
        ("i.j", [(2, 3)]),
        ("i1", [(2, 3)]),
        ("ij->ji->ij", [(2, 3)]),
        ("...j->j", [(2, 3)]),
        ("ii", [(2, 3)]),
        ("ii", [(1, 3)]),
        ("ij,jk", [(2, 3), (2, 3)]),
        ("ij", []),
    ],
)
def test_malformed_subscripts_are_told_in_one_line(
    subscripts: str, shapes: list[tuple[int, ...]]
) -> None:
    for lift in (np.asarray, tensor):
        with pytest.raises(ValueError, match=r"^einsum ") as caught:
            engine.einsum(subscripts, *[lift(np.ones(shape)) for shape in shapes])
        assert f'"{subscripts}"' in str(caught.value)
        assert "\n" not in str(caught.value)


def test_numpys_other_spelling_and_its_options() -> None:
    a, b = tensor(np.arange(6.0).reshape(2, 3)), tensor(np.arange(12.0).reshape(3, 4))
    product = a.numpy() @ b.numpy()
    for found in (
        np.einsum("ij,jk->ik", a, b, optimize=True),
        np.einsum("ij,jk", a, b, optimize="greedy"),
        np.einsum(a, [0, 1], b, [1, 2], [0, 2]),
        np.einsum(a, [0, 1], b, [1, 2]),
        np.einsum(a, [7, 40], b, [40, 3], [7, 3]),
    ):
        np.testing.assert_array_equal(found.numpy(), product)
    # The order of the numbers is that of the outcome's axes.
    np.testing.assert_array_equal(np.einsum(a, [40, 7]).numpy(), a.numpy().T)
    total = np.einsum(a, [Ellipsis, 0], [Ellipsis])
    assert total.tolist() == [3, 12]
    with pytest.raises(OpError, match=r"np\.einsum: dtype="):
        np.einsum("ij->ji", a, dtype=np.float32)
    for wrong in ((a, [0, 99]), (a,), (a, 3)):
        with pytest.raises(OpError, match=r"np\.einsum: give subscripts"):
            np.einsum(*wrong)
    with pytest.raises(OpError, match="no argument 'optimize'"):
        engine.einsum("ij", a, optimize=True)


# --- linear algebra ---------------------------------------------------------------------------


ORDERS: list[Any] = [
    # Of a matrix of one number they are functions of that number.
    (engine.inv, [1 / 3, -1 / 9, 2 / 27, -6 / 81]),
    (engine.det, [3, 1, 0, 0]),
    (engine.logabsdet, [np.log(3), 1 / 3, -1 / 9, 2 / 27]),
    (engine.cholesky, [3**0.5, 3**-0.5 / 2, -(3**-1.5) / 4, 3**-2.5 * 3 / 8]),
    (lambda x: engine.solve(x, np.array([6.0])), [2, -2 / 3, 4 / 9, -4 / 9]),
    (lambda x: engine.matrix_power(x, -2), [1 / 9, -2 / 27, 6 / 81, -24 / 243]),
    (lambda x: engine.matrix_power(x, 5), [243, 405, 540, 540]),
]


@pytest.mark.parametrize(("function", "expected"), ORDERS)
def test_orders_up_to_the_third(function: Callable[..., Any], expected: list[float]) -> None:
    x = np.array([[3.0]])
    found: Callable[..., Any] = lambda t: function(t).sum()  # noqa: E731
    for order, value in enumerate(expected):
        assert found(x).item() == pytest.approx(value, rel=1e-13, abs=1e-14), order
        found = grad(lambda t, f=found: f(t).sum())


def levi_civita() -> Any:
    e = np.zeros((3, 3, 3))
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        e[i, j, k], e[i, k, j] = 1, -1
    return e


@pytest.mark.parametrize(
    "x",
    [
        [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [-1.0, -2.0, -3.0]],
        [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]],
        np.zeros((3, 3)),
        [[2.0, -1.0, 0.5], [0.3, 1.0, -2.0], [1.0, 0.0, 4.0]],
    ],
)
def test_det_of_singular_matrices_has_its_cofactors_and_what_they_grow_by(x: Any) -> None:
    """det x = e_ikm e_jln x_ij x_kl x_mn / 6, e the sign of a permutation."""
    x, e = np.asarray(x), levi_civita()
    gradient = np.einsum("ikm,jln,kl,mn->ij", e, e, x, x) / 2
    second = np.einsum("ikm,jln,mn->ijkl", e, e, x)
    np.testing.assert_allclose(grad(engine.det)(x).numpy(), gradient, 1e-13, 1e-14)
    np.testing.assert_allclose(hessian(engine.det)(x).numpy(), second, 1e-13, 1e-14)


def test_det_of_small_and_large_matrices() -> None:
    assert grad(engine.det)(np.array([[7.0]])).tolist() == [[1]]
    assert grad(engine.det)(np.ones((0, 0))).shape == (0, 0)
    for n in (8, 9):  # the inverse of the ones on and below the diagonal is I less a shift
        expected = np.eye(n) - np.eye(n, k=1)
        np.testing.assert_allclose(grad(engine.det)(np.tri(n)).numpy(), expected, 1e-13, 1e-14)
    drop_last = np.diag([*np.arange(1.0, 8.0), 0.0])
    expected = np.zeros((8, 8))
    expected[7, 7] = 5040
    np.testing.assert_allclose(grad(engine.det)(drop_last).numpy(), expected, 1e-13)


@pytest.mark.parametrize("exactly", [True, False])
def test_the_gradient_of_a_large_singular_determinant_is_refused(exactly: bool) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(12, 11)) @ rng.normal(size=(11, 12))
    x = np.diag([*np.ones(11), 0.0]) if exactly else x
    assert engine.det(x) == pytest.approx(0, abs=1e-6)
    with pytest.raises((GradcliError, ValueError), match="inv: the matrix is singular"):
        grad(engine.det)(x)


def test_slogdet_where_the_determinant_overflows() -> None:
    x = -400.0 * np.eye(201)
    found = np.linalg.slogdet(tensor(x))
    assert found.sign.item() == -1
    assert found.logabsdet.item() == pytest.approx(201 * np.log(400), rel=1e-14)
    gradient = grad(lambda t: engine.slogdet(t).logabsdet)(x)
    np.testing.assert_allclose(gradient.numpy(), np.eye(201) / -400, 1e-14)
    sign, log = engine.slogdet(np.zeros((2, 2)))
    assert (sign, log) == (0, -np.inf)


def test_solve_takes_a_vector_only_of_one_axis() -> None:
    """NumPy 2's rule: of two axes b is a matrix, even where a is a stack."""
    a = np.array([[[2.0, 0.0], [0.0, 4.0]], [[1.0, 1.0], [0.0, 1.0]]])
    np.testing.assert_array_equal(engine.solve(a, [2.0, 4.0]), [[1, 1], [-2, 4]])
    both = engine.solve(a, np.array([[2.0, 0.0], [4.0, 8.0]]))
    np.testing.assert_array_equal(both, [[[1, 0], [1, 2]], [[-2, -8], [4, 8]]])
    b = tensor([2.0, 4.0])
    with GradientTape() as tape:
        tape.watch(b)
        x = np.linalg.solve(a, b)
    assert tape.gradient(x, b).tolist() == [1.5, 0.25]  # column sums of both inverses


def test_cholesky_reads_the_lower_triangle_alone() -> None:
    x = np.array([[4.0, 99.0], [2.0, 10.0]])
    np.testing.assert_array_equal(engine.cholesky(x), [[2, 0], [1, 3]])
    # l11 = sqrt(a), l21 = b / l11, l22 = sqrt(c - l21^2); here d l22 / d(a, b, c)
    gradient = grad(lambda t: engine.cholesky(t)[1, 1])(x)
    np.testing.assert_allclose(gradient.numpy(), [[1 / 24, 0], [-1 / 6, 1 / 6]], 1e-14, 1e-16)


def test_matrix_power_and_products_of_many() -> None:
    x = np.array([[1.0, 1.0], [0.0, 1.0]])
    for n in (-3, 0, 1, 6):
        np.testing.assert_allclose(np.linalg.matrix_power(tensor(x), n).numpy(), [[1, n], [0, 1]])
        assert engine.matrix_power(x, n).tolist() == [[1, n], [0, 1]]
    # The upper entry of [[1, t], [0, 1]]^n is n t.
    assert grad(lambda t: engine.matrix_power(t, 6)[0, 1])(x)[0, 1].item() == 6
    with pytest.raises(TypeError, match="integer"):
        engine.matrix_power(x, 2.5)
    row, column = tensor([1.0, 2.0]), tensor([3.0, 4.0])
    with GradientTape() as tape:
        tape.watch([row, column])
        value = np.linalg.multi_dot([row, x, x, column])
    assert value.item() == 1 * 3 + 2 * 4 + 2 * 1 * 4
    assert [g.tolist() for g in tape.gradient(value, [row, column])] == [[11, 4], [1, 4]]


SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
NOISE = np.arange(16.0).reshape(4, 4) + 0.1  # of rank 2, by its nature and not by its digits


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda lift: engine.inv(lift(SINGULAR)), "inv: the matrix is singular"),
        (lambda lift: engine.inv(lift(NOISE)), "inv: the matrix is singular"),
        (lambda lift: engine.matrix_power(lift(SINGULAR), -1), "inv: the matrix is singular"),
        (lambda lift: engine.solve(lift(SINGULAR), [1.0, 1.0]), "solve: the matrix is singular"),
        (lambda lift: engine.cholesky(lift(SINGULAR - 2)), "cholesky: .* not positive definite"),
        (lambda lift: engine.inv(lift(np.ones((2, 3)))), r"inv takes square .* not \(2, 3\)"),
        (lambda lift: engine.det(lift(np.ones(3))), r"det takes square .* not \(3,\)"),
        (lambda lift: engine.slogdet(lift(np.ones((2, 3)))), "signdet takes square"),
        (lambda lift: engine.matrix_power(lift(np.ones((2, 3))), 2), "matrix_power takes square"),
        (lambda lift: engine.solve(lift(np.eye(2)), np.ones(3)), r"b of shape \(3,\) does not fit"),
        (lambda lift: engine.solve(lift(np.eye(2)), np.ones((3, 2))), r"b of shape \(3, 2\)"),
        (lambda lift: engine.solve(lift(np.eye(2)), 1.0), r"b of shape \(\)"),
    ],
)
def test_what_has_no_answer_is_a_value_error_of_one_line(
    call: Callable[[Any], Any], message: str
) -> None:
    for lift in (np.asarray, tensor):
        with pytest.raises(ValueError, match=message) as caught:
            call(lift)
        assert "\n" not in str(caught.value)
        assert not isinstance(caught.value, np.linalg.LinAlgError)


def test_scale_alone_does_not_make_a_matrix_singular() -> None:
    found = engine.inv(np.diag([1e200, 1e-200]))
    np.testing.assert_allclose(found, np.diag([1e-200, 1e200]), 1e-14)


# --- windows ----------------------------------------------------------------------------------


def convolution(x: Any, w: Any, stride: Any = 1, padding: int = 0, dilation: Any = 1) -> Any:
    """torch's conv1d or conv2d, channels first, by windows and one product, channels last."""
    spatial = x.ndim - 2
    last = engine.moveaxis(x, 1, -1)
    last = engine.pad(last, ((0, 0), *((padding, padding),) * spatial, (0, 0)))
    axes = tuple(range(1, 1 + spatial))
    seen = engine.windows(last, w.shape[2:], stride, dilation, axes)
    rows = seen.reshape((*seen.shape[: 1 + spatial], -1))
    weights = engine.moveaxis(engine.moveaxis(w, 1, -1), 0, -1)
    return engine.moveaxis(rows @ weights.reshape((-1, w.shape[0])), -1, 1)


@pytest.mark.parametrize(
    "entry", [pytest.param(entry, id=entry["call"]) for entry in REFERENCE["convolutions"]]
)
def test_convolution_and_pooling_are_torchs(entry: dict[str, Any]) -> None:
    if "pool" in entry["call"]:
        agrees(
            entry,
            lambda x: engine.windows(x, (3, 2), entry["options"]["stride"], axes=(2, 3)).max(
                axis=(4, 5)
            ),
        )
    else:
        agrees(entry, lambda x, w: convolution(x, w, **entry["options"]))


FOLDS: dict[str, Callable[[Any], Any]] = {
    "F.fold(x.T[None], (1, 6), (1, 3))[0, 0, 0]": lambda x: engine.fold(x, 6),
    "F.fold(x.T[None], (1, 7), (1, 3), stride=(1, 2))[0, 0, 0]": lambda x: engine.fold(x, 7, 2),
    "F.fold(x.T[None], (1, 8), (1, 2), stride=(1, 3))[0, 0, 0]": lambda x: engine.fold(x, (8,), 3),
    "F.fold(x, (3, 3), (2, 2))": lambda x: laid_back(x, (3, 3), (2, 2), 1),
    "F.fold(x, (4, 5), (2, 3), stride=2)": lambda x: laid_back(x, (4, 5), (2, 3), 2),
}


def laid_back(x: Any, shape: tuple[int, int], size: tuple[int, int], stride: int) -> Any:
    """torch's fold of (batch, channels * kh * kw, windows)."""
    counts = [(n - k) // stride + 1 for n, k in zip(shape, size)]
    channels = x.shape[1] // (size[0] * size[1])
    apart = x.reshape((x.shape[0], channels, *size, *counts)).transpose((0, 1, 4, 5, 2, 3))
    return engine.fold(apart, (x.shape[0], channels, *shape), stride, axes=(2, 3))


@pytest.mark.parametrize("entry", pick("fold"))
def test_fold_is_torchs(entry: dict[str, Any]) -> None:
    agrees(entry, FOLDS[entry["torch"]])


@pytest.mark.parametrize(
    ("n", "options", "counts"),
    [
        (5, {"size": 3}, [1, 2, 3, 2, 1]),
        (7, {"size": 2, "stride": 3}, [1, 1, 0, 1, 1, 0, 0]),
        (6, {"size": 2, "dilation": 2}, [1, 1, 2, 2, 1, 1]),
        (9, {"size": 3, "stride": 2, "dilation": 2}, [1, 0, 2, 0, 3, 0, 2, 0, 1]),
        (4, {"size": 4}, [1, 1, 1, 1]),
    ],
)
def test_fold_of_windows_counts_how_often_each_entry_is_seen(
    n: int, options: dict[str, int], counts: list[int]
) -> None:
    shared = {name: value for name, value in options.items() if name != "size"}
    seen = engine.windows(np.ones(n), **options)
    assert engine.fold(seen, n, **shared).tolist() == counts
    plane = engine.windows(np.ones((2, n, n, 3)), axes=(1, 2), **options)
    expected = np.multiply.outer(counts, counts)[None, ..., None] * np.ones((2, n, n, 3))
    found = engine.fold(plane, (2, n, n, 3), axes=(1, 2), **shared)
    np.testing.assert_array_equal(found, expected)


def test_windows_of_images_channels_last() -> None:
    x = np.arange(2 * 5 * 6 * 3.0).reshape(2, 5, 6, 3)
    seen = engine.windows(x, (2, 3), stride=(2, 1), dilation=(3, 1), axes=(1, 2))
    assert seen.shape == (2, 1, 4, 2, 3, 3)
    for i, j, k, m in np.ndindex(1, 4, 2, 3):
        np.testing.assert_array_equal(seen[:, i, j, k, m], x[:, 2 * i + 3 * k, j + m])
    assert np.shares_memory(seen, x)
    assert not seen.flags.writeable
    assert engine.windows(x, 2, axes=-2).shape == (2, 5, 5, 2, 3)


def test_sliding_window_view_has_the_axes_within_a_window_last() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    view = np.lib.stride_tricks.sliding_window_view
    for size, axis in ((2, 0), ((2, 2), (2, 0)), ((1, 2, 3), None), (2, -2)):
        np.testing.assert_array_equal(view(tensor(x), size, axis).numpy(), view(x, size, axis))
    with pytest.raises(OpError, match="no writeable="):
        view(tensor(x), 2, 0, writeable=True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: engine.windows(x, 5), r"a window over 5 entries .* axis 0 of \(3, 4\)"),
        (lambda x: engine.windows(x, 2, dilation=3, axes=0), "a window over 4 entries"),
        (lambda x: engine.windows(x, 0), "size is a whole number above 0"),
        (lambda x: engine.windows(x, 2.0), "size is a whole number above 0"),
        (lambda x: engine.windows(x, 2, 0), "stride is a whole number above 0"),
        (lambda x: engine.windows(x, 2, 1, -1), "dilation is a whole number above 0"),
        (lambda x: engine.windows(x, (2, 2, 2)), "size is a whole number above 0, or 2 of them"),
        (lambda x: engine.windows(x, 2, axes=2), "axes 2 are not different ones of 2 axes"),
        (lambda x: engine.windows(x, 2, axes=(0, -2)), "axes .* not different ones"),
        (lambda x: engine.fold(x, 7), r"windows of an array of \(7,\) are \(4, 4\), not \(3, 4\)"),
        (lambda x: engine.fold(x, (3, 4)), "windows along 2 of 2 axes have 4 axes, not 2"),
        (lambda x: engine.fold(x, 6, axes=1), "fold: axes 1 are not different ones of 1 axes"),
    ],
)
def test_windows_that_do_not_fit_are_told_in_one_line(
    call: Callable[[Any], Any], message: str
) -> None:
    for lift in (np.asarray, tensor):
        with pytest.raises(ValueError, match=message) as caught:
            call(lift(np.ones((3, 4))))
        assert "\n" not in str(caught.value)


# --- replays ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "function",
    [
        lambda x: engine.einsum("ij,jk,ii->k", x, x, x).sum(),
        lambda x: engine.slogdet(x).sign * engine.slogdet(x).logabsdet,
        lambda x: engine.det(x) * engine.inv(x).sum(),
        lambda x: engine.cholesky(x @ x.T).sum(),
        lambda x: engine.solve(x, x[0]).sum(),
        lambda x: (engine.windows(x, 2, axes=1) ** 2).sum(),
        lambda x: (engine.fold(engine.windows(x, 2), x.shape) ** 2).sum(),
    ],
)
def test_a_replay_is_a_fresh_tape_at_other_values_and_shapes(function: Callable[..., Any]) -> None:
    rng = np.random.default_rng(2)
    program = Program(function, [np.eye(3) + 1], argnums=0)
    for n in (3, 3, 4):
        x = rng.normal(size=(n, n))
        value, (gradient,) = program.value_and_grad(x)
        assert value == pytest.approx(function(Tensor(x)).item(), rel=1e-13)
        np.testing.assert_allclose(gradient, grad(function)(x).numpy(), 1e-12, 1e-13)
