"""The checks on TensorFlow itself: ``python -m tests.documented`` where it is installed."""

from __future__ import annotations

import sys
import traceback
import warnings

from tests.documented.library import checks, tensorflow


def main() -> int:
    """Run every check on TensorFlow, print those that fail, and give their number."""
    library = tensorflow()
    failed = 0
    warnings.simplefilter("ignore")
    for check in checks():
        try:
            check(library)
        except Exception:
            failed += 1
            print(f"{check.__name__} fails:\n{traceback.format_exc()}")
    print(f"{failed} of {len(checks())} checks fail")
    return failed


if __name__ == "__main__":
    sys.exit(main())
