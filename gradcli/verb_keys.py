"""The keys of verbs: what is done with a problem. Options of the command line, too. No NumPy."""

from __future__ import annotations

from gradcli.catalogue import METHODS, OPTIMIZERS, RULES, SCHEDULES
from gradcli.keys import Key

_ADAM = ("adam", "adamw")

ANSWER_KEYS = (
    Key("order", "int", "Derivatives up to this order; 2 is the Hessian.", "1", group="Answer"),
    Key("jacobian", "flag", "The Jacobian, for an array value.", group="Answer"),
)

CHECK_KEYS = (
    Key(
        "method",
        "word",
        "Numeric derivatives.",
        "central; of a large problem directions",
        METHODS,
        group="Check",
    ),
    Key("step", "number", "Step, times max(1, |x|).", "the method's", group="Check", metavar="H"),
    Key(
        "tol",
        "number",
        "Relative tolerance.",
        "1e-6; forward 1e-5, complex 1e-8",
        group="Check",
        metavar="T",
    ),
    Key("order", "int", "2: check the gradient of the gradient.", "1", group="Check"),
    Key("rtol", "number", "The same as tol.", group="Check", metavar="R"),
    Key("atol", "amount", "Absolute tolerance.", "0", group="Check", metavar="A"),
    Key(
        "rule",
        "word",
        "Also tell what another's rule makes of the gradients.",
        words=RULES,
        group="Check",
    ),
    Key("sample", "int", "Check N entries of each parameter.", "all", group="Check"),
    Key(
        "against",
        "gradients",
        "Judge the gradients in a file: npz, JSON, CSV, safetensors, ..., or - for standard input.",
        group="Check",
        metavar="FILE",
    ),
    Key("map", "map", "Which of these gradients is whose: theirs=ours.", group="Check"),
    Key("value", "value", "Judge this value, too.", group="Check"),
    Key(
        "claim",
        "texts",
        "Judge TEXT as the formula of the derivative by NAME, at other points, too.",
        group="Check",
    ),
    Key("sweep", "flag", "Also show the error against the step.", group="Check"),
    Key("explain", "flag", "Also show the rule behind the verdict.", group="Check"),
)

TRAINING_KEYS = (
    Key(
        "epochs",
        "int",
        "Train a model: go so many times through the rows of x, batch rows a step.",
        "none: all rows at each step",
        group="Training",
    ),
    Key("holdout", "part", "Part of the rows to hold out and judge by.", "0", group="Training"),
    Key("test_x", "value", "Rows to judge by, in place of holdout.", group="Training"),
    Key("test_y", "value", "Their targets.", group="Training"),
    Key("test_labels", "value", "Their class ids, in place of targets.", group="Training"),
    Key(
        "resume",
        "file",
        "Go on from where a training stopped that was saved in this npz.",
        group="Training",
        metavar="FILE",
    ),
)
"""Of ``descend``, for a model with its data."""
OPTIMIZER_KEYS = tuple(
    key._replace(group="Optimizer")
    for key in (
        Key("momentum", "part", "Share of the last step.", "0.9", only=("momentum", "nesterov")),
        Key("rho", "part", "Share of the mean square before.", "0.9", only=("rmsprop",)),
        Key("beta_1", "part", "Share of the mean gradient before.", "0.9", only=_ADAM),
        Key("beta_2", "part", "Share of the mean square before.", "0.999", only=_ADAM),
        Key(
            "epsilon",
            "amount",
            "Beside the mean or the sum of squares.",
            "1e-7",
            only=("rmsprop", *_ADAM, "adagrad"),
        ),
        Key("weight_decay", "amount", "Share lost, times lr.", "0.004", only=("adamw",)),
        Key(
            "initial_accumulator_value",
            "amount",
            "Of the sum of squares.",
            "0.1",
            only=("adagrad",),
        ),
    )
)
"""Of the rules; the defaults are theirs."""

SCHEDULE_KEYS = tuple(
    key._replace(group="Optimizer")
    for key in (
        Key(
            "decay_steps",
            "int",
            "Steps of a decay.",
            "all; step: a third of them",
            only=("cosine", "step", "exp"),
        ),
        Key(
            "decay_rate", "number", "Share of lr that a decay leaves.", "0.1", only=("step", "exp")
        ),
        Key("decay_alpha", "amount", "Share of lr left at the end.", "0", only=("cosine",)),
    )
)

DESCEND_KEYS = (
    *TRAINING_KEYS,
    Key("lr", "number", "Learning rate.", "0.01, or the landscape's", group="Descent", metavar="R"),
    Key("steps", "int", "How many steps.", "200, or the landscape's", group="Descent"),
    Key(
        "every",
        "int",
        "Show every N-th step, or epoch.",
        "a tenth of the steps; each with epochs and lbfgs",
        group="Descent",
    ),
    Key(
        "optimizer",
        "words",
        "How to step; several are compared.",
        "gd",
        OPTIMIZERS,
        group="Descent",
    ),
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
    Key("lr_schedule", "word", "How lr goes down.", "none", SCHEDULES, group="Optimizer"),
    *SCHEDULE_KEYS,
    *OPTIMIZER_KEYS,
    Key("no_map", "flag", "No map of the walk in the terminal.", group="Output"),
)

VERBS = {"": ANSWER_KEYS, "check": CHECK_KEYS, "descend": DESCEND_KEYS}
"""What to do with a problem, and the keys of that; without a word, value and gradient."""
VERB = Key("verb", "word", "What to do.", words=dict.fromkeys(filter(None, VERBS), ""))
