"""``python -m gradcli``, and the command itself."""

import gc
import sys
from typing import NoReturn

from gradcli.cli import signals


def main() -> NoReturn:
    """Load the command line and run it. An interrupt while loading is one, too."""
    signals.listen()
    gc.set_threshold(10_000)  # loading makes many objects and no garbage: looking for it takes time
    try:
        from gradcli.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.stderr.write("gradcli: interrupted\n")
        signals.leave(130)
    except SystemExit as end:  # as SIGTERM and SIGHUP say it
        signals.leave(int(end.code or 0))


if __name__ == "__main__":
    main()
