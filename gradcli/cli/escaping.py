"""What an output's encoding does not have, written as JSON escapes it."""

from __future__ import annotations

import codecs

ESCAPING = "gradcli.escaping"
"""The name of the error handler, for streams."""


def _escaped(error: UnicodeError) -> tuple[str, int]:
    r"""\u00eb for each such character, two of them beyond \uffff; Python's own \xeb is no JSON."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    units = [text[at : at + 2].hex() for at in range(0, len(text), 2)]
    return "".join([f"\\u{unit}" for unit in units]), error.end


codecs.register_error(ESCAPING, _escaped)
