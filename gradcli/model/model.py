"""A model: a network with a loss, ready to evaluate."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from gradcli.answer import Answer
from gradcli.catalogue import LOSSES
from gradcli.conventions.convention import convention_of
from gradcli.engine import REGISTRY, Array
from gradcli.gradient import quiet
from gradcli.model.base import Network
from gradcli.model.build import Built
from gradcli.model.losses import batch_loss, penalty, row_losses
from gradcli.model.metrics import metrics_of, require_metrics, scores_of
from gradcli.model.network import Run, leaves, run_layer
from gradcli.model.placed import inward
from gradcli.problem import Arrays, Note, Result, same
from gradcli.suggest import counted

if TYPE_CHECKING:
    from gradcli.engine import Program


class Model(Network):
    """A network with a loss, its inputs, targets and parameters."""

    value_name = "loss"

    def __init__(self, built: Built) -> None:
        self._by_batch = convention_of(built.spec.convention).by_batch
        self._program: Program | None = None
        super().__init__(built)
        if built.spec.metrics or built.spec.topk:
            require_metrics(built.spec, self.y, self.arrays.get("mask"))

    @property
    def title(self) -> str:
        spec = self.spec
        assert spec.loss is not None
        usual = REGISTRY[spec.loss].defaults
        own = [f"{n}={v:g}" for n, v in spec.settings.items() if v != usual[n]]
        parts = [f"{spec.loss}({', '.join(own)})" if own else spec.loss]
        parts += [f"{part:g} {n}" for n, part in (("l1", spec.l1), ("l2", spec.l2)) if part]
        rows = f"batch {len(self.x)}"
        if (mask := self.arrays.get("mask")) is not None:
            rows += f", {np.count_nonzero(mask)} of {counted(mask.size, 'row')}"
        return f"{' + '.join(parts)}: {self.chain}, {rows}, {spec.dtype}, {self.source}"

    @property
    def y(self) -> npt.NDArray[Any]:
        """The targets: (batch, *output)."""
        return self.arrays["y"]

    def scalar(self, arrays: Mapping[str, Array], note: Note, run: Run = run_layer) -> Array:
        """The loss at ``arrays``."""
        return self.loss_from(*self.through(arrays, note, run), arrays, note)

    def counted(self, arrays: Mapping[str, Array]) -> int:
        """By how many rows of a batch its loss is divided, as a mean."""
        mask = None if self._by_batch else arrays.get("mask")
        return len(arrays["x"]) if mask is None else int(np.count_nonzero(mask))

    def scored(self, output: Array, z: Array) -> Array:
        """What the loss takes of the network's output, and what its activation was applied to.

        A cross entropy after its own activation is computed from the logits, which loses no
        digits where the activation saturates.
        """
        return z if self.spec.skips_activation else output

    def loss_from(
        self, output: Array, z: Array, arrays: Mapping[str, Array], note: Note = same
    ) -> Array:
        """The loss of what comes ``through`` the network, against the targets in ``arrays``."""
        spec = self.spec
        assert spec.loss is not None
        loss = batch_loss(
            spec.loss,
            self.scored(output, z),
            inward(arrays["y"], spec.layers[-1].first[1]),
            self._settings,
            spec.reduction,
            len(self.built.sizes.output),
            arrays.get("mask"),
            self._by_batch,
        )
        if spec.l1 or spec.l2:
            weights = [name for placed in leaves(spec.layers) for name in placed.decaying]
            added = penalty(spec.l1, spec.l2, [(arrays[n], self.arrays[n].ndim) for n in weights])
            if added is not None:
                loss = note("data_loss", loss) + note("penalty", added)
        return note("loss", loss)

    @property
    def _settings(self) -> dict[str, Any]:
        """What the loss is called with besides targets and output."""
        spec = self.spec
        assert spec.loss is not None
        logits = {"from_logits": spec.takes_logits} if LOSSES[spec.loss].logits else {}
        return {**logits, **spec.settings}

    def measured(self, primals: Arrays) -> dict[str, Any]:
        if not self.spec.asks:
            return {}
        with quiet():
            arrays, note = self._at(primals, same)
            scored = self.scored(*self.through(arrays, note))
            return self.measured_of(scored, arrays, self.y)

    def measured_of(
        self, scored: Array, arrays: Mapping[str, Array], named: Array
    ) -> dict[str, Any]:
        """``metrics`` {name: number or array}, and ``rows``, the loss of each: (batch, ...).

        The loss takes ``scored`` and the targets in ``arrays``; ``named`` are those that name
        the classes.
        """
        spec, mask, found = self.spec, arrays.get("mask"), dict[str, Any]()
        assert spec.loss is not None
        names, ks = spec.metrics, spec.topk
        if (names or ks) and (scores := scores_of(spec, scored, named, mask)):
            found["metrics"] = metrics_of(scores, names, ks)
        if spec.rows:
            y = inward(arrays["y"], spec.layers[-1].first[1])
            found["rows"] = row_losses(spec.loss, scored, y, self._settings, mask)
        return found

    def loss_of(self, params: Mapping[str, Array], x: Array, y: Array, note: Note = same) -> Array:
        """The loss of other parameters and data: arrays or Tensors, for a tape of one's own."""
        return self.scalar({**self.arrays, **params, "x": x, "y": y}, note)

    def evaluate(self) -> Answer:
        """The loss, its gradients, and the way there, at the model's parameters."""
        return Answer(self)

    def shown(self, result: Result) -> dict[str, Any]:
        last = [name for name in result.noted if name not in ("loss", "data_loss", "penalty")]
        output = result.noted[last[-1]] if last else self.x
        params = {n: self.arrays[n] for p in leaves(self.spec.layers) for n in p.names.values()}
        return {"params": params, "x": self.x, "y": self.y, "output": output}

    def stepper(self) -> Callable[[Arrays], tuple[Any, Arrays]]:
        if list(self.primals) != list(self.parameters):
            return super().stepper()
        return lambda params: self.value_and_gradients(params, self.x, self.y)

    def value_and_gradients(
        self, params: Mapping[str, npt.NDArray[Any]], x: Any, y: Any
    ) -> tuple[Any, Arrays]:
        """``(loss, {name: gradient})`` at other parameters and data, for repeated steps.

        Takes arrays of the model's dtype: parameters in their shapes, x (batch, *row) and y
        (batch, *output) of any batch. The course of operations is traced on the first call and
        replayed from then on.
        """
        if x.ndim != self.x.ndim or y.ndim != self.y.ndim:
            axes = ("two axes" if a.ndim == 2 else f"{a.ndim} axes" for a in (self.x, self.y))
            raise ValueError("x and y have {} and {}, those of the model's".format(*axes))
        if "mask" in self.arrays and len(x) != len(self.x):
            raise ValueError(f"the mask is of a batch of {len(self.x)}, not {len(x)}")
        if self._program is None:
            self._program = self._trace()
        loss, gradients = self._program.value_and_grad(
            x, y, *[params[name] for name in self.built.parameters]
        )
        return loss, dict(zip(self.built.parameters, gradients))

    def _trace(self) -> Program:
        from gradcli.engine.program import Program

        names, model = self.built.parameters, weakref.proxy(self)  # whose Program it is
        return Program(
            lambda x, y, *values: model.loss_of(dict(zip(names, values)), x, y),
            (self.x, self.y, *self.parameters.values()),
            argnums=range(2, 2 + len(names)),
        )
