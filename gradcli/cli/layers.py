"""The family of each kind of layer, by itself."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import click

from gradcli.catalogue import INITIALISERS, VALUE
from gradcli.cli.options import flag
from gradcli.cli.problems import Family, Options, Written
from gradcli.keys import Key
from gradcli.layer_kinds import LAYERS
from gradcli.spec_keys import LAYER_KEYS, UPSTREAM, X

if TYPE_CHECKING:
    from gradcli.layers.layer import Layer
    from gradcli.layers.weights import Weight


def layer_family(kind: str) -> Family:
    """The family of one layer of a ``kind`` by itself. Raises KeyError where there is none."""
    about = LAYERS[kind]
    return Family(
        kind,
        "Layers",
        "",
        f"the layer {kind}, {about.meaning}",
        f"The value is its output, the gradients are those of sum(output * upstream). A VALUE is "
        f"{VALUE}. Arrays may also be given as NAME=VALUE; by what another convention than keras "
        "calls them in this way only.",
        " ".join(["layer", kind, *[f"{flag(k)} {v}" for k, v in about.example.items()]]),
        _layer_keys(kind),
        lambda: [click.Argument(["bindings"], nargs=-1, metavar="[NAME=VALUE]...")],
        partial(_layer, kind),
    )


def layer_arrays(kind: str) -> tuple[Layer, dict[str, str]]:
    """A layer of a ``kind`` as in its example, and what the axes of its arrays are, by letter."""
    from gradcli.layers.layer import layer_kind  # its arrays are known where its mathematics is

    known = LAYERS[kind]
    keys = {key.name: key for key in (*LAYER_KEYS, *known.keys)}
    example = {name: keys[name].parse(text) for name, text in known.example.items()}
    row = example.pop("in", (1,))
    example.pop("x", None)
    layer = layer_kind(kind)(**example, **({"state": True} if "state" in keys else {}))
    return layer, {letter: p.axes for letter, p in layer.parameters(tuple(row), 1).items()}


def _layer_keys(kind: str) -> list[Key]:
    """The keys of one layer, of what it is made of and of its arrays.

    Those without a group are what other frameworks call some of them.
    """
    layer, axes = layer_arrays(kind)
    known = LAYERS[kind]
    keys = {key.name: key for key in (*known.keys, *LAYER_KEYS)}
    others = [key._replace(name=name, group="") for key in known.keys for name in key.aliases]
    for key in known.keys:
        if not key.default and not hasattr(type(layer), key.name):
            keys[key.name] = key._replace(help=f"{key.help[:-1]}; needed.")
    if layer.vocabulary:
        keys["x"] = X._replace(
            help="Whole numbers below vocab, (batch, in).", words={}, default="random"
        )
    arrays = [_array(weight, axes[weight.letter]) for weight in layer.weights]
    by_state = UPSTREAM._replace(help="Gradient by the last {0}; goes with state.")
    states = [
        by_state._replace(name=f"upstream_{n}", help=by_state.help.format(n)) for n in layer.states
    ]
    return [*keys.values(), *states, *arrays, *others]


def _array(weight: Weight, axes: str) -> Key:
    """The option of an array that has ``axes``."""
    role = "Parameter" if weight.learned else "Constant"
    given = " where it is given" if weight.optional else ""
    default = "" if given and not weight.learned else weight.initialiser or "drawn"
    about = f"{role}{given}, {axes}."
    return Key(weight.letter, "value", about, default, INITIALISERS, group="Data")


def _layer(kind: str, options: Options) -> list[Written]:
    from gradcli.inputs.bindings import bindings

    values: dict[str, Any] = dict(bindings(options.pop("bindings")))
    for key in (*LAYER_KEYS, *LAYERS[kind].keys):  # a convention may call an array as one is
        for name in {key.name, *key.aliases} & values.keys():
            values[name] = key.value_of(values[name])
    return [Written({"layer": kind, **options, **values})]
