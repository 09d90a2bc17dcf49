"""What a user can choose: names, keys, defaults and meanings. One table each, no NumPy.

Options, spec files, help, completion and suggestions all read these tables when they need
them, so that what is added to a table is known everywhere.
"""

from __future__ import annotations

from typing import NamedTuple

from gradcli.keys import Key


class Loss(NamedTuple):
    """A loss, and how it reads the output and the labels."""

    meaning: str
    probabilities: tuple[str, ...] = ()
    """Activations that give the probabilities that it takes; it takes any number without them."""
    logits: bool = False
    """Whether it also takes their logits, as a cross entropy does, whose op has ``from_logits``.
    After the first activation it is then computed from the logits that this takes, unless the
    specification asks for the probabilities."""
    binary: bool = False
    """Whether one unit tells two classes apart: its label is then the target itself."""
    one_class: bool = False
    """Whether a row of targets names one class, by a 1 among zeros."""
    of_one: str = ""
    """The loss that it is where there is one unit."""


_BINARY = ("sigmoid", "softmax", "hard_sigmoid")
LOSSES = {
    "mse": Loss("mean squared error"),
    "mae": Loss("mean absolute error"),
    "huber": Loss("Huber loss, linear beyond delta"),
    "log_cosh": Loss("log cosh of the error"),
    "bce": Loss("binary cross entropy", _BINARY, logits=True, binary=True),
    "ce": Loss("categorical cross entropy", ("softmax",), logits=True),
    "focal": Loss(
        "focal cross entropy, binary for one unit",
        ("softmax",),
        logits=True,
        binary=True,
        of_one="binary_focal",
    ),
    "binary_focal": Loss("binary focal cross entropy", _BINARY, logits=True, binary=True),
    "kl": Loss("Kullback-Leibler divergence", ("softmax", "sigmoid", "hard_sigmoid")),
    "poisson": Loss("Poisson loss, of counts and rates"),
    "hinge": Loss("hinge loss", binary=True),
    "squared_hinge": Loss("squared hinge loss", binary=True),
    "svm": Loss("multiclass support vector machine (Weston-Watkins)", one_class=True),
    "cosine": Loss("minus the cosine of the angle"),
}
CROSS_ENTROPIES = [name for name, loss in LOSSES.items() if loss.logits]
_FOCAL = ("focal", "binary_focal")

ACTIVATIONS = {
    "linear": "z itself",
    "sigmoid": "1 / (1 + exp(-z))",
    "tanh": "hyperbolic tangent",
    "softmax": "exp(z) / sum(exp(z)), row by row",
    "relu": "max(z, 0)",
    "relu6": "relu, at most 6",
    "leaky_relu": "z, below 0 times 0.2",
    "elu": "z, below 0 exp(z) - 1",
    "selu": "elu scaled to keep mean and variance",
    "gelu": "z times the normal distribution's share below z",
    "silu": "z sigmoid(z), also called swish",
    "mish": "z tanh(softplus(z))",
    "softplus": "log(1 + exp(z))",
    "softsign": "z / (1 + |z|)",
    "hard_sigmoid": "z / 6 + 1/2, clipped to 0 and 1",
    "log_sigmoid": "log(sigmoid(z))",
    "log_softmax": "log(softmax(z)), row by row",
}

INITIALISERS = {
    "zeros": "0",
    "ones": "1",
    "normal": "mean 0, standard deviation 1",
    "uniform": "from 0 to 1",
    "eye": "1 on the diagonal",
    "glorot_normal": "normal, variance 2 / (in + out)",
    "glorot_uniform": "uniform, variance 2 / (in + out)",
    "he_normal": "normal, variance 2 / in",
    "he_uniform": "uniform, variance 2 / in",
    "lecun_normal": "normal, variance 1 / in",
}

LANDSCAPES = {
    "himmelblau": "four equal minima",
    "rosenbrock": "a long curved valley",
    "beale": "flat, with steep corners",
    "booth": "a tilted bowl",
    "rastrigin": "many minima on a grid",
    "ackley": "a funnel among ripples",
    "sphere": "a round bowl",
    "mccormick": "a wavy slope with one valley",
}

METHODS = {
    "central": "central differences",
    "forward": "forward differences",
    "ridders": "Ridders' extrapolation",
    "complex": "the complex step",
}

OPTIMIZERS = {
    "gd": "gradient descent",
    "momentum": "gradient descent with momentum 0.9",
    "nesterov": "momentum that looks ahead",
    "rmsprop": "steps scaled by a running mean square",
    "adam": "rmsprop with momentum, corrected at the start",
}

ARRAY_FILES = {
    ".npy": "one array",
    ".npz": "arrays by name",
    ".json": "nested lists of numbers, or an object of them by name",
    ".csv": "rows of numbers, and columns by name",
}

REDUCTIONS = {"mean": "over the rows", "sum": "over the rows"}
DTYPES = {"float32": "about 7 digits", "float64": "about 16 digits"}
STREAMS = {"numpy": "NumPy's default_rng", "tensorflow": "TensorFlow's numbers of that seed"}

VALUE = (
    f"an initialiser's name, a literal, a file ({', '.join(ARRAY_FILES)}), or - for standard input"
)

CONVENTIONS = {
    "keras": "channels last, kernels (in, out), gates i f c o",
    "torch": "channels first, weight and bias by module, (out, in), gates i f g o",
    "cs231n": "channels first, affine (in, out), gates i f o g, sums divided by N",
}

KINDS = {
    "loss": "a model with a loss",
    "layer": "one layer with an upstream gradient",
    "formula": "a formula with values",
    "landscape": "a formula of x and y with a name",
}
"""The keys that tell what kind of problem a specification is of."""

DTYPE = Key("dtype", "word", "Of every array.", "float32", DTYPES, group="Random")
SEED = Key("seed", "int", "Of the random stream.", "0", least=0, group="Random")

WRT = Key("wrt", "names", "Differentiate by these: x,w1. Names of intermediates, too.", "all")
IN = Key("in", "ints", "Shape of a row: 3, or 8,8,3.", "from x or w")
X = Key("x", "value", "Inputs, (batch, in).", "normal", INITIALISERS, group="Data")
BATCH = Key("batch", "int", "Rows.", "x's, else 1", group="Data")
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
    Key("y", "value", "Targets, (batch, out).", "from labels", group="Data"),
    Key(
        "labels",
        "value",
        "Class ids, one a row: targets as one-hot rows.",
        "random classes",
        group="Data",
    ),
    Key("mask", "value", "1 for each row that counts, else 0.", "all rows", group="Data"),
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
)

LAYER_KEYS = (
    IN._replace(default="from x"),
    CONVENTION,
    WRT._replace(default="x and the parameters"),
    BATCH,
    X,
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

LANDSCAPE_KEYS = (
    Key("start", "pair", "Where to stand.", "its own", group="Landscape"),
    WRT._replace(group="Landscape"),
    DTYPE,
)

ANSWER_KEYS = (
    Key("order", "int", "Derivatives up to this order; 2 is the Hessian.", "1", group="Answer"),
    Key("jacobian", "flag", "The Jacobian, for an array value.", group="Answer"),
)

CHECK_KEYS = (
    Key("method", "word", "Numeric derivatives.", "central", METHODS, group="Check"),
    Key("step", "number", "Step, times max(1, |x|).", "the method's", group="Check", metavar="H"),
    Key(
        "tol",
        "number",
        "Relative tolerance.",
        "1e-6; forward 1e-5, complex 1e-8",
        group="Check",
        metavar="T",
    ),
    Key("sample", "int", "Check N entries of each parameter.", "all", group="Check"),
    Key(
        "against",
        "gradients",
        "Judge the gradients in an npz or JSON file, or - for standard input.",
        group="Check",
        metavar="FILE",
    ),
    Key("sweep", "flag", "Also show the error against the step.", group="Check"),
    Key("explain", "flag", "Also show the rule behind the verdict.", group="Check"),
)

DESCEND_KEYS = (
    Key("lr", "number", "Learning rate.", "0.01, or the landscape's", group="Descent", metavar="R"),
    Key("steps", "int", "How many steps.", "200, or the landscape's", group="Descent"),
    Key("every", "int", "Show every N-th step.", "a tenth of the steps", group="Descent"),
    Key("optimizer", "word", "How to step.", "gd", OPTIMIZERS, group="Descent"),
    Key(
        "clip_norm",
        "number",
        "Scale the gradient down to this norm, over all parameters together.",
        group="Descent",
        metavar="C",
    ),
    Key(
        "clip_value",
        "number",
        "Clip every entry of the gradient to [-C, C].",
        group="Descent",
        metavar="C",
    ),
    Key(
        "tol",
        "number",
        "Stop where the gradient's norm is at most T.",
        group="Descent",
        metavar="T",
    ),
    Key("no_map", "flag", "No map of the walk in the terminal.", group="Output"),
)

VERBS = {"": ANSWER_KEYS, "check": CHECK_KEYS, "descend": DESCEND_KEYS}
"""What to do with a problem, and the keys of that; without a word, value and gradient."""
VERB = Key("verb", "word", "What to do.", words=dict.fromkeys(filter(None, VERBS), ""))
ALL_KEYS = (MODEL_KEYS, LAYER_KEYS, FORMULA_KEYS, LANDSCAPE_KEYS, *VERBS.values())
