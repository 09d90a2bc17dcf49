"""``gradcli ops``: what the engine can differentiate, and by which rule."""

from __future__ import annotations

import click

from gradcli.cli.output import answer


@click.command(epilog="Example: gradcli ops tanh softmax")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
def ops(names: tuple[str, ...], as_json: bool) -> int:
    """The ops of the engine, with the rule of each gradient.

    g is the gradient of the output, y the output; the rules are those of the inputs in order.
    """
    from gradcli.report.oplist import op_document, op_table

    answer(as_json, lambda: op_document(names), lambda width: [op_table(names)])
    return 0
