"""From nothing to an answer, whole processes: ``python tests/benchmarks/cold_start.py``.

Run it where gradcli is installed as users have it: an editable install starts more slowly.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks import timing

TABLE = """
import numpy, click
from rich.console import Console
from rich.table import Table
table = Table(title="w")
for name in ("", "0", "1"):
    table.add_column(name)
for i in range(3):
    table.add_row(str(i), "0.1", "0.2")
Console().print(table)
"""


def main() -> None:
    python, gradcli = sys.executable, str(Path(sys.executable).with_name("gradcli"))
    model = ("mse", "--in", "3", "--out", "2", "--act", "sigmoid")
    rows = [
        ("--json", ("-c", "import numpy, click"), (*model, "--json"), "<= 1.10"),
        ("tables", ("-c", TABLE), model, "<= 1.10"),
        ("--version", ("-c", "import click"), ("--version",), "<= 1.3"),
    ]
    timing.run(
        [
            timing.Contest(
                f"gradcli {what}",
                {
                    "a script that imports as much": timing.command(python, *script),
                    "gradcli": timing.command(gradcli, *words),
                },
                target,
            )
            for what, script, words, target in rows
        ],
        rounds=25,
    )


if __name__ == "__main__":
    main()
