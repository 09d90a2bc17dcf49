"""What a user can choose: names and meanings. One table each, no NumPy.

Options, spec files, help, completion and suggestions all read these tables when they need
them, so that what is added to a table is known everywhere.
"""

from __future__ import annotations

from typing import NamedTuple


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


class Metric(NamedTuple):
    """What is told of a model whose targets are classes, besides its loss."""

    meaning: str
    unit: str = ""
    """Of a number."""
    axes: str = ""
    """Of an array."""


METRICS = {
    "accuracy": Metric("the share of the rows whose class has the largest score"),
    "topk": Metric("the share of the rows whose class is among the k largest scores"),
    "entropy": Metric("the mean entropy of the predicted distributions, in bits", unit="bits"),
    "confusion": Metric(
        "how many rows of each class are predicted as each", axes="labels down, predictions across"
    ),
}

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
    "directions": "random directions, along which all entries move at once",
}

RULES = {
    "cs231n": "the relative error of CS231n's notes",
    "torch": "torch.autograd.gradcheck",
}
"""Of others, by which they judge gradients."""

OPTIMIZERS = {
    "gd": "gradient descent",
    "momentum": "gradient descent with momentum",
    "nesterov": "momentum that looks ahead",
    "rmsprop": "steps scaled by a running mean square",
    "adam": "rmsprop with momentum, corrected at the start",
    "adamw": "adam, and every parameter decays by itself",
    "adagrad": "steps scaled by the sum of squares so far",
    "lbfgs": "quasi-Newton with a line search, for small problems",
}
SCHEDULES = {
    "cosine": "half a wave, down to decay_alpha",
    "step": "times decay_rate after every decay_steps",
    "exp": "times decay_rate over decay_steps, smoothly",
}

ARRAY_FILES = {
    ".npy": "one array",
    ".npz": "arrays by name",
    ".json": "nested lists of numbers, or an object of them by name",
    ".csv": "rows of numbers, and columns by name",
    ".tsv": "the same, parted by tabs",
    ".txt": "the same, parted by what its first rows show: spaces, commas, tabs or semicolons",
    ".dat": "the same",
    ".idx": "one array, as MNIST has it",
    "-ubyte": "the same, under MNIST's names: train-images-idx3-ubyte",
    ".safetensors": "arrays by name",
    ".f32": "raw float32, little-endian, one axis",
    ".f64": "raw float64",
    ".bin": "CIFAR-10's binary version: x, x_first (channels first) and labels",
}

REDUCTIONS = {"mean": "over the rows", "sum": "over the rows"}
DTYPES = {"float32": "about 7 digits", "float64": "about 16 digits"}
STREAMS = {"numpy": "NumPy's default_rng", "tensorflow": "TensorFlow's numbers of that seed"}

VALUE = (
    f"an initialiser's name, a literal, a file ({', '.join(ARRAY_FILES)}, or any of them as .gz), "
    "or - for standard input"
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
    "python": "a function in a file of Python's",
    "program": "a program of any language",
}
"""The keys that tell what kind of problem a specification is of."""
