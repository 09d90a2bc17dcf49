"""A model: a specification with its arrays, ready to evaluate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import numpy.typing as npt

from gradcli.answer import Answer
from gradcli.engine import Array
from gradcli.model.build import Built, build
from gradcli.model.document import document
from gradcli.model.lint import lint_gradients
from gradcli.model.losses import batch_loss
from gradcli.model.network import forward
from gradcli.model.spec import Spec
from gradcli.problem import Arrays, Note, Problem, Result, same

if TYPE_CHECKING:
    from gradcli.engine import Program


class Model(Problem):
    """A dense network with a loss, its inputs, targets and parameters."""

    value_name = "loss"

    def __init__(self, built: Built) -> None:
        self.spec = built.spec
        self.x = built.x
        self.y = built.y
        self.parameters = built.parameters
        self.warnings = built.warnings
        self.built = built
        self._program: Program | None = None

    @classmethod
    def from_spec(cls, mapping: Mapping[str, Any], folder: str | None = None) -> Self:
        """Build the model that ``mapping`` specifies; relative files are taken from ``folder``.

        Raises SpecError naming the key at fault, TooLargeError where memory would not do.
        """
        return cls(build(mapping, folder))

    @property
    def title(self) -> str:
        spec = self.spec
        chain = [str(n) for n in self.x.shape[1:]] + [p.layer.title for p in spec.layers]
        source = f"seed {spec.seed or 0}" if spec.rng == "numpy" else _tensorflow_seed(spec)
        return f"{spec.loss}: {' -> '.join(chain)}, batch {len(self.x)}, {spec.dtype}, {source}"

    @property
    def document(self) -> dict[str, Any]:
        """The specification that gives this model again, nothing left to defaults or files."""
        return document(self.built)

    @property
    def exact_document(self) -> dict[str, Any]:
        arrays = {"x": self.x, "y": self.y, **self.parameters, **self.built.exact}
        x, y = arrays.pop("x"), arrays.pop("y")
        return document(self.built._replace(x=x, y=y, parameters=arrays))

    @property
    def primals(self) -> Arrays:
        return self.parameters

    @property
    def constants(self) -> Arrays:
        return {"x": self.x, "y": self.y}

    def forward(self, primals: Mapping[str, Array], note: Note) -> Array:
        """The loss at ``primals``, parameters by name."""
        return self.loss_of(primals, self.x, self.y, note)

    def loss_of(self, params: Mapping[str, Array], x: Array, y: Array, note: Note = same) -> Array:
        """The loss of other parameters and data: arrays or Tensors, for a tape of one's own.

        A cross entropy after its own activation is computed from the logits, which loses no
        digits where the activation saturates.
        """
        spec = self.spec
        output, z = forward(spec.layers, params, x, note)
        skips = spec.skips_activation
        loss = batch_loss(
            spec.loss, z if skips else output, y, skips or spec.from_logits, spec.reduction
        )
        return note("loss", loss)

    def evaluate(self) -> Answer:
        """The loss, its gradients, and the way there, at the model's parameters."""
        return Answer(self)

    def shown(self, result: Result) -> dict[str, Any]:
        last = [name for name in result.noted if name != "loss"][-1]
        output = result.noted[last]
        return {"params": self.parameters, "x": self.x, "y": self.y, "output": output}

    def lint(self, result: Result) -> list[str]:
        return [*self.warnings, *lint_gradients(self.spec, self.parameters, result)]

    def in_float64(self) -> Self:
        return self._cast(self.built.exact)

    def rounded(self) -> Self | None:
        return None if self.spec.dtype == "float64" else self._cast({})

    def _cast(self, exact: Arrays) -> Self:
        arrays = {"x": self.x, "y": self.y, **self.parameters, **exact}
        cast = {name: array.astype(np.float64) for name, array in arrays.items()}
        return type(self)(
            self.built._replace(
                spec=self.spec._replace(dtype="float64"),
                exact=dict(cast),
                x=cast.pop("x"),
                y=cast.pop("y"),
                parameters=cast,
            )
        )

    def values(self, name: str, stack: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The loss with the parameter ``name`` replaced by each of ``stack`` (K, *shape): (K,)."""
        layers = self.spec.layers
        at = next(i for i, placed in enumerate(layers) if name in placed.names.values())
        if all(placed.layer.stacks for placed in layers[at:]):
            letter = next(n for n, own in layers[at].names.items() if own == name)
            ndim = 1 + len(self.built.sizes.shapes[at + 1])
            return self._loss_with(name, layers[at].layer.stacked(letter, stack, ndim))
        return np.array([self._loss_with(name, array) for array in stack])

    def _loss_with(self, name: str, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.asarray(self.loss_of({**self.parameters, name: array}, self.x, self.y))

    @property
    def working_set(self) -> int:
        placed = zip(self.spec.layers, self.built.sizes.shapes)
        return 8 * len(self.x) * sum(p.layer.entries(shape) for p, shape in placed)

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        return lambda params: self.value_and_gradients(params, self.x, self.y)

    def mistakes(self) -> Iterator[tuple[str, Arrays]]:
        from gradcli.model.mistakes import mistakes

        return mistakes(self)

    def value_and_gradients(
        self, params: Mapping[str, npt.NDArray[Any]], x: Any, y: Any
    ) -> tuple[Any, Arrays]:
        """``(loss, {name: gradient})`` at other parameters and data, for repeated steps.

        Takes arrays of the model's dtype: parameters in their shapes, x (batch, in) and y
        (batch, out) of any batch. The course of operations is traced on the first call and
        replayed from then on.
        """
        if x.ndim != 2 or y.ndim != 2:
            raise ValueError(f"x and y have two axes, (batch, in) and (batch, out), not {y.shape}")
        if self._program is None:
            self._program = self._trace()
        loss, gradients = self._program.value_and_grad(
            x, y, *[params[name] for name in self.parameters]
        )
        return loss, dict(zip(self.parameters, gradients))

    def _trace(self) -> Program:
        from gradcli.engine.program import Program

        names = list(self.parameters)

        return Program(
            lambda x, y, *values: self.loss_of(dict(zip(names, values)), x, y),
            (self.x, self.y, *self.parameters.values()),
            argnums=range(2, 2 + len(names)),
        )


def _tensorflow_seed(spec: Spec) -> str:
    if spec.op_seed is None:
        return f"tensorflow seed {spec.seed or 0}"
    seed = "" if spec.seed is None else f"seed {spec.seed} "
    return f"tensorflow {seed}op_seed {spec.op_seed}"
