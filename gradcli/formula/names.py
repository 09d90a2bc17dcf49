"""The names of the landscapes, for help and completion. No NumPy here."""

LANDSCAPE_NAMES = (
    "himmelblau", "rosenbrock", "beale", "booth", "rastrigin", "ackley", "sphere", "mccormick",
)  # fmt: skip
