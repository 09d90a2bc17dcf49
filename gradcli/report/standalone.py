"""Tables as SVG and HTML files that load nothing from anywhere and run nothing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console

_LEAST = 40
_FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"

_SVG = f"""\
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{width}} {{height}}">
<style>
.{{unique_id}}-matrix {{{{
  font: {{char_height}}px/{{line_height}}px {_FONTS}; white-space: pre;
}}}}
.{{unique_id}}-title {{{{ font: bold 18px sans-serif; }}}}
{{styles}}
</style>
<defs>
<clipPath id="{{unique_id}}-clip-terminal">
<rect x="0" y="0" width="{{terminal_width}}" height="{{terminal_height}}" />
</clipPath>
{{lines}}
</defs>
{{chrome}}
<g transform="translate({{terminal_x}}, {{terminal_y}})"
 clip-path="url(#{{unique_id}}-clip-terminal)">
{{backgrounds}}
<g class="{{unique_id}}-matrix">
{{matrix}}
</g>
</g>
</svg>
"""

_HTML = f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>gradcli</title>
<style>
{{stylesheet}}
body {{{{ color: {{foreground}}; background: {{background}}; }}}}
pre {{{{ font-family: {_FONTS}; }}}}
</style>
</head>
<body>
<pre>{{code}}</pre>
</body>
</html>
"""


def svg(parts: Sequence[Any]) -> str:
    """The renderables ``parts`` below each other as one SVG document."""
    return _visible(_recorded(parts).export_svg(title="gradcli", code_format=_SVG))


def html(parts: Sequence[Any]) -> str:
    """The renderables ``parts`` below each other as one HTML document."""
    return _visible(_recorded(parts).export_html(code_format=_HTML))


def plain(parts: Sequence[Any]) -> str:
    """The renderables ``parts`` below each other as text, as wide as they are."""
    console = Console(
        file=io.StringIO(), width=1 << 16, color_system=None, markup=False, emoji=False
    )
    for part in parts:
        console.print(part, highlight=False)
    found = console.file
    assert isinstance(found, io.StringIO)
    return "".join(line.rstrip() + "\n" for line in found.getvalue().splitlines())


def _recorded(parts: Sequence[Any]) -> Console:
    """A console that was printed on, just wide enough."""
    width = max([_LEAST, *map(cell_len, plain(parts).splitlines())])
    console = Console(
        file=io.StringIO(),
        record=True,
        width=width,
        force_terminal=True,
        color_system="truecolor",
        no_color=False,
        markup=False,
        highlight=False,
        emoji=False,
    )
    for part in parts:
        console.print(part)
    return console


def _visible(text: str) -> str:
    """``text`` with a sign of one cell for every character that is none and may do something."""
    return "".join(c if c.isprintable() or c in "\n\xa0" else "\ufffd" for c in text)
