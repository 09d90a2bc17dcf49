"""Where SciPy's L-BFGS-B goes on the landscapes: ``python lbfgs.py > lbfgs.json``.

Run under an interpreter that has SciPy. Prints a JSON object: ``source``, ``tol``, the largest
entry of the gradient at which a walk ends, and ``walks`` by landscape, each with its ``start``,
the ``end``, the ``value`` there and the number of iterations, ``steps``. Slopes are exact, by
complex steps; the stop by a small change of the value is switched off.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import scipy
from scipy.optimize import minimize

TOL = 1e-6


def beale(x: Any, y: Any) -> Any:
    return (1.5 - x + x * y) ** 2 + (2.25 - x + x * y**2) ** 2 + (2.625 - x + x * y**3) ** 2


def rastrigin(x: Any, y: Any) -> Any:
    return 20 + sum(v * v - 10 * np.cos(2 * np.pi * v) for v in (x, y))


def ackley(x: Any, y: Any) -> Any:
    waves = (np.cos(2 * np.pi * x) + np.cos(2 * np.pi * y)) / 2
    return -20 * np.exp(-0.2 * np.sqrt((x * x + y * y) / 2)) - np.exp(waves) + np.e + 20


LANDSCAPES: dict[str, tuple[Any, tuple[float, float]]] = {
    "himmelblau": (lambda x, y: (x * x + y - 11) ** 2 + (x + y * y - 7) ** 2, (-4, 0)),
    "rosenbrock": (lambda x, y: (1 - x) ** 2 + 100 * (y - x * x) ** 2, (-1.2, 1)),
    "beale": (beale, (1, 1)),
    "booth": (lambda x, y: (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2, (-5, -5)),
    "rastrigin": (rastrigin, (0.4, -0.3)),
    "ackley": (ackley, (0.3, 0.2)),
    "sphere": (lambda x, y: x * x + y * y, (3, -4)),
    "mccormick": (
        lambda x, y: np.sin(x + y) + (x - y) ** 2 - 1.5 * x + 2.5 * y + 1, (0, 0)
    ),
}  # fmt: skip


def walk(function: Any, start: tuple[float, float]) -> dict[str, Any]:
    def value_and_slopes(at: Any) -> Any:
        x, y = at
        slopes = [function(x + 1e-30j, y + 0j).imag, function(x + 0j, y + 1e-30j).imag]
        return float(function(x, y)), np.array(slopes) / 1e-30

    found = minimize(
        value_and_slopes, start, jac=True, method="L-BFGS-B",
        options={"maxcor": 10, "ftol": 0.0, "gtol": TOL, "maxiter": 1000},
    )  # fmt: skip
    return {"start": start, "end": found.x.tolist(), "value": found.fun, "steps": found.nit}


if __name__ == "__main__":
    walks = {name: walk(*landscape) for name, landscape in LANDSCAPES.items()}
    print(json.dumps({"source": f"SciPy {scipy.__version__}", "tol": TOL, "walks": walks}))
