"""The backward sweep: from the cotangents of the targets to those of the sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradcli.engine.cotangents import fit
from gradcli.engine.recording import FAULTS, Record
from gradcli.engine.tensor import Tensor, active, plain
from gradcli.engine.variable import Variable
from gradcli.errors import GradcliError, GradientError


def sweep(
    records: Sequence[Record],
    tracked: set[int],
    seeds: list[tuple[Tensor, Any]],
    sources: list[Tensor],
) -> dict[int, Any]:
    """Cotangents by id: of ``sources``, and of whatever else no record consumed.

    ``seeds`` are those of the targets; ``tracked`` the ids of all Tensors that are followed.
    """
    kept = {id(source) for source in sources}
    cotangents: dict[int, Any] = {}
    # While an outer tape records, the vjps run on Tensors and are recorded by it;
    # otherwise on plain arrays, at NumPy's speed.
    lifted = bool(active.recorders)
    for target, seed in seeds:
        key = id(target)
        seed = Tensor(seed) if lifted and not isinstance(seed, Tensor) else seed
        seed = seed if lifted else plain(seed)
        cotangents[key] = cotangents[key] + seed if key in cotangents else seed
    for op, vjps, args, values, params, settings, out in reversed(records):
        key = id(out)
        g = cotangents.get(key) if key in kept else cotangents.pop(key, None)
        if g is None:
            continue
        if lifted:
            operands, y = [_unchanged(a, v) for a, v in zip(args, values)], out
        else:
            operands, y, params = values, out.value, settings
        try:
            rule = op.vjps[0] if op.takes_list else None
            at = rule and rule(g, y, operands, **params)
            for i, (vjp, arg, value) in enumerate(zip(vjps, args, values)):
                key = id(arg)
                if vjp is None or key not in tracked:
                    continue
                cotangent = at(i) if at else vjp(g, y, *operands, **params)
                if cotangent.shape != value.shape or cotangent.dtype != value.dtype:
                    cotangent = fit(cotangent, value, op)
                # Never in place: somebody else may hold the array.
                earlier = cotangents.get(key)
                cotangents[key] = cotangent if earlier is None else earlier + cotangent
        except GradcliError:
            raise
        except FAULTS as error:
            message = " ".join(str(error).split())
            raise GradientError(
                f"{op.name} has a value here, but no gradient: {message}"
            ) from error
    return cotangents


def _unchanged(arg: Any, value: Any) -> Any:
    """``arg``, if it is still what was recorded."""
    if isinstance(arg, Variable) and arg.value is not value:
        raise GradientError(
            "a Variable was assigned to after it was recorded, and its old value is "
            "differentiated once more: take this gradient before assign()"
        )
    return arg
