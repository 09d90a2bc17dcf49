"""The network: layers one after the other, or within each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gradcli.engine import Array
from gradcli.layers.layer import Forward
from gradcli.model.placed import Placed, inward, outward
from gradcli.problem import Note


def leaves(layers: Iterable[Placed]) -> Iterator[Placed]:
    """Every layer, those within others before these."""
    for placed in layers:
        yield from leaves(placed.inner)
        yield placed


def changed(
    layers: Iterable[Placed], change: Callable[[Placed], Placed | None]
) -> tuple[Placed, ...]:
    """``layers`` with each, wherever it stands, as ``change`` makes it; None leaves it."""
    found = []
    for placed in layers:
        placed = change(placed) or placed
        found.append(placed._replace(inner=changed(placed.inner, change)))
    return tuple(found)


Run = Callable[[Placed, Mapping[str, Array], Array, Note], Any]
"""What makes a layer's outcome of the arrays of the network and its input."""


def run_layer(
    placed: Placed,
    params: Mapping[str, Array],
    x: Array,
    note: Note,
    run: Forward | None = None,
) -> Any:
    """What the layer makes of ``x``; ``params`` are the convention's arrays, of all layers.

    ``run`` is called in place of its ``forward``.
    """
    own = placed.ours({local: params[name] for local, name in placed.names.items()})
    run, first = run or placed.mistaken or placed.layer.forward, placed.first
    if placed.layer.lays:
        return inward(run(own, outward(x, first[0]), note), first[1])
    return run(own, x, note)


def forward(
    layers: Sequence[Placed],
    params: Mapping[str, Array],
    x: Array,
    note: Note,
    run: Run = run_layer,
) -> tuple[Array, Array]:
    """The output, (batch, *out), of ``x`` (batch, *in), and the last layer's z.

    z is what a layer makes of its input, ``a = act(z)`` what it hands on. ``params`` are the
    convention's arrays; x and the output are laid out as the layers have them, and noted as the
    convention has them.
    """
    z = x
    for placed in layers:
        first = placed.first[1]

        def own_note(name: str, value: Any, called: Any = placed.called) -> Any:
            return note(called(name), value)

        if placed.inner:
            z = x + forward(placed.inner, params, x, note, run)[0]
        else:
            z = run(placed, params, x, own_note)
        if placed.layer.states:
            z, *states = z
            for name, state in zip(placed.layer.states, states):
                own_note(name, state)
        if z is not x:
            z = noted(note, placed.z, z, first)
        x = z
        if placed.activate is not None:
            x = noted(note, placed.a, placed.activate(z), first)
    return x, z


def noted(note: Note, name: str, value: Array, first: bool) -> Any:
    """``value``, noted as the convention lays it out."""
    if not first:
        return note(name, value)
    return inward(note(name, outward(value, first)), first)
