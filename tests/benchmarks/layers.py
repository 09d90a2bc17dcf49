"""Loss and all gradients of layers: ``python tests/benchmarks/layers.py [lenet ...]``.

Run it where torch and autograd are installed, with this directory's root on the path.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import alone, attention, lenet, lstm, norms

WORKS = {"lenet": lenet.WORK, "lstm": lstm.WORK, "attention": attention.WORK, **norms.WORKS}

if __name__ == "__main__":
    alone.main(WORKS, __file__)
