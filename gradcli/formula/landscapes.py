"""Landscapes: formulas of x and y with a name, for walking on. All are to be minimised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from gradcli.catalogue import LANDSCAPES as NAMES
from gradcli.formula.formula import Formula
from gradcli.keys import Key, read_keys
from gradcli.problem import Minimum, Walk
from gradcli.spec_keys import LANDSCAPE_KEYS

LANDSCAPE = Key("landscape", "word", "What is walked on.", words=NAMES)


class Landscape(NamedTuple):
    """A formula with its published minima, a point to start from and a walk that suits it."""

    formula: str
    minima: tuple[Minimum, ...]
    source: str
    start: tuple[float, float]
    walk: Walk = Walk()


class LandscapeProblem(Formula):
    """The landscape ``name`` at the point ``start``, (x, y): a Problem that knows its minima."""

    def __init__(
        self,
        name: str,
        start: Sequence[float] | None = None,
        dtype: str = "float32",
        wrt: Sequence[str] | None = None,
    ) -> None:
        landscape = LANDSCAPES[name]
        self.name = name
        self.minima = () if wrt else landscape.minima
        self.walk = landscape.walk
        x, y = landscape.start if start is None else start
        super().__init__(landscape.formula, {"x": x, "y": y}, wrt, dtype)

    @classmethod
    def from_spec(cls, mapping: Mapping[str, Any], folder: str | None = None) -> Self:
        """The landscape of ``mapping``, which has the key landscape and those of the catalogue."""
        options = {k: v for k, v in mapping.items() if k != "landscape"}
        return cls(LANDSCAPE.read(mapping["landscape"]), **read_keys(options, LANDSCAPE_KEYS))

    @property
    def document(self) -> dict[str, Any]:
        start = [float(v) for v in self._exact.values()]
        wrt = {} if self._all else {"wrt": list(self._wrt)}
        return {"landscape": self.name, "start": start, "dtype": self.dtype.name, **wrt}

    def at(self, values: Mapping[str, Any]) -> Self:
        wrt = None if self._all else self._wrt
        return type(self)(self.name, (values["x"], values["y"]), "float64", wrt)


LANDSCAPES = {
    "himmelblau": Landscape(
        "(x^2 + y - 11)^2 + (x + y^2 - 7)^2",
        (
            (3.0, 2.0, 0.0),
            (-2.805118, 3.131312, 0.0),
            (-3.779310, -3.283186, 0.0),
            (3.584428, -1.848126, 0.0),
        ),
        "Himmelblau, Applied Nonlinear Programming, 1972",
        (-4.0, 0.0),
    ),
    "rosenbrock": Landscape(
        "(1 - x)^2 + 100*(y - x^2)^2",
        ((1.0, 1.0, 0.0),),
        "Rosenbrock, The Computer Journal 3, 1960",
        (-1.2, 1.0),
        Walk(0.001, 20_000),
    ),
    "beale": Landscape(
        "(1.5 - x + x*y)^2 + (2.25 - x + x*y^2)^2 + (2.625 - x + x*y^3)^2",
        ((3.0, 0.5, 0.0),),
        "Beale, On an iterative method, 1958",
        (1.0, 1.0),
        Walk(0.03, 2000),
    ),
    "booth": Landscape(
        "(x + 2*y - 7)^2 + (2*x + y - 5)^2",
        ((1.0, 3.0, 0.0),),
        "Jamil & Yang, A literature survey of benchmark functions, 2013, function 17",
        (-5.0, -5.0),
        Walk(0.05, 200),
    ),
    "rastrigin": Landscape(
        "20 + x^2 - 10*cos(2*pi*x) + y^2 - 10*cos(2*pi*y)",
        ((0.0, 0.0, 0.0),),
        "Rastrigin, Systems of extremal control, 1974",
        (0.4, -0.3),
        Walk(0.001, 200),
    ),
    "ackley": Landscape(
        "-20*exp(-0.2*sqrt((x^2 + y^2)/2)) - exp((cos(2*pi*x) + cos(2*pi*y))/2) + e + 20",
        ((0.0, 0.0, 0.0),),
        "Ackley, A connectionist machine for genetic hillclimbing, 1987",
        (0.3, 0.2),
        Walk(0.001, 500),
    ),
    "sphere": Landscape(
        "x^2 + y^2",
        ((0.0, 0.0, 0.0),),
        "De Jong, An analysis of the behavior of a class of genetic adaptive systems, 1975",
        (3.0, -4.0),
        Walk(0.1, 100),
    ),
    "mccormick": Landscape(
        "sin(x + y) + (x - y)^2 - 1.5*x + 2.5*y + 1",
        ((-0.547198, -1.547198, -1.913223),),
        "McCormick, Computability of global solutions, Mathematical Programming 10, 1976",
        (0.0, 0.0),
        Walk(0.05, 250),
    ),
}
"""Each by its name; what help says of it stands in the catalogue."""
