"""Words in messages: the nearest of some names, and text that came from outside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

_ELSEWHERE = {
    "accuracy": "acc binary_accuracy categorical_accuracy sparse_categorical_accuracy",
    "act": "activation",
    "activation": "elu gelu leaky_relu relu relu6 selu sigmoid silu softmax softplus tanh",
    "arccos": "acos",
    "arcsin": "asin",
    "arctan": "atan",
    "arctan2": "atan2",
    "attention": "mha multihead_attention self_attention",
    "avg_pool1d": "average_pooling1d",
    "avg_pool2d": "average_pool average_pooling average_pooling2d avg_pool",
    "b": "bias",
    "batch_norm": "batch_norm1d batch_norm2d batch_normalization bn spatial_batchnorm",
    "bce": "binary_crossentropy",
    "ce": "categorical_crossentropy cross_entropy crossentropy",
    "check": "gradcheck verify",
    "confusion": "confusion_matrix",
    "conv1d": "convolution1d",
    "conv2d": "conv convolution convolution2d spatial_convolution",
    "cosine": "cosine_annealing cosine_decay cosine_similarity",
    "decay_alpha": "eta_min",
    "decay_rate": "gamma",
    "decay_steps": "step_size t_max",
    "dense": "affine fc fully_connected inner_product linear",
    "descend": "fit minimise minimize train",
    "epsilon": "eps",
    "exp": "exponential exponential_decay",
    "focal": "focal_loss sigmoid_focal_loss",
    "gd": "sgd",
    "global_avg_pool": "adaptive_avg_pool2d gap global_average_pooling1d global_average_pooling2d",
    "global_max_pool": "adaptive_max_pool2d global_max_pooling1d global_max_pooling2d",
    "group_norm": "group_normalization spatial_groupnorm",
    "initial_accumulator_value": "initial_accumulator",
    "kl": "kl_div kl_divergence kullback_leibler",
    "l1": "lasso",
    "l2": "reg ridge weight_decay",
    "layer_norm": "layer_normalization",
    "lbfgs": "bfgs l_bfgs l_bfgs_b",
    "log": "ln",
    "log10": "lg",
    "lr": "learning_rate",
    "lr_schedule": "learning_rate_schedule lr_decay lr_scheduler schedule scheduler",
    "mae": "mean_absolute_error",
    "max_pool1d": "max_pooling1d",
    "max_pool2d": "max_pool max_pooling max_pooling2d",
    "mean": "average avg",
    "mse": "mean_squared_error",
    "nesterov": "nag",
    "optimizer": "optimiser",
    "out": "units",
    "power": "pow",
    "residual": "add resnet shortcut skip",
    "rho": "alpha smoothing_constant",
    "rms_norm": "rms_normalization",
    "rnn": "recurrent simple_rnn vanilla_rnn",
    "sigmoid": "logistic",
    "sign": "sgn",
    "silu": "swish",
    "square": "sqr",
    "steps": "epochs iterations",
    "svm": "multi_margin weston_watkins",
    "topk": "in_top_k top_k_accuracy top_k_categorical_accuracy",
    "w": "kernel weights",
    "y": "target targets",
}
"""Names of ours, and what people know each by from elsewhere."""


def _bare(name: str) -> str:
    """``name`` without its module and however its words are set apart: nn.Conv2d is conv2d."""
    return name.rpartition(".")[2].replace("_", "").replace("-", "").lower()


MEANINGS = {_bare(other): name for name, others in _ELSEWHERE.items() for other in others.split()}


def meant(name: str, known: Collection[str]) -> str | None:
    """The one of ``known`` that goes by ``name`` elsewhere."""
    other = MEANINGS.get(_bare(name))
    return other if other is not None and other in known else None


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that is near ``name``, first in meaning, then in spelling."""
    import difflib  # only a message needs it

    bare = {_bare(other): other for other in known}
    wanted = _bare(name)
    other = meant(name, bare.values())
    if wanted not in bare and other:
        return other
    close = difflib.get_close_matches(wanted, bare, 1)
    return bare[close[0]] if close else None


def suggestion(name: str, known: Iterable[str]) -> str:
    """``; did you mean 'sigmoid'?`` where a known name is near, else an empty string."""
    near = nearest(name, known)
    return f"; did you mean {near!r}?" if near else ""


def counted(number: int, one: str, many: str = "") -> str:
    """``number`` with its word: 1 step, 2,442 entries. Without ``many`` an s is added."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def listed(names: Iterable[str]) -> str:
    """``names`` in a sentence: bce, ce and focal."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def printable(text: str) -> str:
    """``text`` on one line, with an escape such as ``\\x1b`` for what is no visible character.

    That is what ``repr`` escapes: control characters, ends of lines, marks that change the
    direction of writing, halves of characters. A terminal shows the rest and obeys none of it.
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def place(index: Sequence[int]) -> str:
    """`` at [1, 0]``, to stand after what is said of an entry; nothing for that of a scalar."""
    return f" at {list(index)}" if index else ""
