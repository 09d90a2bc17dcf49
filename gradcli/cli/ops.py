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
    from gradcli.report.oplist import OpList
    from gradcli.report.report import Screen

    report = OpList(names)
    answer(as_json, report.document, lambda width: report.tables(Screen(width)))
    return 0
