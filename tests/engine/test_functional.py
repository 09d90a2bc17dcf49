"""The functional forms, against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import gradcli.engine as engine
from gradcli.engine import GradientTape, grad, hessian, jacobian, tensor, value_and_grad
from gradcli.errors import DtypeError, GradientError


def test_value_and_grad_of_several_arguments() -> None:
    value, (da, db) = value_and_grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(
        np.array([1.0, 2.0]), np.array([3.0, 4.0])
    )
    assert float(value) == 11.0
    assert da.numpy().tolist() == [3.0, 4.0]
    assert db.numpy().tolist() == [1.0, 2.0]


def test_grad_of_what_does_not_depend_on_the_argument_is_zero() -> None:
    assert grad(lambda x: tensor(5.0))(np.ones(2)).numpy().tolist() == [0.0, 0.0]


def test_grad_refuses_arrays_and_integers() -> None:
    with pytest.raises(GradientError, match=r"jacobian\(\)"):
        grad(lambda x: x * x)(np.ones(2))
    with pytest.raises(DtypeError):
        grad(lambda x: x * x)(3)


def test_hessian_of_softmax_cross_entropy_is_diag_p_minus_p_p() -> None:
    """Bishop, "Pattern Recognition and Machine Learning", eq. 4.110."""
    z = np.array([0.3, -1.2, 2.0, 0.7])
    p = np.exp(z) / np.exp(z).sum()
    found = hessian(lambda z: -engine.log_softmax(z)[2])(z)
    np.testing.assert_allclose(found.numpy(), np.diag(p) - np.outer(p, p), rtol=1e-13, atol=1e-16)


def test_third_derivative_of_tanh() -> None:
    """tanh''' = (1 - t^2) (6 t^2 - 2), Abramowitz & Stegun 4.5.73 differentiated twice."""
    for x in (-1.3, 0.0, 0.4, 2.0):
        t = np.tanh(x)
        third = grad(grad(grad(engine.tanh)))(x)
        assert float(third) == pytest.approx((1 - t * t) * (6 * t * t - 2), rel=1e-12)


def test_jacobian_of_a_linear_map_is_its_matrix() -> None:
    a = np.arange(6.0).reshape(2, 3)
    assert jacobian(lambda x: a @ x)(np.ones(3)).numpy().tolist() == a.tolist()
    assert jacobian(lambda x: x.reshape((2, 2)))(np.ones(4)).shape == (2, 2, 4)
    assert jacobian(lambda x: x[:0])(np.ones(4)).shape == (0, 4)


def test_derivatives_pass_through_a_hessian() -> None:
    """f = x^4: the Hessian is 12 x^2, its derivative 24 x."""
    x = tensor(2.0)
    with GradientTape() as tape:
        tape.watch(x)
        second = hessian(lambda t: t**4)(x)
    assert float(second) == 48.0
    assert float(tape.gradient(second, x)) == 48.0


def test_the_python_api_names_every_op() -> None:
    assert "softmax" in dir(engine)
    with pytest.raises(AttributeError, match="no op or name 'sofmax'"):
        engine.__getattr__("sofmax")


def test_the_same_tensor_given_twice_is_two_arguments() -> None:
    t = tensor(3.0)
    assert float(grad(lambda a, b: a * b, 0)(t, t)) == 3.0
    assert [float(g) for g in grad(lambda a, b: a * a * b, (0, 1))(t, t)] == [18.0, 9.0]


def test_a_list_of_tensors_is_refused_as_a_value() -> None:
    with pytest.raises(GradientError, match="must give one Tensor, not a list"):
        jacobian(lambda x: [x[0], x[1]])(np.ones(2))


def test_hessian_of_a_power_by_base_and_exponent() -> None:
    """d2(a^b)/dadb = a^(b-1) (1 + b log a), d2/db2 = a^b log(a)^2."""
    for b in (0.0, 1.0, 2.5):
        found = hessian(lambda v: v[0] ** v[1])(np.array([2.0, b])).numpy()
        mixed = 2 ** (b - 1) * (1 + b * np.log(2))
        expected = [[b * (b - 1) * 2 ** (b - 2), mixed], [mixed, 2**b * np.log(2) ** 2]]
        np.testing.assert_allclose(found, expected, rtol=1e-14)
