"""The keys of specifications, which are the options of the command line, too. No NumPy."""

from __future__ import annotations

from gradcli.catalogue import (
    ACTIVATIONS,
    CONVENTIONS,
    CROSS_ENTROPIES,
    DTYPES,
    INITIALISERS,
    METRICS,
    REDUCTIONS,
    STREAMS,
)
from gradcli.keys import Key

_FOCAL = ("focal", "binary_focal")

DTYPE = Key("dtype", "word", "Of every array.", "float32", DTYPES, group="Random")
SEED = Key("seed", "int", "Of the random stream.", "0", least=0, group="Random")

WRT = Key("wrt", "names", "Differentiate by these: x,w1. Names of intermediates, too.", "all")
IN = Key("in", "ints", "Shape of a row: 3, or 8,8,3.", "from x or w")
X = Key("x", "value", "Inputs, (batch, in).", "normal", INITIALISERS, group="Data")
SCALE = Key("scale", "number", "x is divided by it.", "1", group="Data")
X_SHAPE = Key("x_shape", "ints", "x is given this shape first of all.", "its own", group="Data")
PARAMS = Key(
    "params",
    "text",
    "Parameters by name: a saved answer or walk, or any file of arrays by name.",
    "drawn",
    group="Data",
    metavar="FILE",
)
BATCH = Key(
    "batch", "int", "Rows; with epochs, rows a step.", "x's, else 1; with epochs 32", group="Data"
)
CONVENTION = Key("convention", "word", "Whose names, layouts and defaults.", "keras", CONVENTIONS)
RANDOM_KEYS = (
    DTYPE,
    SEED,
    Key("rng", "word", "Whose random stream.", "numpy", STREAMS, group="Random"),
    Key("op_seed", "int", "rng tensorflow: the seed of each op.", "none", least=0, group="Random"),
)
UPSTREAM = Key(
    "upstream",
    "value",
    "Gradient by the value, in its shape: the gradients are of sum(value * upstream).",
    "normal",
    INITIALISERS,
    group="Data",
)

MODEL_KEYS = (
    IN,
    Key("out", "int", "Units out.", "from y, w or b"),
    Key("hidden", "ints", "Widths of hidden layers, such as 32,32.", "none"),
    Key("act", "word", "Activation of the last layer.", "linear", ACTIVATIONS),
    Key("hidden_act", "word", "Activation of the hidden layers.", "relu", ACTIVATIONS),
    Key(
        "layers",
        "layers",
        'Layers of any kind, "conv2d(4, 3, act=relu), flatten, dense(3)".',
        "dense ones",
        metavar="TEXT",
    ),
    CONVENTION,
    Key(
        "from_logits", "flag", "The output is logits.", "where act is linear", only=CROSS_ENTROPIES
    ),
    Key(
        "from_probs",
        "flag",
        "Of the probabilities, clipped at 1e-7.",
        "of logits, after sigmoid or softmax",
        only=CROSS_ENTROPIES,
    ),
    Key("delta", "number", "Where it becomes linear.", "1", only=("huber",)),
    Key("margin", "amount", "By which the right class must lead.", "1", only=("svm",)),
    Key(
        "label_smoothing",
        "part",
        "Part of each target that all classes share.",
        "0",
        only=CROSS_ENTROPIES,
    ),
    Key(
        "alpha",
        "amount",
        "Weight of a class; of one unit, of 1 against 0.",
        "0.25, none of one unit",
        only=_FOCAL,
    ),
    Key("gamma", "amount", "How little the well known counts.", "2", only=_FOCAL),
    Key("reduction", "word", "Over the rows.", "mean", REDUCTIONS),
    Key("l1", "amount", "Adds this times the sum of |w| over all weights, not biases.", "0"),
    Key("l2", "amount", "Adds this times the sum of w^2 over all weights, not biases.", "0"),
    WRT._replace(default="the parameters, or x"),
    BATCH,
    X,
    SCALE,
    X_SHAPE,
    Key("y", "value", "Targets, (batch, out).", "from labels", group="Data"),
    Key(
        "labels",
        "value",
        "Class ids, one a row: targets as one-hot rows.",
        "random classes",
        group="Data",
    ),
    Key("mask", "value", "1 for each row that counts, else 0.", "all rows", group="Data"),
    Key("allow_nan", "flag", "Take nan and infinity among x and y as they are.", group="Data"),
    PARAMS,
    Key(
        "w",
        "value",
        "Weights, (in, out); with hidden layers w1, w2, ..., or a name for all.",
        "normal",
        INITIALISERS,
        group="Data",
        numbered=True,
    ),
    Key(
        "b",
        "value",
        "Biases, (out,); with hidden layers b1, b2, ..., or a name for all.",
        "zeros",
        INITIALISERS,
        group="Data",
        numbered=True,
    ),
    *RANDOM_KEYS,
    Key(
        "metrics",
        "names",
        "Besides the loss, where targets are classes.",
        "none",
        {name: metric.meaning for name, metric in METRICS.items()},
        group="Metrics",
    ),
    Key(
        "topk",
        "ints",
        "Numbers of classes, such as 1,5: adds the metrics top1 and top5.",
        "none",
        group="Metrics",
    ),
    Key("rows", "flag", "The loss of each row, too, without penalties.", group="Metrics"),
)

LAYER_KEYS = (
    IN._replace(default="from x"),
    CONVENTION,
    WRT._replace(default="x and the parameters"),
    BATCH,
    X,
    SCALE,
    X_SHAPE,
    PARAMS,
    UPSTREAM,
    *RANDOM_KEYS,
)
"""Of one layer by itself, besides those of its kind and its arrays."""

FORMULA_KEYS = (
    WRT._replace(group="Formula"),
    UPSTREAM._replace(default="none", group="Formula"),
    DTYPE._replace(default="float64"),
    SEED._replace(help="Of the random stream that a=normal(4,28) draws from."),
)

CODE_KEYS = (
    WRT._replace(
        help="Differentiate by these arrays: x,w.", default="all it has gradients by", group="Code"
    ),
    UPSTREAM._replace(
        help="Gradient by its output, in its shape; those by others are upstream_NAME=VALUE.",
        default="normal; a loss has none",
        group="Code",
    ),
    DTYPE._replace(help="Of every floating-point array.", default="float64"),
    SEED,
)
"""Of somebody's own code."""
PYTHON_KEYS = (
    Key(
        "backward",
        "text",
        "Its backward pass, (dout, cache) -> grads, where it is a forward pass: (out, cache). "
        "A function of the same file, or FILE.py:NAME.",
        group="Code",
        metavar="NAME",
    ),
    *CODE_KEYS,
)

PROGRAM_KEYS = (
    Key(
        "timeout",
        "number",
        "Seconds that a reply may take.",
        "60",
        group="Code",
        metavar="SECONDS",
    ),
    *CODE_KEYS,
)

LANDSCAPE_KEYS = (
    Key("start", "pair", "Where to stand.", "its own", group="Landscape"),
    WRT._replace(group="Landscape"),
    DTYPE,
)
