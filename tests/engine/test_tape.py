"""The tape: TensorFlow's meaning, by the notes' examples and by what can go wrong."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from gradcli.engine import (
    GradientTape,
    Tensor,
    Variable,
    concatenate,
    log_softmax,
    maximum,
    relu,
    softmax,
    tanh,
    tensor,
    variable,
    where,
)
from gradcli.engine import sum as total
from gradcli.engine.tensor import active
from gradcli.errors import DtypeError, GradientError
from tests.conftest import GOLDEN


def test_square_of_the_notes() -> None:
    x = tensor(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(tape.gradient(y, x)) == GOLDEN["square"]["expect"]["dy_dx"]


def test_product_rule_and_one_use_of_the_notes() -> None:
    x, w = tensor(2.0), tensor(1.0)
    with GradientTape() as tape:
        tape.watch([w])
        y = x * w
    [grad] = tape.gradient(y, [w])
    assert float(grad) == GOLDEN["product_rule"]["expect"]["grad"]
    with pytest.raises(GradientError, match=r"persistent=True"):
        tape.gradient(y, [w])


def test_chain_rule_of_the_notes() -> None:
    x, w1, b1, w2, b2 = (tensor(v) for v in (1.0, 2.0, 1.0, 2.0, 1.0))
    with GradientTape(persistent=True) as tape:
        tape.watch([w1, b1, w2, b2])
        y1 = x * w1 + b1
        y2 = y1 * w2 + b2
    found = {
        "dy2_dy1": float(tape.gradient(y2, [y1])[0]),
        "dy1_dw1": float(tape.gradient(y1, [w1])[0]),
        "dy2_dw1": float(tape.gradient(y2, [w1])[0]),
    }
    assert found == GOLDEN["chain_rule"]["expect"]


def test_second_derivative_of_the_notes() -> None:
    x = tensor(1.0)
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        first = inner.gradient(y, x)
    second = outer.gradient(first, x)
    expect = GOLDEN["cube_second_order"]["expect"]
    assert (float(first), float(second)) == (expect["dy_dx"], expect["d2y_dx2"])


def test_gradient_inside_the_context_is_taken_and_stops_the_tape() -> None:
    x = tensor(3.0)
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
        assert float(tape.gradient(y, x)) == 6.0
    assert active.recorders == ()


def test_a_persistent_tape_records_its_own_gradients_inside_its_context() -> None:
    x = tensor(2.0)
    with GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * x
        first = tape.gradient(y, x)
    assert float(tape.gradient(first, x)) == 12.0


def test_variables_are_watched_by_themselves() -> None:
    w, c = variable([1.0, 2.0]), tensor([3.0, 4.0])
    with GradientTape() as tape:
        loss = total(w * c)
    dw, dc = tape.gradient(loss, (w, c))
    assert dw.numpy().tolist() == [3.0, 4.0]
    assert dc is None


def test_the_answer_has_the_structure_of_the_sources() -> None:
    a, b = variable(2.0), variable(3.0)
    with GradientTape() as tape:
        y = a * a * b
    grads = tape.gradient(y, {"first": [a], "rest": (b, a)})
    assert float(grads["first"][0]) == 12.0
    assert isinstance(grads["rest"], tuple)
    assert [float(g) for g in grads["rest"]] == [4.0, 12.0]


def test_several_targets_are_added() -> None:
    x = variable(3.0)
    with GradientTape() as tape:
        targets = [x * 2, x * x]
    assert float(tape.gradient(targets, x)) == 8.0


def test_output_gradients_weigh_the_target() -> None:
    x = variable([1.0, 2.0, 3.0])
    with GradientTape(persistent=True) as tape:
        y = x * x
    assert tape.gradient(y, x).numpy().tolist() == [2.0, 4.0, 6.0]
    weighted = tape.gradient(y, x, output_gradients=[1.0, 0.5, 10.0])
    assert weighted.numpy().tolist() == [2.0, 2.0, 60.0]
    several = tape.gradient([y, x], x, output_gradients=[tensor([1.0, 1.0, 1.0]), [5.0, 0.0, 0.0]])
    assert several.numpy().tolist() == [7.0, 4.0, 6.0]
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        tape.gradient(y, x, output_gradients=[1.0, 2.0])


def test_unconnected_gradients() -> None:
    x, z = variable(1.0), variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y = x * x
    assert tape.gradient(y, z) is None
    assert tape.gradient(y, z, unconnected_gradients="zero").numpy().tolist() == [0.0, 0.0]
    with pytest.raises(ValueError, match="'none' or 'zero'"):
        tape.gradient(y, z, unconnected_gradients="zeros")


def test_control_flow_just_works() -> None:
    x = variable(2.0)
    with GradientTape() as tape:
        y = x
        while y < 50:
            y = y * y if y > 3 else y * x
    assert float(y) == 256.0
    assert float(tape.gradient(y, x)) == pytest.approx(8 * 2.0**7)


def test_ten_thousand_chained_ops() -> None:
    x = variable(1.0)
    with GradientTape() as tape:
        y = x
        for _ in range(10_000):
            y = y + x
    assert float(tape.gradient(y, x)) == 10_001.0


def test_the_stack_of_tapes_is_restored_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), GradientTape(), GradientTape():
        raise ZeroDivisionError
    assert active.recorders == ()


def test_a_tape_cannot_be_entered_twice_at_once() -> None:
    tape = GradientTape()
    with tape, pytest.raises(GradientError, match="already recording"), tape:
        pass


def test_inputs_are_never_written_to_and_results_not_shared() -> None:
    data = np.array([1.0, -2.0, 3.0])
    data.flags.writeable = False
    x = Tensor(data)
    with GradientTape() as tape:
        tape.watch(x)
        y = total(x * x + relu(x) + x)
    gradient = tape.gradient(y, x)
    np.testing.assert_array_equal(gradient.numpy(), 2 * data + (data > 0) + 1)
    mine = gradient.numpy()
    mine[:] = 0
    np.testing.assert_array_equal(gradient.numpy(), 2 * data + (data > 0) + 1)


def test_tensor_copies_what_it_is_given() -> None:
    data = np.array([1.0, 2.0])
    x = tensor(data)
    data[:] = 9
    assert x.numpy().tolist() == [1.0, 2.0]


def test_a_seed_used_twice_is_not_accumulated_in_place() -> None:
    seed = np.array([1.0, 1.0])
    x = variable([2.0, 3.0])
    with GradientTape() as tape:
        y = x + x + x
    assert tape.gradient(y, x, output_gradients=seed).numpy().tolist() == [3.0, 3.0]
    assert seed.tolist() == [1.0, 1.0]


def test_integers_and_complex_numbers_are_refused() -> None:
    tape = GradientTape()
    with pytest.raises(DtypeError, match=r"write 3\.0 for 3"):
        tape.watch(tensor(3))
    with pytest.raises(DtypeError, match="int64"):
        variable([1, 2])
    with pytest.raises(DtypeError, match="complex128"):
        tensor(1j)
    with pytest.raises(DtypeError, match="real numbers"):
        tensor("three")
    with pytest.raises(TypeError, match=r"use tensor\(\)"):
        tape.watch([1.0])


def test_mixed_dtypes_give_each_source_its_own() -> None:
    single, double = variable(np.float32(2)), variable(3.0)
    with GradientTape() as tape:
        y = single * double
    grads = tape.gradient(y, [single, double])
    assert [g.dtype for g in grads] == [np.float32, np.float64]


def test_a_tensor_as_a_parameter_is_refused() -> None:
    with pytest.raises(TypeError, match="sum: axis takes no Tensor of floats"):
        total(tensor([1.0]), axis=tensor(0.5))
    assert total(tensor([[1.0, 2.0]]), axis=tensor(0)).tolist() == [1.0, 2.0]


def test_non_differentiable_ops_stop_the_gradient() -> None:
    x = variable([0.1, 0.7, 0.2])
    with GradientTape() as tape:
        y = x.argmax() * 2
    assert tape.gradient(y, x) is None


def test_what_a_tape_follows_goes_on_while_it_does_not_record() -> None:
    x = tensor([1.0, 2.0])
    with GradientTape() as tape:
        tape.watch(x)
        y = x * x
        with tape.stop_recording():
            z = y * 2
            assert float(y[0]) == 1.0
        total_ = (y + z).sum()
    assert z.tolist() == [2.0, 8.0]
    assert tape.gradient(total_, x).tolist() == [2.0, 4.0]
    assert float(Variable(2.0)) == 2.0


def test_tapes_of_different_threads_do_not_meet() -> None:
    x = variable(2.0)
    seen = []

    def other() -> None:
        with GradientTape() as tape:
            z = x * x * x
        seen.append(float(tape.gradient(z, x)))

    with GradientTape() as tape:
        thread = threading.Thread(target=other)
        y = x * x
        thread.start()
        thread.join()
    assert float(tape.gradient(y, x)) == 4.0
    assert seen == [12.0]
    assert len(tape.records) == 0


def test_special_values_at_kinks_and_ties() -> None:
    x = variable([0.0, -1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        ramp, size, top = relu(x), abs(x), (x * 0).max()
        larger = where(x >= 0, x, 0.0)
    assert tape.gradient(ramp, x).numpy().tolist() == [0.0, 0.0, 1.0]
    assert tape.gradient(size, x).numpy().tolist() == [0.0, -1.0, 1.0]
    assert tape.gradient(top, x).numpy().tolist() == [0.0, 0.0, 0.0]
    assert tape.gradient(larger, x).numpy().tolist() == [1.0, 0.0, 1.0]
    y = variable([1.0, 1.0, 0.0])
    with GradientTape() as tape:
        top = y.max()
    assert tape.gradient(top, y).numpy().tolist() == [0.5, 0.5, 0.0]


def test_powers_at_zero() -> None:
    """d^n/dx^n of x^3 at 0: 0, 0, 6, 0 (Leibniz); no 0/0 on the way."""
    x = variable(0.0)
    with GradientTape(persistent=True) as tape:
        derivatives = [x**3]
        for _ in range(4):
            derivatives.append(tape.gradient(derivatives[-1], x))
    assert [float(d) for d in derivatives[1:]] == [0.0, 0.0, 6.0, 0.0]


def test_product_with_zeros() -> None:
    x = variable([0.0, 2.0, 3.0])
    with GradientTape() as tape:
        y = x.prod()
    assert tape.gradient(y, x).numpy().tolist() == [6.0, 0.0, 0.0]


@pytest.mark.parametrize("magnitude", [1e4, -1e4])
@pytest.mark.parametrize(
    "name",
    ["softmax", "log_softmax", "logsumexp", "softplus", "log_sigmoid", "sigmoid", "tanh", "elu",
     "selu", "silu", "mish", "gelu"],
)  # fmt: skip
def test_stable_at_ten_thousand(name: str, magnitude: float) -> None:
    import gradcli.engine as engine

    for dtype in (np.float32, np.float64):
        x = variable(np.array([magnitude, 0.5, -magnitude], dtype))
        with GradientTape() as tape:
            y = getattr(engine, name)(x)
        gradient = tape.gradient(y, x)
        assert np.all(np.isfinite(y.numpy()))
        assert np.all(np.isfinite(gradient.numpy()))


@pytest.mark.parametrize("rows", [[-8, 0, 8], [-1000, 0], [-100, 0], [0, 1000], [-np.inf, 5]])
def test_softmax_of_rows_wherever_they_lie(rows: list[float]) -> None:
    """Numbers that are log 3 apart are 1/4 and 3/4 in any row; a masked one is 0."""
    for dtype, rtol in ((np.float32, 2e-4), (np.float64, 1e-12)):
        x = np.array([[row, max(row, 0) if row == -np.inf else row + np.log(3)] for row in rows])
        expected = [[0, 1] if row == -np.inf else [0.25, 0.75] for row in rows]
        np.testing.assert_allclose(softmax(x.astype(dtype)), expected, rtol)


def test_cross_entropy_from_huge_logits() -> None:
    z = variable(np.array([[1e4, -1e4, 0.0]], np.float32))
    with GradientTape() as tape:
        loss = -total(log_softmax(z) * np.array([[0.0, 1.0, 0.0]], np.float32))
    assert float(loss) == 2e4
    assert tape.gradient(loss, z).numpy().tolist() == [[1.0, -1.0, 0.0]]


def test_repr_and_iteration() -> None:
    x = tensor([1.0, 2.0])
    assert "shape=(2,)" in repr(x)
    assert [float(v) for v in x] == [1.0, 2.0]
    assert (+x) is x
    assert float(tanh(tensor(0.0))) == 0.0


def test_a_cast_to_integers_stops_the_gradient() -> None:
    x = variable([2.7])
    with GradientTape() as tape:
        y = x * x.astype(np.int64)
    assert tape.gradient(y, x).numpy().tolist() == [2.0]


def test_clip_by_tensors() -> None:
    """TensorFlow's clip_by_value: what is cut off takes its gradient to the bound."""
    x, low = variable([0.0, 2.0, 9.0]), variable(1.0)
    with GradientTape() as tape:
        y = np.clip(x, low, 5.0)
    dx, dlow = tape.gradient(y, [x, low])
    assert dx.numpy().tolist() == [0.0, 1.0, 0.0]
    assert float(dlow) == 1.0


def test_lists_beside_a_tensor_are_arrays() -> None:
    x = variable([[1.0, 2.0]])
    with GradientTape() as tape:
        y = (x ** [2, 3]).sum() + (x @ [[1.0], [2.0]]).sum() + ([3.0] @ x).sum()
    assert tape.gradient(y, x).numpy().tolist() == [[6.0, 17.0]]


def test_reshape_and_transpose_number_by_number() -> None:
    x = tensor(np.arange(6.0))
    assert x.reshape(2, 3).transpose(1, 0).shape == (3, 2)
    assert x.reshape((3, 2)).T.shape == (2, 3)
    assert np.shape(x) == (6,)
    assert np.concatenate([x.reshape(2, 3), x.reshape(2, 3)], 1).shape == (2, 6)


def test_misuse_is_told_plainly() -> None:
    x = variable([1.0, 2.0])
    with GradientTape(persistent=True) as tape:
        y = x * x
    with pytest.raises(TypeError, match="a source is a Tensor, not float"):
        tape.gradient(y, 3.0)
    with pytest.raises(ValueError, match="structure of the targets"):
        tape.gradient([y, x], x, output_gradients=2.0)
    with pytest.raises(TypeError, match="a = a \\+ t"):
        np.add(np.zeros(2), x, out=np.zeros(2))
    with pytest.raises(TypeError, match="takes one list"):
        concatenate(3.0)
    with pytest.raises(TypeError, match=r"softmax\(x, axis=-1\) has no argument 'axes'"):
        softmax(x, axes=0)
    with pytest.raises(ValueError, match="not 'nought'"):
        tape.gradient(y, x, unconnected_gradients="nought")


def test_one_argument_too_many_is_not_written_to() -> None:
    """NumPy's ufuncs take a third argument as the array to write into."""
    kept = np.zeros(2)
    with pytest.raises(TypeError, match="no more than 2"):
        maximum(np.ones(2), np.ones(2), kept)
    assert kept.tolist() == [0.0, 0.0]
